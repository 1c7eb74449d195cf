"""Says what the first bytes of a file are, and reads the frame headers of MPEG audio.

Names lie: an m4a called .mp3 decodes to a moment of silence in some decoders.
The bytes decide.
"""

import os
import re
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

__all__ = [
    "MpegStream",
    "after_id3",
    "container",
    "find_mpeg_stream",
    "highest_rate",
    "info_frame",
    "is_free_format",
]

_FIRST_READ = 64 * 1024
_SEARCH = 1024 * 1024
_THREE_FRAMES = 8192
"""Bytes, at least."""
_ENDLESS = 900_000
"""Frames, over six hours; libmpg123 ignores a tag of more than 932,067 where long has 32 bits."""
_CANDIDATES = 256
_LEAST_FREE = 24
"""Bytes of a frame."""
_MPEG_1_HEADER = re.compile(rb"\xff[\xfa\xfb][\x10-\xef]")

_MAGIC = {
    b"\x30\x26\xb2\x75": "asf",
    b"\x1a\x45\xdf\xa3": "matroska",
    b"RIFF": "riff",
    b"RIFX": "riff",
    b"RF64": "riff",
    b"riff": "w64",
    b"fLaC": "flac",
    b"OggS": "ogg",
    b"FORM": "aiff",
    b".snd": "au",
    b"caff": "caf",
}

