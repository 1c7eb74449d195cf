"""The genre in an APE tag behind MPEG audio (APEv1 and APEv2, wiki.hydrogenaud.io)."""

from dataclasses import dataclass

from melonnx.infer.errors import TagError
from melonnx.infer.tags.containers import id3v1
from melonnx.infer.tags.containers.splice import Edit, View

__all__ = ["Ape", "edit", "find", "genres", "others"]

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


def genres(tag: Ape) -> list[str]:
    """The genres in it."""
    found: list[str] = []
    for key, flags, value in tag.items:
        if _is_genre(key) and not flags & _KIND:
            try:
                text = value.decode()
            except UnicodeDecodeError:
                text = value.decode("latin-1")  # as APEv1 has it
            found += [genre for genre in text.split("\0") if genre.strip()]
    return found


def others(tag: Ape) -> list[tuple[str, bytes]]:
    """Name and bytes of everything but the genre."""
    return [
        (f"APE {key.decode('latin-1')}", flags.to_bytes(4, "little") + value)
        for key, flags, value in tag.items
        if not _is_genre(key)
    ]


def edit(tag: Ape, values: list[str]) -> list[Edit]:
    """Its genre, if it has one, becomes ``values``; the first of several such items has them."""
    if not any(_is_genre(key) for key, _, _ in tag.items):
        return []
    text = "\0".join(values).encode()
    items: list[tuple[bytes, int, bytes]] = []
    is_written = False
    for key, flags, value in tag.items:
        if not _is_genre(key):
            items.append((key, flags, value))
        elif not is_written:
            items.append((key, flags & ~_KIND, text))
            is_written = True
    data = b"".join(
        len(value).to_bytes(4, "little") + flags.to_bytes(4, "little") + key + b"\0" + value
        for key, flags, value in items
    )
    sizes = (len(data) + _HEADER).to_bytes(4, "little") + len(items).to_bytes(4, "little")
    ends = [part and part[:12] + sizes + part[20:] for part in (tag.header, tag.footer)]
    return [Edit(tag.start, tag.end, ends[0] + data + ends[1])]


def _is_genre(key: bytes) -> bool:
    return key.lower() == b"genre"


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _damaged() -> TagError:
    return TagError("has an APE tag that cannot be read: left alone")
