"""Makes probabilities mean what they say, and finds when to say "unsure"."""

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.calibration import scale

__all__ = ["SURE_RATE", "fit_temperature", "unsure_threshold", "unsure_thresholds"]

SURE_RATE = 0.92
"""Answers that are not marked unsure should be right so often."""

_TEMPERATURES = np.geomspace(0.2, 5, 161)

_FEW_ANSWERS = 8
"""A label with fewer has no threshold of its own."""
_PRIOR_ANSWERS = 16
"""What all labels together are worth beside a label's own answers, in answers: fewer, and what is
    marked sure is less often right than wanted where labels are alike; more, and labels hardly
    differ."""


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
    rate over at least a fifth of the songs, the score of the best such rate. Being the most
    favourable of many cuts, it promises somewhat more than other songs will keep.
    """
    scores, _, right = _by_falling_score(probabilities, classes)
    return float(scores[_last_sure(_rates(scores, right), wanted)])


def unsure_thresholds(
    probabilities: NDArray[np.floating],
    classes: NDArray[np.int64],
    n_labels: int,
    wanted: float,
) -> NDArray[np.float64]:
    """For each label the lowest score from which on its answers are right at that rate.

    Takes what :func:`unsure_threshold` takes and gives float64 (n_labels,). A label has few
    validation songs, so its rate from a score on is shrunk to that of all labels from the same
    score on, as if sixteen more answers had been right at that rate (the mean of a beta-binomial
    posterior; Gelman et al., Bayesian Data Analysis, 2013, ch. 2.4). A label with fewer than
    eight answers takes the threshold of all. One that is wrong even where the model is surest
    gets 1: it is always unsure.
    """
    scores, answers, right = _by_falling_score(probabilities, classes)
    rates = _rates(scores, right)
    last = _last_sure(rates, wanted)
    # A few wrong answers among the surest should not make the prior fall where scores rise.
    prior = np.maximum.accumulate(rates[::-1])[::-1]
    aim = min(wanted, rates[last])
    thresholds = np.full(n_labels, float(scores[last]))
    for label in range(n_labels):
        own = answers == label
        if own.sum() < _FEW_ANSWERS:
            continue
        shrunk = (np.cumsum(own & right) + _PRIOR_ANSWERS * prior) / (
            np.cumsum(own) + _PRIOR_ANSWERS
        )
        reached = np.flatnonzero(_ends(scores) & (shrunk >= aim))
        thresholds[label] = scores[reached[-1]] if len(reached) else 1.0
    return thresholds


def _by_falling_score(
    probabilities: NDArray[np.floating], classes: NDArray[np.int64]
) -> tuple[NDArray[np.floating], NDArray[np.int64], NDArray[np.bool_]]:
    """Score, answer and whether it is right, each [n], the surest first."""
    order = np.argsort(-probabilities.max(axis=1), kind="stable")
    answers = probabilities.argmax(axis=1)[order]
    return probabilities.max(axis=1)[order], answers, answers == classes[order]


def _ends(scores: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Where answers can be parted [n]: after the last of those of one score."""
    return np.append(scores[1:] < scores[:-1], True)


def _rates(scores: NDArray[np.floating], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of right answers down to a score [n]; -1 inside of a tie, where none can be parted."""
    rates = np.cumsum(right) / np.arange(1, len(right) + 1)
    return np.where(_ends(scores), rates, -1)


def _last_sure(rates: NDArray[np.float64], wanted: float) -> int:
    enough = np.arange(1, len(rates) + 1) >= max(1, len(rates) // 5)
    reached = np.flatnonzero(enough & (rates >= wanted))
    return int(reached[-1] if len(reached) else np.argmax(np.where(enough, rates, -1)))
