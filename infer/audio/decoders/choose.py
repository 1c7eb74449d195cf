"""Opens any audio file as a stream of sample blocks, at its own rate and channels.

soundfile decodes wav, flac, ogg, opus, mp3, aiff, au, caf; PyAV (the ``ffmpeg`` extra) decodes
m4a, aac, wma and webm. The bytes choose the decoder, never the name, and what a header says
of the length is never believed.
"""

import os
from contextlib import ExitStack
from typing import BinaryIO, cast

from melonnx.infer.audio import sniff
from melonnx.infer.audio.decoders.decoder import Decoder
from melonnx.infer.audio.decoders.libsndfile import open_plain
from melonnx.infer.audio.decoders.mpeg import open_mpeg
from melonnx.infer.audio.decoders.pyav import NEEDS_AV, open_av
from melonnx.infer.audio.joined import Joined
from melonnx.infer.errors import EmptyAudioError, UnreadableAudioError

__all__ = ["open_decoder"]


def open_decoder(file: BinaryIO, offset_s: float, resources: ExitStack) -> Decoder:
    """Choose the decoder for ``file`` (seekable) by its bytes, and open it.

    ``offset_s``: seconds to skip where seeking is exact (``Decoder.skipped`` tells).
    What is opened is closed by ``resources``.

    Raises UnreadableAudioError, UnsupportedFormatError (naming the missing extra) and
    EmptyAudioError, their messages without the file's name; and what ``file`` raises.
    """
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        raise EmptyAudioError("the file is empty (0 bytes)")
    start = sniff.after_id3(file)
    if start:
        file = cast("BinaryIO", Joined(b"", file, start))
        size -= start
    file.seek(0)
    head = file.read(64)
    container = sniff.container(head)
    if container in NEEDS_AV:
        return open_av(file, container, resources)
    mpeg = None if container else sniff.find_mpeg_stream(file)
    if mpeg is not None:
        return open_mpeg(file, mpeg, size, resources)
    decoder = open_plain(file, container, size, offset_s, resources)
    if decoder is None:
        raise UnreadableAudioError(_what_it_is(head))
    return decoder


def _what_it_is(head: bytes) -> str:
    if not head.strip(b"\0"):
        return "is not audio: it begins with zeros"
    if all(byte >= 32 or 9 <= byte <= 13 for byte in head):
        return "is not audio: it looks like text"
    return "is not audio in any format known here, or is damaged at its start"
