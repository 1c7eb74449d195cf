"""Reads how an Ogg file is laid out: its links, one behind the other, and the streams in each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

import numpy as np

from melonnx.infer.audio.extents import Extents

__all__ = ["Link", "OggStream", "find_links", "is_all_celt", "packets_of", "pages_of"]

_BLOCK = 1 << 20
_BEGINS = re.compile(rb"OggS\0[\x02\x06]")
"""A page that begins a stream (RFC 3533, section 6); \\6: and ends it."""
_HEADER = 27
_LARGEST = _HEADER + 255 + 255 * 255
"""Bytes of a page."""
_SMALLEST_LINK = 100
"""Bytes: the headers of any codec are more."""
_CELT = 0x80
"""The first byte of Opus packets without SILK."""


@dataclass(frozen=True)
class OggStream:
    """One stream of a link, as its first packet tells it."""

    serial: bytes
    codec: str
    """"vorbis", "opus", "flac", "speex"; "" for what is no audio known here."""
    rate: int = 0
    """Hz."""
    channels: int = 0


@dataclass(frozen=True)
class Link:
    """Streams that begin together, up to where others begin."""

    start: int
    """First byte of its first page."""
    end: int
    """Byte behind its last page."""
    streams: tuple[OggStream, ...]

    @property
    def audio(self) -> list[OggStream]:
        """Those that are audio."""
        return [stream for stream in self.streams if stream.codec]


def find_links(file: BinaryIO, size: int) -> list[Link]:
    """All links of an Ogg file in order; a search for beginnings of streams, not a walk.

    ``size``: bytes of ``file``. A plain file costs one pass of C code over its bytes.
    """
    groups: list[tuple[int, list[OggStream]]] = []
    behind = -1  # the byte at which one more stream of the same link would begin
    for at, page in _beginnings(file):
        if len(page) < _HEADER + 1:
            continue
        n_segments = page[26]
        length = _HEADER + n_segments + sum(page[_HEADER : _HEADER + n_segments])
        packet = page[_HEADER + n_segments : length]
        stream = _stream(page[14:18], packet)
        if at == behind and groups:
            groups[-1][1].append(stream)
        elif stream.codec or not groups or packet[:1] in (b"\x80", b"f", b"B", b"\x01"):
            groups.append((at, [stream]))
        else:  # a page's beginning by chance, in the midst of another's data
            continue
        behind = at + length
    starts = [start for start, _ in groups] + [size]
    return [
        Link(start, end, tuple(streams))
        for (start, streams), end in zip(groups, starts[1:], strict=True)
        if end - start >= _SMALLEST_LINK
    ]


def _beginnings(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Each place where a stream begins, and the bytes from there on, a page's at most."""
    base, kept = 0, b""
    while True:
        file.seek(base + len(kept))
        data = kept + file.read(_BLOCK)
        is_last = len(data) < len(kept) + _BLOCK
        until = len(data) if is_last else len(data) - _LARGEST
        for found in _BEGINS.finditer(data):
            if found.start() >= until:
                break
            yield base + found.start(), data[found.start() : found.start() + _LARGEST]
        if is_last:
            return
        base, kept = base + until, data[until:]


def _stream(serial: bytes, packet: bytes) -> OggStream:
    little = lambda at, n: int.from_bytes(packet[at : at + n], "little")  # noqa: E731
    if packet.startswith(b"\x01vorbis"):
        return OggStream(serial, "vorbis", little(12, 4), little(11, 1))
    if packet.startswith(b"OpusHead"):
        return OggStream(serial, "opus", 48_000, little(9, 1))
    if packet.startswith(b"Speex   "):
        return OggStream(serial, "speex", little(36, 4), little(48, 4))
    if packet.startswith((b"\x7fFLAC", b"fLaC")):
        info = packet[packet.find(b"fLaC") + 8 :]
        return OggStream(
            serial,
            "flac",
            int.from_bytes(info[10:13]) >> 4,
            (int.from_bytes(info[12:13]) >> 1 & 7) + 1,
        )
    return OggStream(serial, "")


def is_all_celt(file: BinaryIO, link: Link) -> bool:
    """Whether a link of one Opus stream never speaks in SILK, whose state has no end (RFC 6716).

    Each packet's first byte tells; the first two are headers.
    """
    headers = 2
    for at, head, body in _walk(file, link, link.streams[0].serial):
        file.seek(at)
        page = np.frombuffer(file.read(head + body), np.uint8)
        lacing = page[_HEADER:head]
        is_first = np.concatenate([[not page[5] & 1], lacing[:-1] < 255])
        begins = head + np.concatenate([[0], np.cumsum(lacing[:-1], dtype=np.int64)])
        firsts = page[begins[is_first & (begins < len(page))]]
        if (firsts[headers:] < _CELT).any():
            return False
        headers -= min(headers, len(firsts))
    return True


def pages_of(file: BinaryIO, link: Link, stream: OggStream) -> BinaryIO:
    """A view of the pages of ``stream`` alone, as an Ogg file of its own."""
    if len(link.streams) == 1:
        spans = [(link.start, link.end - link.start)]
    else:
        spans = [(at, head + body) for at, head, body in _walk(file, link, stream.serial)]
    return _view(file, spans)


def packets_of(file: BinaryIO, link: Link, stream: OggStream) -> BinaryIO:
    """A view of what the pages of a FLAC ``stream`` carry: a plain FLAC file."""
    spans = [(at + head, body) for at, head, body in _walk(file, link, stream.serial)]
    if spans:  # "\x7fFLAC", version and number of headers stand before "fLaC"
        at, length = spans[0]
        file.seek(at)
        mapped = 9 if file.read(1) == b"\x7f" else 0
        spans[0] = at + mapped, max(0, length - mapped)
    return _view(file, spans)


def _view(file: BinaryIO, spans: list[tuple[int, int]]) -> BinaryIO:
    parts = np.array(spans, np.int64).reshape(-1, 2)
    return cast("BinaryIO", Extents(file, parts[:, 0], parts[:, 1]))


def _walk(file: BinaryIO, link: Link, serial: bytes) -> Iterator[tuple[int, int, int]]:
    """Pages of one stream: first byte, bytes of the header, bytes behind it."""
    base, data, at = link.start, b"", 0
    while base + at < link.end:
        if len(data) - at < _LARGEST and base + len(data) < link.end:
            base, at = base + at, 0
            file.seek(base)
            data = file.read(min(_BLOCK, link.end - base))
        if data[at : at + 4] != b"OggS":  # damage
            at = data.find(b"OggS", at + 1)
            if at < 0:
                at = max(1, len(data) - 3)
                if base + len(data) >= link.end:
                    return
            continue
        head = _HEADER + (data[at + 26] if at + 26 < len(data) else 0)
        body = sum(data[at + _HEADER : at + head])
        body = min(body, link.end - base - at - head)
        if body < 0:
            return
        if data[at + 14 : at + 18] == serial:
            yield base + at, head, body
        at += head + body
