"""The fields among Vorbis comments: in flac's blocks, and in the header packets of Ogg."""

from collections.abc import Collection
from typing import NamedTuple

from melonnx.infer.errors import TagError
from melonnx.infer.tags.containers.names import Fields
from melonnx.infer.tags.containers.splice import Edit, View

__all__ = [
    "flac_edit",
    "flac_others",
    "flac_values",
    "ogg_others",
    "ogg_values",
]

_PADDING, _COMMENTS = 1, 4
_VENDOR = b"melonnx"
"""Of comments that are new; readers expect somebody."""
_LAST = 0x80
_MOST = (1 << 24) - 1
_ROOM = 1024
"""Bytes of padding behind comments that had to grow."""
_BEFORE_COMMENTS = (b"\x03vorbis", b"OpusTags")


class _Comments(NamedTuple):
    vendor: bytes
    entries: list[bytes]
    """Like ``GENRE=Rock``."""
    rest: bytes
    """Behind them."""


class _Block(NamedTuple):
    kind: int
    start: int
    """Byte of its header of four bytes."""
    end: int


def _parse(data: bytes) -> _Comments:
    vendor_end = 4 + _number(data, 0)
    count, at = _number(data, vendor_end), vendor_end + 4
    entries: list[bytes] = []
    for _ in range(count):
        end = at + 4 + _number(data, at)
        entries.append(data[at + 4 : end])
        at = end
        if at > len(data):
            break
    if at > len(data):
        raise TagError("has tags that cannot be read (its comments are cut short)")
    return _Comments(data[4:vendor_end], entries, data[at:])


def _values(comments: _Comments, field: str) -> list[str]:
    values = [
        entry.partition(b"=")[2].decode("utf-8", "replace")
        for entry in comments.entries
        if _is(entry, field)
    ]
    return [value for value in values if value.strip()]


def _others(comments: _Comments, fields: Collection[str]) -> list[tuple[str, bytes]]:
    return [
        (entry.partition(b"=")[0].decode("utf-8", "backslashreplace"), entry)
        for entry in comments.entries
        if not any(_is(entry, field) for field in fields)
    ]


def _is(entry: bytes, field: str) -> bool:
    return entry.partition(b"=")[0].upper() == field.encode()


def _blocks(view: View, start: int) -> list[_Block]:
    at = start + 4
    found: list[_Block] = []
    while not found or not view[found[-1].start] & _LAST:
        header = view[at : at + 4]
        end = at + 4 + int.from_bytes(header[1:])
        if len(header) < 4 or end > len(view):
            raise TagError("has tags that cannot be read (its flac blocks are cut short)")
        found.append(_Block(header[0] & ~_LAST, at, end))
        at = end
    return found


def flac_values(view: View, start: int, field: str) -> list[str]:
    """What the flac that begins at byte ``start`` has in a field."""
    return [
        value
        for block in _blocks(view, start)
        if block.kind == _COMMENTS
        for value in _values(_content(view, block), field)
    ]


def flac_others(view: View, start: int, fields: Collection[str]) -> list[tuple[str, bytes]]:
    """Name and bytes of all comments but those of ``fields``, and of all blocks but padding."""
    found: list[tuple[str, bytes]] = []
    for block in _blocks(view, start):
        if block.kind == _COMMENTS:
            comments = _content(view, block)
            found += _others(comments, fields)
            if comments.vendor != _VENDOR:
                found.append(("vendor", comments.vendor))
        elif block.kind != _PADDING:
            found.append((f"block {block.kind}", bytes(view[block.start + 4 : block.end])))
    return found


