"""Decodes AC-3, E-AC-3 and DTS that somebody has stored as the samples of a wav, flac or aiff."""

import io
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, BinaryIO, cast

import numpy as np
import soundfile

from melonnx.infer.arrays import Samples
from melonnx.infer.audio.coded import Coded, find_coded, may_be_coded
from melonnx.infer.audio.decoders.decoder import BLOCK_LENGTH, DecodeError, Decoder
from melonnx.infer.audio.decoders.libsndfile import Forward, open_soundfile
from melonnx.infer.audio.decoders.pyav import open_av
from melonnx.infer.audio.formats import FORMATS
from melonnx.infer.audio.headers import mend

__all__ = ["open_coded"]

_PEEK = 4096
"""Samples per channel: a burst of AC-3 has 1536."""
_LOOK = 1 << 16
"""Samples per channel, from the first that is not 0 on, where something looks like a bitstream."""
_LONGEST_SILENCE = 60
"""Seconds at the start in which a bitstream is waited for."""


def open_coded(
    file: BinaryIO, container: str, size: int, plain: Decoder, resources: ExitStack
) -> Decoder:
    """``plain``, or what decodes the bitstream in the place of its samples.

    ``plain``: what ``libsndfile.open_plain`` has made of ``file``, whose ``container`` and ``size``
    are as there. S/PDIF has two channels; what has others is not looked at.

    Raises UnsupportedFormatError (PyAV is missing), UnreadableAudioError, and what ``file`` raises.
    """
    if plain.channels != 2:
        return plain
    stands = file.tell()  # a decoder goes on from where it left the file
    view = mend(file, container, size)
    with ExitStack() as peeking:
        coded, silence = _look_into(open_soundfile(view, peeking))
    if coded is None:
        file.seek(stands)
        return plain
    opened = open_soundfile(view, resources)
    assert opened is not None
    bits = _Bits(opened, swapped=coded.swapped)
    what = f"{FORMATS[coded.kind].what}{' (S/PDIF)' * coded.in_bursts} in the place of samples"
    demuxer = "spdif" if coded.in_bursts else FORMATS[coded.kind].demuxer
    stream = cast("BinaryIO", bits)
    decoder = open_av(stream, coded.kind, resources, what=what, demuxer=demuxer)
    blocks = _to_the_end(decoder, bits, silence / opened.samplerate)
    return replace(decoder, blocks=blocks, claimed=None, cut_short=plain.cut_short)


def _look_into(decoder: Forward | None) -> tuple[Coded | None, int]:
    """What is in the samples, and how many samples of silence stand before it."""
    if decoder is None or not decoder.subtype.startswith("PCM_"):
        return None, 0
    n_samples, silence = _PEEK, 0
    try:
        samples = _read(decoder, _PEEK)
        while len(samples) == n_samples and not samples.any():
            silence += n_samples
            if silence > _LONGEST_SILENCE * decoder.samplerate:
                return None, 0
            n_samples = _LOOK
            samples = _read(decoder, _LOOK)
        if not may_be_coded(samples.tobytes()):
            return None, 0
        silence += int(samples.any(axis=1).argmax())
        samples = np.concatenate([samples, _read(decoder, _LOOK)])
    except soundfile.SoundFileError:
        return None, 0
    return find_coded(samples.tobytes()), silence


def _read(decoder: Forward, n_samples: int) -> np.ndarray:
    """int16 (samples, 2); of 24 bits the upper 16."""
    buffer = np.empty((n_samples, 2), np.int16)
    return buffer[: decoder.buffer_read_into(cast("Any", buffer), "int16")]


class _Bits(io.RawIOBase):
    """The samples as the bytes that they stand for, from the first to the last."""

    def __init__(self, decoder: Forward, *, swapped: bool) -> None:
        self._decoder, self._swapped = decoder, swapped
        self._left = b""
        self.error: Exception | None = None

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Never."""
        return False

    def readinto(self, buffer: Any, /) -> int:
        """Fill what there is."""
        if not self._left:
            self._left = self._next()
        data = self._left[: len(buffer)]
        self._left = self._left[len(data) :]
        buffer[: len(data)] = data
        return len(data)

    def _next(self) -> bytes:
        try:
            samples = _read(self._decoder, _PEEK)
            self._decoder.calm.require_whole()
        except Exception as error:  # each file system has its own; C code is above us
            self.error = error
            return b""
        return (samples.byteswap() if self._swapped else samples).tobytes()


def _to_the_end(decoder: Decoder, bits: _Bits, silence_s: float) -> Iterator[Samples]:
    """Silence as long as that in front of the bitstream, and what it decodes to."""
    silence = round(silence_s * decoder.rate)
    while silence > 0:
        yield np.zeros((min(silence, BLOCK_LENGTH), decoder.channels), np.float32)
        silence -= BLOCK_LENGTH
    yield from decoder.blocks
    if isinstance(bits.error, soundfile.SoundFileError):
        raise DecodeError(str(bits.error)) from bits.error
    if bits.error is not None:
        raise bits.error
