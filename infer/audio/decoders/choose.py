"""Opens any audio file as a stream of sample blocks, at its own rate and channels.

soundfile decodes wav, flac, ogg, opus, mp3, aiff, au, caf; PyAV (the ``ffmpeg`` extra) decodes
m4a, aac, wma, webm and whatever else libsndfile does not. The bytes choose the decoder, never the
name, and what a header says of the length is never believed. A decoder is imported in the branch
that needs it.
"""

import os
from contextlib import ExitStack
from typing import BinaryIO

from melonnx.infer.audio import sniff
from melonnx.infer.audio.decoders.decoder import Decoder
from melonnx.infer.errors import EmptyAudioError, UnreadableAudioError

__all__ = ["open_decoder"]

_PLAIN = ("flac", "w64", "aiff", "au", "caf", "riff")
"""Opened by libsndfile at once, and by PyAV where that declines."""


def open_decoder(
    file: BinaryIO, offset_s: float, resources: ExitStack, track: int | None = None
) -> Decoder:
    """Choose the decoder for ``file`` (seekable) by its bytes, and open it.

    ``offset_s``: seconds to skip where seeking is exact (``Decoder.skipped`` tells).
    ``track``: which of several audio tracks, from 1 on; None takes the one that FFmpeg would play.
    What is opened is closed by ``resources``.

    Raises UnreadableAudioError, UnsupportedFormatError (naming the missing extra) and
    EmptyAudioError, their messages without the file's name; and what ``file`` raises.
    """
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        raise EmptyAudioError("the file is empty (0 bytes)")
    start = sniff.after_id3(file)
    if start:
        from melonnx.infer.audio.joined import from_byte

        file = from_byte(file, start)
        size -= start
    file.seek(0)
    head = file.read(64)
    kind = sniff.container(head)
    if not kind or kind == "riff":
        from melonnx.infer.audio.formats import format_of, riff_kind

        kind = riff_kind(head) if kind else format_of(file, head)
    if kind == "ogg":
        from melonnx.infer.audio.decoders.ogg_chain import open_ogg

        return open_ogg(file, size, offset_s, resources, track)
    if kind and kind not in _PLAIN:
        from melonnx.infer.audio.decoders.pyav import open_av

        return open_av(file, kind, resources, track)
    decoder = (
        _open_plain(file, kind, size, offset_s, resources)
        if kind
        else _open_unnamed(file, size, offset_s, resources)
    )
    if decoder is None:
        return _open_rest(file, kind, head, resources, track)
    if track is not None and track > 1:
        raise UnreadableAudioError(f"has 1 audio track, so there is no track {track}")
    return decoder


def _open_plain(
    file: BinaryIO, kind: str, size: int, offset_s: float, resources: ExitStack
) -> Decoder | None:
    """Of one of ``_PLAIN``; None where libsndfile declines."""
    from melonnx.infer.audio.decoders.libsndfile import open_plain
    from melonnx.infer.audio.decoders.pcm_coat import open_coded

    decoder = open_plain(file, kind, size, offset_s, resources)
    if decoder is None:
        return None
    if kind == "flac":
        from melonnx.infer.audio.decoders.joined_flac import with_joined

        decoder = with_joined(decoder, file, size)
    return open_coded(file, kind, size, decoder, resources)


def _open_unnamed(
    file: BinaryIO, size: int, offset_s: float, resources: ExitStack
) -> Decoder | None:
    """MPEG audio, or what libsndfile knows besides; None where that is nothing."""
    from melonnx.infer.audio.decoders.mpeg import open_free_format, open_mpeg

    mpeg = sniff.find_mpeg_stream(file)
    if mpeg is not None:
        return open_mpeg(file, mpeg, size, resources)
    from melonnx.infer.audio.decoders.libsndfile import open_plain

    decoder = open_plain(file, "", size, offset_s, resources)
    return decoder or open_free_format(file, resources)


def _open_rest(
    file: BinaryIO, kind: str, head: bytes, resources: ExitStack, track: int | None
) -> Decoder:
    """What libsndfile declines."""
    from melonnx.infer.audio.decoders.pyav import has_av, open_av, open_unknown
    from melonnx.infer.audio.formats import wav_coding
    from melonnx.infer.audio.headers import has_samples

    refused = UnreadableAudioError(_what_it_is(head))
    if kind:
        coding = wav_coding(file) if kind in ("riff", "w64") else ""
        if not has_av() and not coding and not has_samples(file, kind):
            raise refused
        try:
            return open_av(file, kind, resources, track, what=coding)
        except UnreadableAudioError:
            raise refused from None
    decoder = open_unknown(file, resources, track)
    if decoder is None:
        raise refused
    return decoder


def _what_it_is(head: bytes) -> str:
    if not head.strip(b"\0"):
        return "is not audio: it begins with zeros"
    if all(byte >= 32 or 9 <= byte <= 13 for byte in head):
        return "is not audio: it looks like text"
    from melonnx.infer.audio.decoders.pyav import has_av

    known = "here" if has_av() else 'without the "ffmpeg" extra (pip install "melonnx[ffmpeg]")'
    return f"is not audio in any format known {known}, or is damaged at its start"
