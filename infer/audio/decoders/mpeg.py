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
from melonnx.infer.audio.joined import Joined
from melonnx.infer.errors import UnreadableAudioError

__all__ = ["open_mpeg"]

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
    decoder = open_soundfile(view, resources)
    if decoder is None:
        raise UnreadableAudioError("has MPEG audio frames, but none that decodes")
    return Decoder(
        decoder.samplerate,
        decoder.channels,
        _blocks(decoder, view, file, size, resources),
        claimed=mpeg.claimed_samples if tag_fits else None,
        places=places_in(decoder) if as_it_is and decoder.samplerate >= _MPEG_1 else None,
    )


def _view(file: BinaryIO, start: int, *, as_it_is: bool) -> BinaryIO:
    file.seek(start)
    prefix = b"" if as_it_is else sniff.info_frame(file.read(4))
    return cast("BinaryIO", Joined(prefix, file, start)) if prefix or start else file


def _blocks(
    decoder: Forward, view: BinaryIO, file: BinaryIO, size: int, resources: ExitStack
) -> Iterator[Samples]:
    """Blocks of MPEG audio; begin again where frames follow what decoded.

    libsndfile gives up at damage, often as if the file ended there.
    """
    kind = decoder.samplerate, decoder.channels
    damage: DecodeError | None = None
    while True:
        n_samples = 0
        try:
            for block in read_blocks(decoder, view, resources):
                n_samples += len(block)
                yield block
        except DecodeError as error:
            damage = error
        behind = sniff.find_mpeg_stream(file, file.tell(), limit=size)
        if behind is None:
            break
        if n_samples < decoder.frames:
            damage = damage or DecodeError("frames follow the end")
        view = _view(file, behind.start, as_it_is=False)
        again = open_soundfile(view, resources)
        if again is None or (again.samplerate, again.channels) != kind:
            break
        decoder = again
    if damage is not None:
        raise damage
