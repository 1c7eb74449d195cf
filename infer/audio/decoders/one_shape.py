"""Brings parts of a stream that differ in rate or channels to one rate and number of channels."""

from collections.abc import Iterable, Iterator

import numpy as np
import soxr

from melonnx.infer.arrays import Samples
from melonnx.infer.audio.decoders.decoder import DecodeError

__all__ = ["in_one_shape", "to_channels"]

_CANCELS = 0.01
"""Of the loudest channel's energy: a mean below it has lost the song."""


def in_one_shape(
    blocks: Iterable[Samples], rate: int, to_rate: int, channels: int
) -> Iterator[Samples]:
    """Blocks of one part at ``rate`` Hz, as ``channels`` at ``to_rate``; untouched where they fit.

    Raises what ``blocks`` raises, DecodeError after the last sample before it.
    """
    if rate == to_rate:
        for block in blocks:
            yield to_channels(block, channels)
        return
    stream = soxr.ResampleStream(rate, to_rate, channels, dtype="float32", quality="HQ")
    damage: DecodeError | None = None
    try:
        for block in blocks:
            yield _columns(stream.resample_chunk(_rows(to_channels(block, channels))), channels)
    except DecodeError as error:
        damage = error
    rest = stream.resample_chunk(_rows(np.zeros((0, channels), np.float32)), last=True)
    yield _columns(rest, channels)
    if damage is not None:
        raise damage


def to_channels(samples: Samples, channels: int) -> Samples:
    """float32 (samples, any) as (samples, ``channels``): repeated, or the mean of all.

    A mean in which the channels cancel gives way to the louder of them.
    """
    n_channels = samples.shape[1]
    if n_channels == channels:
        return samples
    if channels % n_channels == 0:
        return np.tile(samples, (1, channels // n_channels))
    with np.errstate(invalid="ignore", over="ignore"):  # the reader refuses it
        mono = samples.mean(axis=1, dtype=np.float32)
        energies = np.einsum("ij,ij->j", samples, samples, dtype=np.float64)
        if np.dot(mono, mono) < _CANCELS * energies.max(initial=0):
            mono = samples[:, int(energies.argmax())]
    return np.repeat(mono[:, None], channels, axis=1)


def _rows(samples: Samples) -> Samples:
    """As soxr wants them: C order, and one channel without an axis."""
    return np.ascontiguousarray(samples[:, 0] if samples.shape[1] == 1 else samples)


def _columns(samples: Samples, channels: int) -> Samples:
    return samples.reshape(-1, channels)
