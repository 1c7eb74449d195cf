"""Decodes wav, flac, ogg, opus, aiff, au, caf and w64 by libsndfile (the package soundfile)."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any, BinaryIO, cast

import numpy as np
import soundfile

from melonnx.infer.arrays import Samples
from melonnx.infer.audio.decoders.calm_file import CalmFile
from melonnx.infer.audio.decoders.decoder import BLOCK_LENGTH, DecodeError, Decoder, Places
from melonnx.infer.audio.headers import is_cut_short, last_page_samples, mend, without_peak

__all__ = ["Forward", "open_plain", "open_soundfile", "places_in", "read_blocks"]

_CAREFUL_LENGTH = 1024
_UNKNOWN_LENGTH = 1 << 62
"""Samples: libsndfile's word for a FLAC that does not say."""


def open_plain(
    file: BinaryIO, container: str, size: int, offset_s: float, resources: ExitStack
) -> Decoder | None:
    """Open what needs no frames walked: wav, flac, ogg, opus, aiff, au, caf, w64.

    ``container``: as ``melonnx.infer.audio.sniff`` names it. ``size``: bytes of ``file``.
    None where libsndfile knows no audio in it.
    """
    cut_short = is_cut_short(file, container, size)
    last_page = None if container != "ogg" or cut_short else last_page_samples(file, size)
    view = mend(file, container, size)
    decoder = open_soundfile(view, resources)
    if decoder is None and (mended := without_peak(view, container)) is not None:
        view = mended
        decoder = open_soundfile(view, resources)
    if decoder is None or decoder.format == "MP3":  # no frames were found: silence, made up
        return None
    skipped = _skip(decoder, round(offset_s * decoder.samplerate))
    is_known = decoder.frames < _UNKNOWN_LENGTH
    return Decoder(
        decoder.samplerate,
        decoder.channels,
        read_blocks(decoder, view, resources),
        skipped=skipped,
        claimed=decoder.frames if is_known else None,
        cut_short=cut_short,
        places=_places(decoder, last_page) if is_known and not cut_short else None,
    )


def open_soundfile(file: BinaryIO, resources: ExitStack) -> "Forward | None":
    """Open ``file`` from its start; None where libsndfile declines. Raises what ``file`` raises."""
    file.seek(0)
    calm = CalmFile(file)
    try:
        decoder = resources.enter_context(Forward(calm))
    except (soundfile.SoundFileError, TypeError, ValueError, OverflowError):
        decoder = None
    calm.require_whole()
    return decoder


def _seeks_exactly(decoder: soundfile.SoundFile) -> bool:
    """To the sample, whatever was decoded before."""
    return decoder.subtype.startswith(("PCM_", "FLOAT", "DOUBLE"))


def _places(decoder: soundfile.SoundFile, last_page: int | None) -> Places | None:
    """Any part of what ``decoder`` has open; None where no way to it is exact.

    ``last_page``: samples that begin in the last page of an Ogg file, where that is known.
    """
    places = places_in(decoder)
    if _seeks_exactly(decoder):
        return places
    if last_page is None or decoder.subtype not in ("OPUS", "VORBIS"):
        return None
    from melonnx.infer.audio.decoders.lapped import opus_part, vorbis_part

    if decoder.subtype == "OPUS":
        return Places(places.n_samples, partial(opus_part, places.read))
    seekable = places.n_samples - last_page
    return Places(places.n_samples, partial(vorbis_part, places.read, seekable))


def _skip(decoder: soundfile.SoundFile, wanted: int) -> int:
    if not wanted or not _seeks_exactly(decoder):
        return 0
    try:
        return decoder.seek(min(wanted, decoder.frames))
    except soundfile.SoundFileError:
        return 0


def places_in(decoder: soundfile.SoundFile) -> Places:
    """Any part of what ``decoder`` has open, which must seek exactly."""

    def read(first: int, n_samples: int) -> Samples:
        buffer = np.empty((n_samples, decoder.channels), np.float32)
        try:
            at = decoder.seek(first)
            n_read = decoder.buffer_read_into(cast("Any", buffer), "float32")
        except soundfile.SoundFileError as error:
            raise DecodeError(str(error)) from error
        if (at, n_read) != (first, n_samples):
            raise DecodeError(f"{n_read} samples at {at}, not {n_samples} at {first}")
        return buffer

    return Places(decoder.frames, read)


def read_blocks(decoder: "Forward", file: BinaryIO, resources: ExitStack) -> Iterator[Samples]:
    """Blocks from where ``decoder`` stands.

    A block is lost whole with an error inside it; what lies before the damage then comes in
    small pieces, from a new decoder, since the old one may not even seek any more.
    """
    position = _position(decoder)
    try:
        for block in _read(decoder, BLOCK_LENGTH):
            yield block
            position += len(block)
    except DecodeError:
        again = open_soundfile(file, resources)
        if again is None:
            raise
        at = 0
        for block in _read(again, _CAREFUL_LENGTH):
            at += len(block)
            if at > position:
                yield block[position - at :]
                position = at
        raise


def _position(decoder: soundfile.SoundFile) -> int:
    try:
        return decoder.tell()
    except soundfile.SoundFileError:  # one that cannot seek (G.721) stands at its start
        return 0


def _read(decoder: "Forward", length: int) -> Iterator[Samples]:
    while True:
        buffer = np.empty((length, decoder.channels), np.float32)
        try:
            n_samples = decoder.buffer_read_into(cast("Any", buffer), "float32")
        except soundfile.SoundFileError as error:
            decoder.calm.require_whole()
            raise DecodeError(str(error)) from error
        decoder.calm.require_whole()
        if n_samples == 0:
            return
        yield buffer[:n_samples]


class Forward(soundfile.SoundFile):
    """Reads on and on.

    The base class seeks to where it stands after each read, which makes libmpg123 decode
    frames without their bit reservoir and print an error for each.
    """

    def __init__(self, calm: CalmFile) -> None:
        self.calm = calm
        super().__init__(cast("Any", calm))

    def seekable(self) -> bool:
        """Never, whatever the file can."""
        return False
