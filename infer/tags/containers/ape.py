"""The fields in an APE tag behind MPEG audio (APEv1 and APEv2, wiki.hydrogenaud.io)."""

from collections.abc import Collection
from dataclasses import dataclass

from melonnx.infer.errors import TagError
from melonnx.infer.tags.containers import id3v1
from melonnx.infer.tags.containers.names import Fields
from melonnx.infer.tags.containers.splice import Edit, View

__all__ = ["Ape", "edit", "find", "others", "values"]

_MAGIC = b"APETAGEX"
_HEADER = 32
"""Bytes, of the footer, too."""
_HAS_HEADER = 1 << 31
_KIND = 0b110
"""Bits of an item's flags that are 0 where it is text."""
_LYRICS = b"LYRICS200"


@dataclass(frozen=True)
class Ape:
    """One APE tag."""

    start: int
    """Byte in the file."""
    end: int
    header: bytes
    """Empty where it has none."""
    items: tuple[tuple[bytes, int, bytes], ...]
    """Key, flags and value."""
    footer: bytes


def find(view: View) -> Ape | None:
    """The tag at the end, where ID3v1 and Lyrics3 may follow; None where there is none.

    Raises TagError where it is damaged.
    """
    end = len(view) - len(id3v1.find(view))
    if view[end - len(_LYRICS) : end] == _LYRICS and view[end - 15 : end - 9].isdigit():
        behind = end - 15 - int(view[end - 15 : end - 9])
        if view[behind - _HEADER : behind - _HEADER + 8] == _MAGIC:
            end = behind
    footer = bytes(view[max(0, end - _HEADER) : end])
    if not footer.startswith(_MAGIC):
        return None
    size, flags = _number(footer, 12), _number(footer, 20)
    first = end - size
    start = first - _HEADER * bool(flags & _HAS_HEADER)
    header = bytes(view[start:first]) if start >= 0 else b""
    if size < _HEADER or start < 0 or (header and not header.startswith(_MAGIC)):
        raise _damaged()
    return Ape(start, end, header, tuple(_items(bytes(view[first : end - _HEADER]))), footer)


def _items(data: bytes) -> list[tuple[bytes, int, bytes]]:
    items: list[tuple[bytes, int, bytes]] = []
    at = 0
    while at < len(data):
        key_end = data.find(b"\0", at + 8)
        end = key_end + 1 + _number(data, at)
        if key_end < 0 or end > len(data):
            raise _damaged()
        items.append((data[at + 8 : key_end], _number(data, at + 4), data[key_end + 1 : end]))
        at = end
    return items


def values(tag: Ape, field: str) -> list[str]:
    """What it has in a field."""
    found: list[str] = []
    for key, flags, value in tag.items:
        if _is(key, field) and not flags & _KIND:
            try:
                text = value.decode()
            except UnicodeDecodeError:
                text = value.decode("latin-1")  # as APEv1 has it
            found += [part for part in text.split("\0") if part.strip()]
    return found


def others(tag: Ape, fields: Collection[str]) -> list[tuple[str, bytes]]:
    """Name and bytes of everything but ``fields``."""
    return [
        (f"APE {key.decode('latin-1')}", flags.to_bytes(4, "little") + value)
        for key, flags, value in tag.items
        if not any(_is(key, field) for field in fields)
    ]


def edit(tag: Ape, fields: Fields) -> list[Edit]:
    """Those of ``fields`` that it has get their values; the first of several such items has
    them.
    """
    items: list[tuple[bytes, int, bytes]] = []
    written = set[str]()
    for key, flags, value in tag.items:
        field = next((field for field in fields if _is(key, field)), None)
        if field is None:
            items.append((key, flags, value))
        elif field not in written:
            items.append((key, flags & ~_KIND, "\0".join(fields[field]).encode()))
            written.add(field)
    if not written:
        return []
    data = b"".join(
        len(value).to_bytes(4, "little") + flags.to_bytes(4, "little") + key + b"\0" + value
        for key, flags, value in items
    )
    sizes = (len(data) + _HEADER).to_bytes(4, "little") + len(items).to_bytes(4, "little")
    ends = [part and part[:12] + sizes + part[20:] for part in (tag.header, tag.footer)]
    return [Edit(tag.start, tag.end, ends[0] + data + ends[1])]


def _is(key: bytes, field: str) -> bool:
    return key.upper() == field.encode()


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _damaged() -> TagError:
    return TagError("has an APE tag that cannot be read: left alone")
