"""Tells songs apart by their audio alone: a digest that moving and tagging leave as it is.

Of the audio's bytes, its length and eight small blocks spread over it are read, so that a file
costs a few reads whatever its size. Two songs of the same length that are equal at all eight
places count as one; what is mostly silence there has no digest.
"""

import hashlib
import os
from typing import BinaryIO

from melonnx.infer.audio import sniff

__all__ = ["audio_digest"]

_BLOCKS = 8
_BLOCK = 4096
"""Bytes."""
_LEAST = 2 * _BLOCK
_OGG_HEADER = 27
"""Bytes of a page's header before its table of segments (RFC 3533, section 6)."""
_ID3V1 = 128
_APE = 32
"""Bytes of an APE tag's footer, and of its header."""
_NO_POSITION = (bytes(8), b"\xff" * 8)
"""Granule positions of pages that hold headers, or where no packet ends."""


def audio_digest(path: str) -> str | None:
    """Of the local file ``path``; None where it cannot be opened, or would tell too little."""
    if "://" in path or not os.path.isfile(path):  # noqa: PTH113  # a pipe is waited for
        return None
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            kind, start, end = _audio(file, size)
            return _digest(file, kind, start, end) if end - start >= _LEAST else None
    except (OSError, ValueError, IndexError):  # a NUL in the name; a header that is cut short
        return None


def _digest(file: BinaryIO, kind: str, start: int, end: int) -> str | None:
    length = end - start
    digest = hashlib.blake2b(length.to_bytes(8), digest_size=16)
    told = 0
    for at in _places(start, end):
        block = _page_bytes(file, at) if kind == "ogg" else _read(file, at, _BLOCK)
        told += block.count(block[:1]) < len(block)  # all of one byte: silence
        digest.update(block)
    return digest.hexdigest() if told > _BLOCKS // 2 else None


def _places(start: int, end: int) -> list[int]:
    last = max(start, end - _BLOCK)
    return [start + (last - start) * part // (_BLOCKS - 1) for part in range(_BLOCKS)]


def _page_bytes(file: BinaryIO, at: int) -> bytes:
    """A block of Ogg without the pages' numbers and checksums, which a longer tag changes."""
    before = min(at, _OGG_HEADER - 1)
    data = bytearray(_read(file, at - before, before + _BLOCK + _OGG_HEADER))
    page = data.find(b"OggS")
    while page >= 0:
        data[page + 18 : page + 26] = bytes(len(data[page + 18 : page + 26]))
        page = data.find(b"OggS", page + 4)
    return bytes(data[before : before + _BLOCK])


def _audio(file: BinaryIO, size: int) -> tuple[str, int, int]:
    """The container, and the bytes between which its audio lies; all where nothing tells."""
    start = sniff.after_id3(file)
    head = _read(file, start, 64)
    kind = sniff.container(head)
    if kind == "ogg":
        return kind, _behind_ogg_headers(file, start, size), size
    if kind in {"riff", "aiff", "mp4"}:
        return kind, *_largest_chunk(file, kind, start, size)
    if kind == "flac":
        start = _behind_flac_blocks(file, start, size)
    return kind, start, max(start, _before_tail(file, size))


def _behind_ogg_headers(file: BinaryIO, at: int, size: int) -> int:
    while at < size:
        header = _read(file, at, _OGG_HEADER)
        if header[:4] != b"OggS" or header[6:14] not in _NO_POSITION:
            return at
        at += _OGG_HEADER + header[26] + sum(_read(file, at + _OGG_HEADER, header[26]))
    return at


def _behind_flac_blocks(file: BinaryIO, start: int, size: int) -> int:
    at, header = start + 4, b"\0"
    while at < size and header[0] < 128:
        header = _read(file, at, 4) or b"\xff"
        at += 4 + int.from_bytes(header[1:])
    return min(at, size)


def _largest_chunk(file: BinaryIO, kind: str, start: int, size: int) -> tuple[int, int]:
    """The chunk of samples, or the box of media data: tags are smaller."""
    at = start if kind == "mp4" else start + 12
    best = (start, size)
    while at + 8 <= size:
        header = _read(file, at, 16)
        if kind == "mp4":
            length, inner = int.from_bytes(header[:4]), 8
            if length == 1:
                length, inner = int.from_bytes(header[8:]), 16
            name, behind = header[4:8], at + (length or size - at)
        else:
            length = int.from_bytes(header[4:8], "little" if kind == "riff" else "big")
            name, inner, behind = header[:4], 8, at + 8 + length + length % 2
        is_first = best == (start, size)
        if name in (b"data", b"SSND", b"mdat") and (is_first or behind - at > best[1] - best[0]):
            best = at + inner, min(behind, size)
        if behind <= at:
            break
        at = behind
    return best


def _before_tail(file: BinaryIO, size: int) -> int:
    """Where ID3v1 and an APE tag behind the audio begin, in whichever order they are."""
    end = size
    for _ in range(2):
        if _read(file, max(0, end - _ID3V1), 3) == b"TAG":
            end -= _ID3V1
        footer = _read(file, max(0, end - _APE), _APE)
        if footer[:8] == b"APETAGEX":
            has_header = bool(int.from_bytes(footer[20:24], "little") >> 31)
            end = max(0, end - int.from_bytes(footer[12:16], "little") - _APE * has_header)
    return end


def _read(file: BinaryIO, at: int, length: int) -> bytes:
    file.seek(at)
    return file.read(length)
