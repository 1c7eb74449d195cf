"""Takes arrays of samples as programs have them, or says why they are no audio."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.arrays import Samples
from melonnx.infer.errors import EmptyAudioError, InvalidSamplesError

__all__ = [
    "LOUDEST",
    "MAX_CHANNELS",
    "RATES",
    "as_samples",
    "require_audible",
    "require_rate",
    "silence_hint",
    "to_float32",
]

LOUDEST = 1e10
"""Full scale is 1; beyond this, the square of a sum overflows."""
MAX_CHANNELS = 64
RATES = range(1_000, 1_000_001)
"""Hz."""
_FULL_SCALES = (1 << 15, 1 << 23, 1 << 31)
_WANTED = "float or integer samples of shape (samples,) or (samples, channels)"


def as_samples(waveform: NDArray[Any], name: str) -> NDArray[Any]:
    """The array as (samples, channels), of the type that it has.

    int64, which a list of Python's integers becomes, is no audio's type: it is taken for the least
    of 16, 24 and 32 bits that holds its values, and given as float32.

    Raises InvalidSamplesError for a shape or dtype that audio does not have, and EmptyAudioError.
    """
    if np.ma.is_masked(waveform):
        raise InvalidSamplesError(
            f"{name}: some of its samples are masked; fill them, or cut them out"
        )
    try:
        samples = np.asarray(waveform)
    except (TypeError, ValueError):  # rows of different lengths
        raise InvalidSamplesError(
            f"{name}: a {type(waveform).__name__} is no array of {_WANTED}"
        ) from None
    if samples.dtype.kind not in "fiu" or samples.ndim not in (1, 2):
        raise InvalidSamplesError(
            f"{name}: dtype {samples.dtype}, shape {samples.shape}; expected {_WANTED}"
        )
    if not len(samples):
        raise EmptyAudioError(f"{name}: holds no samples")
    samples = samples if samples.ndim == 2 else samples[:, None]
    if not 1 <= samples.shape[1] <= MAX_CHANNELS:
        raise InvalidSamplesError(
            f"{name}: shape {samples.shape} reads as {samples.shape[1]} channels; expected "
            "(samples,) or (samples, channels), so transpose a (channels, samples) array"
        )
    return _from_wide(samples, name) if samples.dtype.kind in "iu" else samples


def to_float32(samples: NDArray[Any]) -> Samples:
    """Full scale becomes 1; unsigned integers have their zero in the middle."""
    if samples.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return samples.astype(np.float32)
    info = np.iinfo(samples.dtype)
    middle = 0 if samples.dtype.kind == "i" else info.max // 2 + 1
    return ((samples.astype(np.float64) - middle) / (info.max - middle + 1)).astype(np.float32)


def require_rate(rate: object, name: str) -> None:
    """Refuse, by InvalidSamplesError, what is no number of Hz."""
    is_number = isinstance(rate, int | float | np.integer | np.floating)
    if isinstance(rate, bool) or not is_number or rate != rate // 1:  # nan, too
        raise InvalidSamplesError(
            f"{name}: the rate is {rate!r}; expected Hz, as a whole number such as 44100"
        )


def silence_hint(samples: NDArray[Any]) -> str:
    """What to say of a silent array whose values are no silence in another type, else ""."""
    if samples.dtype.kind != "i" or samples.dtype.itemsize != 4:
        return ""
    low, high = int(samples.min()), int(samples.max())
    if high - low < 4 or not -_FULL_SCALES[0] <= low <= high < _FULL_SCALES[0]:
        return ""
    return f"; values from {low} to {high} are none if they are 16-bit: then make it int16"


def _from_wide(samples: NDArray[Any], name: str) -> NDArray[Any]:
    if samples.dtype.itemsize < 8:
        return samples
    low, high = int(samples.min()), int(samples.max())
    for full_scale in _FULL_SCALES if samples.dtype.kind == "i" else ():
        if -full_scale <= low <= high < full_scale:
            return samples.astype(np.float32) / np.float32(full_scale)
    raise InvalidSamplesError(
        f"{name}: {samples.dtype} values from {low} to {high} have no full scale; make them int16, "
        "int32 or float between -1 and 1"
    )


def require_audible(low: float, high: float, name: str) -> None:
    """Refuse, by InvalidSamplesError, samples of which some are no numbers.

    ``low``, ``high``: the least and the greatest of them.
    """
    if not -LOUDEST < low <= high < LOUDEST:
        raise InvalidSamplesError(
            f"{name}: holds samples that are NaN, infinite or beyond any audio range"
        )
