"""Tells the audio in a file from the tags around it, to prove that only tags were changed."""

import hashlib
import mmap
import os
from collections.abc import Iterator
from typing import BinaryIO

from melonnx.infer.audio import sniff
from melonnx.infer.tags.containers import ape, id3v1

__all__ = ["audio_digest", "tag_container"]

_STEP = 1 << 20

Stretch = tuple[int, int]
"""First byte, and the byte behind the last."""


def tag_container(file: BinaryIO) -> str:
    """Name what holds the tags, by the bytes; "" for what none are known of.

    The names: "mpeg", "flac", "ogg", "mp4", "riff" (wav) and "aiff".
    """
    start = sniff.after_id3(file)
    file.seek(start)
    head = file.read(64)
    kind = sniff.container(head)
    if not kind and sniff.find_mpeg_stream(file) is not None:
        return "mpeg"
    if kind == "riff" and (head[:4] != b"RIFF" or head[8:12] != b"WAVE"):  # RF64, RIFX, video
        return ""
    if kind in {"riff", "aiff", "mp4", "ogg"} and start:
        return ""
    return kind if kind in _AUDIO else ""


def audio_digest(file: BinaryIO, kind: str) -> str:
    """SHA-256 of the audio frames, packets or samples of a ``kind`` of :func:`tag_container`.

    Raises ValueError where the parts of the container do not fit together, and TagError for an APE
    tag that does not.
    """
    size = file.seek(0, os.SEEK_END)
    digest = hashlib.sha256()
    for start, end in _AUDIO[kind](file, size):
        file.seek(start)
        while start < end:
            data = file.read(min(_STEP, end - start))
            if not data:
                raise ValueError("ends within its audio")
            digest.update(data)
            start += len(data)
    return digest.hexdigest()


def _mpeg(file: BinaryIO, size: int) -> Iterator[Stretch]:
    """What lies between the tags at both ends; of an APE tag, also what is behind it (Lyrics3)."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        end = size - len(id3v1.find(view))
        tag = ape.find(view)
    yield sniff.after_id3(file), tag.start if tag else end
    if tag:
        yield tag.end, end


def _flac(file: BinaryIO, size: int) -> Iterator[Stretch]:
    """Metadata blocks stand before the frames (RFC 9639, section 8)."""
    at = sniff.after_id3(file) + 4
    last = False
    while not last:
        header = _read(file, at, 4)
        last = header[0] >= 128
        at += 4 + int.from_bytes(header[1:])
    file.seek(max(0, size - id3v1.SIZE))
    yield at, size - len(id3v1.find(file.read()))


def _ogg(file: BinaryIO, size: int) -> Iterator[Stretch]:
    """Pages behind a stream's headers (RFC 3533, section 6), without number and checksum.

    Header packets end on pages of granule position 0, in Vorbis, Opus, FLAC and Speex alike.
    """
    at, in_headers = 0, True
    while at < size:
        header = _read(file, at, 27)
        if header[:4] != b"OggS":
            raise ValueError("has something between its Ogg pages")
        table = _read(file, at + 27, header[26])
        end = at + 27 + len(table) + sum(table)
        begins = bool(header[5] & 2)
        in_headers = begins or (in_headers and header[6:14] in (bytes(8), b"\xff" * 8))
        if begins or not in_headers:
            yield at, at + 18
            yield at + 26, end
        at = end


def _mp4(file: BinaryIO, size: int) -> Iterator[Stretch]:
    """Boxes of the name mdat (ISO 14496-12, section 4.2)."""
    at = 0
    while at + 8 <= size:
        header = _read(file, at, 8)
        length = int.from_bytes(header[:4])
        inner = at + 8
        if length == 1:
            length, inner = int.from_bytes(_read(file, inner, 8)), at + 16
        end = at + length if length else size
        if end < inner:
            raise ValueError("has a box of no size")
        if header[4:] == b"mdat":
            yield inner, end
        at = end


def _chunks(file: BinaryIO, size: int, order: str, name: bytes) -> Iterator[Stretch]:
    at = 12
    while at + 8 <= size:
        header = _read(file, at, 8)
        length = int.from_bytes(header[4:], order)  # type: ignore[arg-type]
        if at + 8 + length > size:
            raise ValueError("claims more bytes than it has: it is cut short, or a recording")
        if header[:4] == name:
            yield at + 8, at + 8 + length
        at += 8 + length + length % 2


def _read(file: BinaryIO, at: int, length: int) -> bytes:
    file.seek(at)
    data = file.read(length)
    if len(data) < length:
        raise ValueError("ends within a header")
    return data


_AUDIO = {
    "mpeg": _mpeg,
    "flac": _flac,
    "ogg": _ogg,
    "mp4": _mp4,
    "riff": lambda file, size: _chunks(file, size, "little", b"data"),
    "aiff": lambda file, size: _chunks(file, size, "big", b"SSND"),
}
