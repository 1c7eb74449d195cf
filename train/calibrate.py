"""Makes probabilities mean what they say, and finds when to say "unsure"."""

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.calibration import scale

__all__ = ["fit_temperature", "unsure_threshold"]

_TEMPERATURES = np.geomspace(0.2, 5, 161)


def fit_temperature(probabilities: NDArray[np.floating], classes: NDArray[np.int64]) -> float:
    """The temperature of least negative log-likelihood; validation data only.

    ``probabilities`` [n, labels], ``classes`` [n].
    """
    rows = np.arange(len(classes))
    losses = [
        -np.log(scale(probabilities, temperature)[rows, classes]).mean()
        for temperature in _TEMPERATURES
    ]
    return float(_TEMPERATURES[np.argmin(losses)])


def unsure_threshold(
    probabilities: NDArray[np.floating], classes: NDArray[np.int64], wanted: float
) -> float:
    """The lowest score from which on answers are right at the rate ``wanted``.

    Calibrated ``probabilities`` [n, labels] of validation data. Where no score reaches that
    rate over at least a fifth of the songs, the score of the best such rate.
    """
    scores = probabilities.max(axis=1)
    order = np.argsort(-scores)
    right = (probabilities.argmax(axis=1) == classes)[order]
    rates = np.cumsum(right) / np.arange(1, len(right) + 1)
    enough = np.arange(1, len(right) + 1) >= max(1, len(right) // 5)
    reached = np.flatnonzero(enough & (rates >= wanted))
    last = reached[-1] if len(reached) else np.argmax(np.where(enough, rates, -1))
    return float(scores[order][last])
