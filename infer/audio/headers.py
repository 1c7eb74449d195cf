"""Compares the length that a header states with the file's own, and mends what cannot be right.

Only uncompressed containers and Ogg: what a FLAC or an mp3 promises counts samples, and is
compared with what decodes.
"""

from typing import BinaryIO, Literal, cast

from melonnx.infer.audio.joined import Joined

__all__ = ["has_samples", "is_cut_short", "last_page_samples", "mend", "without_peak"]

_TOLERANCE = 16
"""Bytes: some writers count the header twice."""
_UNKNOWN = 0x7FFFFFFF
"""Lengths of 32 bits from here on stand for none, as pipes write them."""
_OGG_TAIL = 1 << 17
"""Bytes; a page has at most 65307."""
_HEADER = 1 << 20
"""Bytes in which the samples must begin."""


def is_cut_short(file: BinaryIO, container: str, size: int) -> bool:
    """True where the file has fewer bytes than it promises, or an Ogg stream does not end.

    ``container``: as ``melonnx.infer.audio.sniff`` names it. ``size``: bytes of ``file``.
    """
    if container == "ogg":
        return not _ogg_ends(file, size)
    if container == "caf":
        data = _data_chunk(file, container)
        return data is not None and data[1] < 1 << 63 and size < sum(data)
    file.seek(0)
    head = file.read(64)
    match container:
        case "riff" if head[:4] == b"RF64":
            promised = int.from_bytes(head[20:28], "little")
        case "riff" | "aiff":
            promised = int.from_bytes(head[4:8], _order(head))
            promised = promised if promised < _UNKNOWN else 0
        case "w64":
            promised = int.from_bytes(head[16:24], "little")
        case "au":
            samples = int.from_bytes(head[8:12])
            promised = int.from_bytes(head[4:8]) + samples if samples < _UNKNOWN else 0
        case _:
            promised = 0
    return size + _TOLERANCE < promised + (8 if container in ("riff", "aiff") else 0)


def mend(file: BinaryIO, container: str, size: int) -> BinaryIO:
    """``file``, or a view of it with a true length where libsndfile would refuse or lose it.

    That is a caf whose samples are cut off or of unknown length, and a wav whose recorder died
    before it came back to write the lengths.
    """
    data = _data_chunk(file, container) if container in ("riff", "caf") else None
    if data is None:
        return file
    first, claimed = data
    file.seek(0)
    head = file.read(first)
    if container == "caf":
        wrong, width = first + claimed > size, 8
    else:
        in_riff = int.from_bytes(head[4:8], _order(head)) + 8
        wrong, width = claimed == 0 and in_riff != size, 4
    if not wrong:
        return file
    true = min(size - first, 256**width - 1).to_bytes(width, _order(head))
    return cast("BinaryIO", Joined(head[:-width] + true, file, first))


def has_samples(file: BinaryIO, container: str) -> bool:
    """A header like that of audio is there, and the chunk that holds what it is about."""
    if container in ("riff", "caf"):
        return _data_chunk(file, container) is not None
    file.seek(0)
    head = file.read(1 << 16)
    return container == "aiff" and b"COMM" in head and b"SSND" in head


def without_peak(file: BinaryIO, container: str) -> BinaryIO | None:
    """A view of a wav or aiff whose PEAK chunk has another name, so that it is not read.

    Adobe Audition writes chunks of another length than libsndfile asks for. None where there is
    no such chunk before the samples.
    """
    if container not in ("riff", "aiff"):
        return None
    file.seek(0)
    order, at = _order(file.read(4)), 12
    while at < _HEADER:
        file.seek(at)
        header = file.read(8)
        if len(header) < 8 or header[:4] in (b"data", b"SSND"):
            return None
        if header[:4] == b"PEAK":
            file.seek(0)
            return cast("BinaryIO", Joined(file.read(at) + b"JUNK", file, at + 4))
        length = int.from_bytes(header[4:], order)
        at += 8 + length + length % 2
    return None


def _order(head: bytes) -> Literal["little", "big"]:
    return "little" if head[:4] in (b"RIFF", b"RF64") else "big"


def _data_chunk(file: BinaryIO, container: str) -> tuple[int, int] | None:
    """First byte of the samples, and how many bytes of them the chunk's header claims."""
    at, width = (8, 8) if container == "caf" else (12, 4)
    file.seek(0)
    order = _order(file.read(4))
    while at < _HEADER:
        file.seek(at)
        header = file.read(4 + width)
        if len(header) < 4 + width:
            return None
        length = int.from_bytes(header[4:], order)
        at += 4 + width
        if header[:4] == b"data":
            return at, length
        at += length + length % 2 * (container == "riff")
    return None


def last_page_samples(file: BinaryIO, size: int) -> int | None:
    """Samples of the last page of an Ogg stream, at its own rate; None where its end has no two."""
    file.seek(max(0, size - 2 * _OGG_TAIL))
    tail = file.read()
    places: list[int] = []
    at = len(tail)
    while len(places) < 2:
        at = tail.rfind(b"OggS\0", 0, at)
        if at < 0 or at + 14 > len(tail):
            return None
        place = int.from_bytes(tail[at + 6 : at + 14], "little", signed=True)
        if place >= 0:  # -1: no packet ends in this page
            places.append(place)
    return places[0] - places[1]


def _ogg_ends(file: BinaryIO, size: int) -> bool:
    """The last page is whole and bears the end-of-stream flag (RFC 3533, section 6)."""
    file.seek(max(0, size - _OGG_TAIL))
    tail = file.read()
    at = tail.rfind(b"OggS")
    page = tail[at:]
    if at < 0 or len(page) < 27:
        return False
    n_segments = page[26]
    length = 27 + n_segments + sum(page[27 : 27 + n_segments])
    return bool(page[5] & 4) and length <= len(page)