_BITRATES = {  # kbit/s by (is MPEG-1, layer); ISO 11172-3 and 13818-3, table of bitrate_index
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SAMPLE_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


@dataclass(frozen=True)
class _FrameHeader:
    """One MPEG audio frame header."""

    size: int
    """Bytes from this header to the next."""
    samples: int
    """Samples per channel that the frame decodes to."""
    kind: tuple[int, int, int]
    """Version, layer and sample rate: equal in all frames of one stream."""
    side_info: int
    """Bytes between the header and a Xing or Info tag."""


@dataclass(frozen=True)
class MpegStream:
    """Where the MPEG audio in a file starts, and what its first frame claims."""

    start: int
    """Byte of the first frame."""
    claimed_samples: int | None
    """Samples per channel by the Xing, Info or VBRI tag; None without one."""
    claimed_bytes: int | None
    """Bytes of audio by the same tag; None where it does not say."""
    size_at: int | None = None
    """Byte of the file at which a Xing or Info tag has ``claimed_bytes``, in four."""


def container(head: bytes) -> str:
    """Name the container that ``head`` opens, or "" if it is none known here.

    ``head``: the first bytes of a file; 64 are enough.

    "mp4", "asf", "matroska" and "adts" are what libsndfile cannot read and PyAV can;
    "mpeg" is told by :func:`find_mpeg_stream`, since tags may stand before its first frame.
    """
    if head[4:8] == b"ftyp":
        return "mp4"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "adts"
    return _MAGIC.get(head[:4], "")


def _frame_header(data: bytes, at: int) -> _FrameHeader | None:
    if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return None
    version = data[at + 1] >> 3 & 3
    layer = 4 - (data[at + 1] >> 1 & 3)
    bitrate_index = data[at + 2] >> 4
    rate_index = data[at + 2] >> 2 & 3
    if version == 1 or layer == 4 or not 0 < bitrate_index < 15 or rate_index == 3:
        return None
    mpeg1 = version == 3
    rate = _SAMPLE_RATES[version][rate_index]
    bitrate = _BITRATES[mpeg1, layer][bitrate_index - 1] * 1000
    padding = data[at + 2] >> 1 & 1
    samples = 384 if layer == 1 else 576 if layer == 3 and not mpeg1 else 1152
    if layer == 1:
        size = (12 * bitrate // rate + padding) * 4
    else:
        size = samples // 8 * bitrate // rate + padding
    mono = data[at + 3] >> 6 == 3
    side_info = (17 if mono else 32) if mpeg1 else (9 if mono else 17)
    return _FrameHeader(size, samples, (version, layer, rate), side_info)


def after_id3(file: BinaryIO, at: int = 0) -> int:
    """Byte behind the ID3v2 tags that stand at byte ``at``, where they may stand in a row."""
    size = file.seek(0, os.SEEK_END)
    while True:
        file.seek(at)
        tag = file.read(10)
        if len(tag) < 10 or tag[:3] != b"ID3":
            return at
        length = tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9]
        after = at + 10 + length + (10 if tag[5] & 0x10 else 0)
        if after >= size:  # the tag's length is a lie: look for frames right behind its header
            return at + 10
        at = after


def _tag_claims(
    data: bytes, at: int, first: _FrameHeader
) -> tuple[int | None, int | None, int | None]:
    """Samples, bytes, and where in ``data`` these are."""
    tag = at + 4 + first.side_info
    if data[tag : tag + 4] in (b"Xing", b"Info"):
        flags = int.from_bytes(data[tag + 4 : tag + 8])
        fields = [
            int.from_bytes(data[tag + 8 + 4 * i : tag + 12 + 4 * i])
            for i in range(flags.bit_count())
        ]
        frames = fields[0] if flags & 1 and fields else None
        size = fields[flags & 1] if flags & 2 and len(fields) > flags & 1 else None
        size_at = None if size is None else tag + 8 + 4 * (flags & 1)
        return (frames * first.samples if frames else None), size, size_at
    vbri = at + 36
    if data[vbri : vbri + 4] == b"VBRI":
        size = int.from_bytes(data[vbri + 10 : vbri + 14])
        return int.from_bytes(data[vbri + 14 : vbri + 18]) * first.samples, size, None
    return None, None, None


def _agree(data: bytes, at: int, end: int) -> bool:
    """Three frames in a row are of one kind; or two that reach the end, or one that is all."""
    first = _frame_header(data, at)
    for found in range(3):
        if at >= end:
            return found == 2 or at == end
        header = _frame_header(data, at)
        if first is None or header is None or header.kind != first.kind:
            return False
        at += header.size
    return True


def find_mpeg_stream(file: BinaryIO, begin: int = 0, limit: int = _SEARCH) -> MpegStream | None:
    """Find where MPEG audio begins: three consecutive frames that agree.

    ``file``: seekable; its position afterwards is undefined. The search covers ``limit`` bytes
    from byte ``begin`` on, or from behind the ID3 tags that stand there. Returns None where there
    is no such run: then it is no MPEG audio, whatever the name says.
    """
    size = file.seek(0, os.SEEK_END)
    base = start = after_id3(file, begin)
    length = min(_FIRST_READ, limit)
    while True:
        file.seek(start)
        data = file.read(length)
        at = data.find(b"\xff")
        while at >= 0:
            if _agree(data, at, size - start):
                first = _frame_header(data, at)
                assert first is not None
                samples, claimed, size_at = _tag_claims(data, at, first)
                size_at = None if size_at is None else start + size_at
                return MpegStream(start + at, samples, claimed, size_at)
            at = data.find(b"\xff", at + 1)
        if len(data) < length or start + length >= base + limit:
            return None
        start += length - _THREE_FRAMES
        length = _SEARCH


def highest_rate(file: BinaryIO, begin: int) -> int:
    """Hz: the highest rate of MPEG-1 layer III frames from byte ``begin`` on; 0 without any."""
    highest, at = 0, begin
    while True:
        file.seek(at)
        data = file.read(_SEARCH)
        for found in _MPEG_1_HEADER.finditer(data):
            if _agree(data, found.start(), len(data)):
                header = _frame_header(data, found.start())
                assert header is not None
                highest = max(highest, header.kind[2])
        if len(data) < _SEARCH:
            return highest
        at += _SEARCH - _THREE_FRAMES


def is_free_format(file: BinaryIO) -> bool:
    """The file begins with MPEG frames of a bit rate that is in no table, so of no known size."""
    file.seek(0)
    data = file.read(_FIRST_READ)
    head = data[:4]
    if len(head) < 4:
        return False
    version, layer = data[1] >> 3 & 3, 4 - (data[1] >> 1 & 3)
    if data[0] != 0xFF or data[1] < 0xE0 or version == 1 or layer == 4 or data[2] & 0xF0:
        return False
    if data[2] & 0x0C == 0x0C:
        return False
    same = [head[:2] + bytes([head[2] & 0xFD | padding]) for padding in (0, 2)]
    found = re.finditer(b"|".join(map(re.escape, same)), data)
    places = [one.start() for one in islice(found, _CANDIDATES)]
    for place in places[1:]:
        expected = {2 * place + slack for slack in (-4, -1, 0, 1, 4)}
        if place >= _LEAST_FREE and expected & set(places):
            return True
    return False


def info_frame(data: bytes) -> bytes:
    """Make an Info frame that states a length without end, to stand before a first frame.

    ``data``: the stream's first bytes, beginning with a frame header. Decoders that stop at
    an estimate of the length (libsndfile does where the tag is missing) read to the end behind
    it. The layout is the de-facto Xing/LAME one, which only layer III has: empty for the others.
    """
    header = bytearray(data[:4])
    if header[1] >> 1 & 3 != 1:
        return b""
    header[1] |= 1  # no checksum follows
    header[2] = 9 << 4 | header[2] & 0x0C  # a bit rate whose frame has room for the tag
    first = _frame_header(bytes(header), 0)
    if first is None:
        raise ValueError("data does not begin with an MPEG audio frame header")
    frame = bytearray(first.size)
    frame[:4] = header
    tag = 4 + first.side_info
    frame[tag : tag + 12] = b"Info" + (1).to_bytes(4) + _ENDLESS.to_bytes(4)
    return bytes(frame)
