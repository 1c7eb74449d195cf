"""Finds AC-3, E-AC-3 and DTS among bytes: their frames, or the bursts of S/PDIF around them."""

from dataclasses import dataclass

__all__ = ["Coded", "coded_frames", "find_coded", "may_be_coded"]

_AC3_KBITS = (
    32,
    40,
    48,
    56,
    64,
    80,
    96,
    112,
    128,
    160,
    192,
    224,
    256,
    320,
    384,
    448,
    512,
    576,
    640,
)
"""Of a frame, by half of frmsizecod (ATSC A/52, table 5.18)."""
_DTS_SIGNS = (b"\x7f\xfe\x80\x01", b"\xfe\x7f\x01\x80", b"\x1f\xff\xe8\x00", b"\xff\x1f\x00\xe8")
"""16 bits a word, big and little endian, and 14 bits (ETSI TS 102 114)."""
_BURST = b"\x72\xf8\x1f\x4e"
"""Pa and Pb of IEC 61937, little endian."""
_IN_BURST = {1: "ac3", 21: "eac3", 11: "dts", 12: "dts", 13: "dts", 17: "dts"}
_CANDIDATES = 64
_THREE_FRAMES = 3 * 4096
"""Bytes."""


@dataclass(frozen=True)
class Coded:
    """A bitstream in the place of samples."""

    kind: str
    """"ac3", "eac3" or "dts"."""
    in_bursts: bool
    """S/PDIF (IEC 61937)."""
    swapped: bool
    """The bytes of each 16-bit word are in the wrong order for FFmpeg."""


def find_coded(data: bytes) -> Coded | None:
    """The bitstream in ``data``, 16-bit samples in little-endian order; None for music.

    Two bursts or three frames in a row: sound does not look like that by chance.
    """
    for swapped in (False, True):
        at = data.find(_swap(_BURST) if swapped else _BURST)
        if at >= 0 and at % 2 == 0:
            word = int.from_bytes(data[at + 4 : at + 6], "big" if swapped else "little")
            kind = _IN_BURST.get(word & 0x1F, "")
            if kind and data.find(data[at : at + 4], at + 8) > 0:
                return Coded(kind, in_bursts=True, swapped=swapped)
    if kind := _dts(data):
        return Coded(kind, in_bursts=False, swapped=False)
    return _raw_ac3(data)


def may_be_coded(data: bytes) -> bool:
    """``data`` holds what begins a burst or a frame; more of it will tell. Music has none."""
    signs = (_BURST, _swap(_BURST), *_DTS_SIGNS)
    return any(sign in data for sign in signs) or _raw_ac3(data) is not None


def _raw_ac3(data: bytes) -> Coded | None:
    for swapped in (False, True):
        sign = b"\x77\x0b" if swapped else b"\x0b\x77"
        at = data.find(sign)
        for _ in range(_CANDIDATES):
            if at < 0:
                break
            head = data[at : at + 6]
            is_constant = head[2:4] == sign  # a pause at a level that is by chance the sign's
            if at % 2 == 0 and not is_constant and _ac3_frame(_swap(head) if swapped else head)[1]:
                part = data[at : at + _THREE_FRAMES]
                if kind := _ac3(_swap(part) if swapped else part):
                    return Coded(kind, in_bursts=False, swapped=swapped)
            at = data.find(sign, at + 1)
    return None


def coded_frames(data: bytes) -> str:
    """What ``data`` begins with: "ac3", "eac3" or "dts", by three frames in a row; else ""."""
    if data[:4] in _DTS_SIGNS:
        return _dts(data)
    return _ac3(_swap(data) if data[:2] == b"\x77\x0b" else data)


def _swap(data: bytes) -> bytes:
    swapped = bytearray(data[: len(data) // 2 * 2])
    swapped[::2], swapped[1::2] = swapped[1::2], swapped[::2]
    return bytes(swapped)


def _dts(data: bytes) -> str:
    """Three sync words at one distance."""
    for sign in _DTS_SIGNS:
        first = data.find(sign)
        second = data.find(sign, first + 96) if first >= 0 else -1
        third = 2 * second - first
        if second >= 0 and data[third : third + 4] == sign:
            return "dts"
    return ""


def _ac3(data: bytes) -> str:
    """Three frames in a row, or the two that there are."""
    at, kind = 0, ""
    for found in range(3):
        if at >= len(data) and found == 2:
            break
        kind, size = _ac3_frame(data[at : at + 6])
        if not size:
            return ""
        at += size
    return kind


def _ac3_frame(head: bytes) -> tuple[str, int]:
    """Kind, and bytes to the next frame; 0 where none begins here."""
    if len(head) < 6 or head[:2] != b"\x0b\x77":
        return "", 0
    bsid = head[5] >> 3
    if 10 < bsid <= 16:
        return "eac3", 2 * (((head[2] & 7) << 8 | head[3]) + 1)
    rate, code = head[4] >> 6, head[4] & 0x3F
    if bsid > 10 or rate == 3 or code >= 2 * len(_AC3_KBITS):
        return "", 0
    kbits = _AC3_KBITS[code // 2]
    if rate == 0:
        return "ac3", 4 * kbits
    if rate == 2:
        return "ac3", 6 * kbits
    return "ac3", 2 * (kbits * 96_000 // 44_100 + code % 2)
