"""Takes arrays of samples as programs have them, or says why they are no audio."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.arrays import Samples
from melonnx.infer.errors import EmptyAudioError, InvalidSamplesError

__all__ = ["LOUDEST", "MAX_CHANNELS", "RATES", "as_samples", "require_audible", "to_float32"]

LOUDEST = 1e10
"""Full scale is 1; beyond this, the square of a sum overflows."""
MAX_CHANNELS = 64
RATES = range(1_000, 1_000_001)
"""Hz."""


def as_samples(waveform: NDArray[Any], name: str) -> NDArray[Any]:
    """The array as (samples, channels), of the type that it has.

    Raises InvalidSamplesError for a shape or dtype that audio does not have, and EmptyAudioError.
    """
    samples = np.asarray(waveform)
    if samples.dtype.kind not in "fiu" or samples.ndim not in (1, 2):
        raise InvalidSamplesError(
            f"{name}: dtype {samples.dtype}, shape {samples.shape}; expected float or integer "
            "samples of shape (samples,) or (samples, channels)"
        )
    if not len(samples):
        raise EmptyAudioError(f"{name}: holds no samples")
    if samples.ndim == 2 and not 1 <= samples.shape[1] <= MAX_CHANNELS:
        raise InvalidSamplesError(
            f"{name}: shape {samples.shape} reads as {samples.shape[1]} channels; expected "
            "(samples,) or (samples, channels), so transpose a (channels, samples) array"
        )
    return samples if samples.ndim == 2 else samples[:, None]


def to_float32(samples: NDArray[Any]) -> Samples:
    """Full scale becomes 1; unsigned integers have their zero in the middle."""
    if samples.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return samples.astype(np.float32)
    info = np.iinfo(samples.dtype)
    middle = 0 if samples.dtype.kind == "i" else info.max // 2 + 1
    return ((samples.astype(np.float64) - middle) / (info.max - middle + 1)).astype(np.float32)


def require_audible(low: float, high: float, name: str) -> None:
    """Refuse, by InvalidSamplesError, samples of which some are no numbers.

    ``low``, ``high``: the least and the greatest of them.
    """
    if not -LOUDEST < low <= high < LOUDEST:
        raise InvalidSamplesError(
            f"{name}: holds samples that are NaN, infinite or beyond any audio range"
        )
