"""Decodes MPEG audio (mp3) to its true end, by libsndfile and a walk along the frames."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO, cast

from melonnx.infer.arrays import Samples
from melonnx.infer.audio import sniff
from melonnx.infer.audio.decoders.decoder import DecodeError, Decoder
from melonnx.infer.audio.decoders.libsndfile import (
    Forward,
    open_soundfile,
    places_in,
    read_blocks,
)
from melonnx.infer.audio.decoders.one_shape import in_one_shape
from melonnx.infer.audio.joined import Joined
from melonnx.infer.errors import UnreadableAudioError

__all__ = ["open_free_format", "open_mpeg"]

_HEADER = 4
"""Bytes."""
_THREE_FRAMES = 1 << 14
"""Bytes, at least."""
_MPEG_1 = 32_000
"""Hz; where libmpg123 seeks in what has a lower rate, it prints a line about bits that it lacks."""


def open_mpeg(file: BinaryIO, mpeg: sniff.MpegStream, size: int, resources: ExitStack) -> Decoder:
    """MPEG audio, read to its end.

    libsndfile stops at the tag's length, or without one at an estimate from the first frames:
    half of a variable-rate file, or the second of two joined files, would be lost. Where the
    tag cannot be right, an endless one is put in front.
    """
    n_bytes = size - mpeg.start
    tag_fits = mpeg.claimed_bytes is not None and n_bytes < mpeg.claimed_bytes * 1.01 + 4096
    as_it_is = tag_fits and mpeg.claimed_samples is not None
    view = _view(file, mpeg.start, as_it_is=as_it_is)
    if as_it_is and n_bytes < 0.99 * (mpeg.claimed_bytes or 0) and mpeg.size_at is not None:
        view = _with_true_size(file, mpeg.start, mpeg.size_at, n_bytes)
    decoder = open_soundfile(view, resources)
    if decoder is None:
        raise UnreadableAudioError("has MPEG audio frames, but none that decodes")
    rate = decoder.samplerate
    if rate < _MPEG_1:  # a jingle before a song must not cost the song its treble
        stands = file.tell()  # where the decoder goes on
        rate = max(rate, sniff.highest_rate(file, mpeg.start))
        file.seek(stands)
    return Decoder(
        rate,
        decoder.channels,
        _blocks(decoder, view, file, size, rate, resources),
        claimed=mpeg.claimed_samples if tag_fits and rate == decoder.samplerate else None,
        places=places_in(decoder) if as_it_is and decoder.samplerate >= _MPEG_1 else None,
    )


def open_free_format(file: BinaryIO, resources: ExitStack) -> Decoder | None:
    """MPEG audio of a bit rate that no header names, as far as libsndfile decodes it; else None."""
    if not sniff.is_free_format(file):
        return None
    decoder = open_soundfile(file, resources)
    if decoder is None:
        return None
    blocks = read_blocks(decoder, file, resources)
    return Decoder(decoder.samplerate, decoder.channels, blocks)


def _view(file: BinaryIO, start: int, *, as_it_is: bool) -> BinaryIO:
    file.seek(start)
    prefix = b"" if as_it_is else sniff.info_frame(file.read(4))
    return cast("BinaryIO", Joined(prefix, file, start)) if prefix or start else file


def _blocks(
    decoder: Forward, view: BinaryIO, file: BinaryIO, size: int, rate: int, resources: ExitStack
) -> Iterator[Samples]:
    """Blocks of MPEG audio; begin again where frames follow what decoded.

    libsndfile gives up at damage, often as if the file ended there, and where the rate or the
    channels change. All comes at ``rate`` in the channels that the first part has.
    """
    channels = decoder.channels
    damage: DecodeError | None = None
    while True:
        n_samples = 0
        try:
            blocks = read_blocks(decoder, view, resources)
            for block in in_one_shape(blocks, decoder.samplerate, rate, channels):
                n_samples += len(block)
                yield block
        except DecodeError as error:
            damage = error
        stopped = file.tell()
        again, view = _where_it_changes(file, stopped, decoder, resources)
        if again is None:
            behind = sniff.find_mpeg_stream(file, stopped, limit=size)
            if behind is None:
                break
            if n_samples < decoder.frames:
                damage = damage or DecodeError("frames follow the end")
            view = _view(file, behind.start, as_it_is=False)
            again = open_soundfile(view, resources)
            if again is None:
                break
        decoder = again
    if damage is not None:
        raise damage


def _with_true_size(file: BinaryIO, start: int, size_at: int, n_bytes: int) -> BinaryIO:
    """The stream with its tag set right: libmpg123 would print a line about what is cut off."""
    file.seek(start)
    head = file.read(size_at - start)
    return cast("BinaryIO", Joined(head + n_bytes.to_bytes(4), file, size_at + 4))


def _where_it_changes(
    file: BinaryIO, stopped: int, decoder: Forward, resources: ExitStack
) -> tuple[Forward | None, BinaryIO]:
    """A decoder for frames of another rate or channels, and its view; None if they do not change.

    There libsndfile has read the first of the new headers and no more.
    """
    at = max(0, stopped - _HEADER)
    behind = sniff.find_mpeg_stream(file, at, limit=_THREE_FRAMES)
    if behind is None or behind.start != at:
        return None, file
    view = _view(file, at, as_it_is=False)
    again = open_soundfile(view, resources)
    kind = decoder.samplerate, decoder.channels
    if again is None or (again.samplerate, again.channels) == kind:
        return None, file
    return again, view
