"""The genre's number in the 128 bytes that ID3v1 has at a file's end."""

from mutagen.id3 import TCON

from melonnx.infer.tags.containers.splice import Edit, View

__all__ = ["SIZE", "edit", "find", "genres", "others"]

SIZE = 128
"""Bytes."""
_NONE = 255


def find(view: View) -> bytes:
    """The tag; empty where there is none."""
    tail = bytes(view[-SIZE:])
    return tail if tail.startswith(b"TAG") and len(tail) == SIZE else b""


def genres(tag: bytes) -> list[str]:
    """The genre's name, if its number has one."""
    return TCON.GENRES[tag[-1] : tag[-1] + 1] if tag else []


def others(tag: bytes) -> list[tuple[str, bytes]]:
    """Everything but the genre."""
    return [("ID3v1", tag[:-1])] if tag else []


def edit(view: View, values: list[str]) -> list[Edit]:
    """The number of the first of ``values``; that of none where it has no number."""
    if not find(view):
        return []
    names = [name.casefold() for name in TCON.GENRES]
    name = values[0].casefold()
    number = min(names.index(name), _NONE) if name in names else _NONE
    return [Edit(len(view) - 1, len(view), bytes([number]))]