def flac_edit(view: View, start: int, fields: Fields) -> list[Edit]:
    """The comments with the values of ``fields``, in the place of the old ones or behind the
    first block; padding gives room where there is some.
    """
    blocks = _blocks(view, start)
    old = next((block for block in blocks if block.kind == _COMMENTS), None)
    if old is None:
        old = _Block(_COMMENTS, blocks[0].end, blocks[0].end)
        comments = _Comments(_VENDOR, [], b"")
        at = 1
    else:
        comments = _content(view, old)
        at = blocks.index(old)
    data = _rendered(comments, fields)
    padding = sum(block.end - block.start for block in blocks if block.kind == _PADDING)
    kept = [block for block in blocks if block.kind not in {_COMMENTS, _PADDING}]
    grown = 4 + len(data) - (old.end - old.start)
    room = padding - grown
    parts = [(block.kind, bytes(view[block.start + 4 : block.end])) for block in kept]
    at = min(at, len(parts))
    parts.insert(at, (_COMMENTS, data))
    parts.append((_PADDING, bytes(room - 4 if 4 <= room <= _MOST else _ROOM)))
    if any(len(content) > _MOST for _, content in parts):
        raise TagError("has no room for more: its comments are full")
    made = b"".join(
        bytes([kind | _LAST * (n == len(parts))]) + len(content).to_bytes(3) + content
        for n, (kind, content) in enumerate(parts, 1)
    )
    return [Edit(blocks[0].start, blocks[-1].end, made)]


def _content(view: View, block: _Block) -> _Comments:
    return _parse(bytes(view[block.start + 4 : block.end]))


def _rendered(comments: _Comments, fields: Fields) -> bytes:
    """Each field in its old place, or behind the others."""
    made = comments.entries
    for field, values in fields.items():
        at = next((n for n, entry in enumerate(made) if _is(entry, field)), len(made))
        new = [f"{field}={value}".encode() for value in values]
        rest = [entry for entry in made[at:] if not _is(entry, field)]
        made = [*made[:at], *new, *rest]
    lengths = [len(entry).to_bytes(4, "little") + entry for entry in made]
    vendor = len(comments.vendor).to_bytes(4, "little") + comments.vendor
    return vendor + len(made).to_bytes(4, "little") + b"".join(lengths) + comments.rest


def _ogg_packets(view: View) -> list[bytes]:
    """The header packets of the first stream: all on pages of granule position 0 or none."""
    packets, begun = list[bytes](), b""
    at, serial = 0, bytes(view[14:18])
    while view[at : at + 4] == b"OggS" and at + 27 <= len(view):
        n_lengths = view[at + 26]
        lengths = view[at + 27 : at + 27 + n_lengths]
        start = at + 27 + n_lengths
        if view[at + 14 : at + 18] == serial:
            if view[at + 6 : at + 14] not in (bytes(8), b"\xff" * 8) or (
                packets and view[at + 5] & 2  # another of the number
            ):
                break
            place = start
            for length in lengths:
                begun += view[place : place + length]
                place += length
                if length < 255:
                    packets.append(begun)
                    begun = b""
        at = start + sum(lengths)
    if len(packets) < 2:
        raise TagError("has tags that cannot be read (its Ogg headers are cut short)")
    return packets


def _ogg_comments(packets: list[bytes]) -> _Comments:
    packet = packets[1]
    for magic in _BEFORE_COMMENTS:
        if packet.startswith(magic):
            return _parse(packet[len(magic) :])
    if packets[0].startswith(b"\x7fFLAC"):
        return _parse(packet[4:])
    return _parse(packet)  # Speex


def ogg_values(view: View, field: str) -> list[str]:
    """What the first stream has in a field."""
    return _values(_ogg_comments(_ogg_packets(view)), field)


def ogg_others(view: View, fields: Collection[str]) -> list[tuple[str, bytes]]:
    """Name and bytes of all comments but those of ``fields``, and of all header packets but
    theirs.
    """
    packets = _ogg_packets(view)
    comments = _ogg_comments(packets)
    found = [*_others(comments, fields), ("vendor", comments.vendor)]
    headers = [packets[0], *packets[2:]]
    if packets[0].startswith(b"\x7fFLAC"):
        headers = [header for header in headers if header[:1] != b"\x81"]  # padding
    return found + [("an Ogg header", header) for header in headers]


def _number(data: bytes, at: int) -> int:
    if at + 4 > len(data):
        raise TagError("has tags that cannot be read (its comments are cut short)")
    return int.from_bytes(data[at : at + 4], "little")
