"""Reads raw PCM, samples without any header, as it comes from a pipe or a device."""

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.audio import sniff
from melonnx.infer.errors import EmptyAudioError, UnreadableAudioError

__all__ = ["BLOCK_S", "ENCODINGS", "read_pcm"]

ENCODINGS = {"s16le": "<i2", "f32le": "<f4"}
"""FFmpeg's names of sample formats: numpy's."""

BLOCK_S = 0.1
"""Seconds in a block: as long as it takes at most until what is played is heard."""


def read_pcm(
    file: BinaryIO, rate: int, channels: int, encoding: str, name: str
) -> Iterator[NDArray[Any]]:
    """Yield (samples, channels) from ``file`` to its end; half a sample there is left out.

    ``rate``: Hz. ``encoding``: a key of ``ENCODINGS``. ``name``: for the errors.

    Raises EmptyAudioError where there is not one sample, and UnreadableAudioError where ``file``
    begins as an audio file does: its bytes are no samples.
    """
    dtype = np.dtype(ENCODINGS[encoding])
    step = dtype.itemsize * channels
    wanted = step * max(1, round(rate * BLOCK_S))
    first = True
    while data := file.read(wanted):
        if first and _is_file(data):
            raise UnreadableAudioError(
                f"{name}: is an audio file, not raw PCM; give its path, or decode it first"
            )
        whole = len(data) // step * step
        if whole:
            yield np.frombuffer(data[:whole], dtype).reshape(-1, channels)
            first = False
    if first:
        raise EmptyAudioError(f"{name}: holds no samples")


def _is_file(head: bytes) -> bool:
    """Left out is what samples could be by chance: two bytes, or frames in their midst."""
    if head.startswith(b"ID3") or sniff.container(head[:64]) not in ("", "adts"):
        return True
    mpeg = sniff.find_mpeg_stream(io.BytesIO(head))
    return mpeg is not None and mpeg.start == 0
