"""Temperature scaling: the one place that turns the network's confidence into probabilities."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["SMALLEST", "scale"]

SMALLEST = 1e-12
"""What a probability of less counts as: 0 has no logarithm."""


def scale(probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Scale probabilities [..., labels] as if their logits were divided by ``temperature``.

    Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
    """
    positive = np.maximum(probabilities, SMALLEST).astype(np.float64)
    largest = positive.max(axis=-1, keepdims=True)  # else a low temperature makes all powers 0
    powers = (positive / largest) ** (1 / temperature)
    return powers / powers.sum(axis=-1, keepdims=True)
