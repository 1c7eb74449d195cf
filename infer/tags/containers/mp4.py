"""The fields among the atoms of an m4a: Apple's own genre, its old number, free-form ones."""

from collections.abc import Collection, Iterator

from mutagen.id3 import TCON

from melonnx.infer.errors import TagError
from melonnx.infer.tags.containers.names import GENRE
from melonnx.infer.tags.containers.splice import View

__all__ = ["others", "values"]

_PATH = (b"moov", b"udta", b"meta", b"ilst")
_APPLE, _NUMBER, _FREE = b"\xa9gen", b"gnre", b"----"


def values(view: View, field: str) -> list[tuple[str, list[str]]]:
    """What each place says: of the genre Apple's own first, then free-form atoms of that name."""
    apple: list[str] = []
    free: list[str] = []
    for name, start, end in _tags(view):
        if name == _APPLE and field == GENRE:
            apple += [_text(value) for value in _values(view, start, end)]
        elif name == _NUMBER and field == GENRE:
            numbers = [int.from_bytes(value) for value in _values(view, start, end)]
            apple += [name for number in numbers for name in TCON.GENRES[max(0, number - 1) :][:1]]
        elif name == _FREE and _free_name(view, start, end) == field:
            free += [_text(value) for value in _values(view, start, end)]
    return [
        (place, [value for value in found if value.strip()])
        for place, found in (("MP4", apple), ("MP4 free-form", free))
    ]


def others(view: View, fields: Collection[str]) -> list[tuple[str, bytes]]:
    """Name and bytes of every atom but those of ``fields``."""
    apple = {_APPLE, _NUMBER} if GENRE in fields else set[bytes]()
    return [
        (_free_name(view, start, end) or _name(name), bytes(view[start:end]))
        for name, start, end in _tags(view)
        if name not in apple and _free_name(view, start, end) not in fields
    ]


def _tags(view: View) -> Iterator[tuple[bytes, int, int]]:
    """Name, first byte of content and the byte behind it, of each atom of tags."""
    start, end = 0, len(view)
    for wanted in _PATH:
        found = next((atom for atom in _atoms(view, start, end) if atom[0] == wanted), None)
        if found is None:
            if wanted == b"moov":
                raise TagError("has tags that cannot be read (it has no moov atom)")
            return
        _, start, end = found
        if wanted == b"meta" and view[start + 4 : start + 8] != b"hdlr":
            start += 4  # version and flags, which QuickTime leaves out
    yield from _atoms(view, start, end)


def _atoms(view: View, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while start + 8 <= end:
        length, inner = int.from_bytes(view[start : start + 4]), start + 8
        if length == 1:
            length, inner = int.from_bytes(view[inner : inner + 8]), start + 16
        behind = start + length if length else end
        if not inner <= behind <= end:
            raise TagError(
                "has tags that cannot be read "
                f"(its atom {_name(bytes(view[start + 4 : start + 8]))} is cut short)"
            )
        yield bytes(view[start + 4 : start + 8]), inner, behind
        start = behind


def _values(view: View, start: int, end: int) -> list[bytes]:
    """Of the data atoms; the first eight bytes tell their kind and language."""
    atoms = _atoms(view, start, end)
    return [bytes(view[at + 8 : behind]) for name, at, behind in atoms if name == b"data"]


def _free_name(view: View, start: int, end: int) -> str:
    """In capitals; empty for what is no free-form atom."""
    if view[start - 4 : start] != _FREE:
        return ""
    atoms = _atoms(view, start, end)
    return next((_text(view[at + 4 : to]).upper() for name, at, to in atoms if name == b"name"), "")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _name(name: bytes) -> str:
    return name.decode("latin-1")
