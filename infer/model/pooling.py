"""Pools what the network says of a song's windows into one answer."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["POOLINGS", "SMALLEST_OF_WINDOW", "pool_windows"]

POOLINGS = ("probabilities", "logits")
SMALLEST_OF_WINDOW = 1e-30
"""What a window's probability of less counts as: 0 has no logarithm. So small that a mean of
logits is that of the network itself; in float32, too, it is a number like others."""


def pool_windows(by_window: NDArray[np.floating], pooling: str) -> NDArray[np.float64]:
    """Uncalibrated probabilities (labels,) of a song from those of its windows [windows, labels].

    ``pooling``: "probabilities" for their mean; "logits" for the softmax of the mean of their
    logits, so that a linear head says of a song what it says of the song's mean embedding.
    """
    if pooling == "probabilities":
        return by_window.mean(axis=0).astype(np.float64)
    logarithms = np.log(np.maximum(by_window.astype(np.float64), SMALLEST_OF_WINDOW))
    means = logarithms.mean(axis=0)
    powers = np.exp(means - means.max())
    return powers / powers.sum()
