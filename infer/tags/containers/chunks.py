"""The fields in the chunks of wav (ID3, and RIFF's own INFO list) and aiff (ID3)."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Literal, NamedTuple

from melonnx.infer.errors import TagError
from melonnx.infer.tags.containers import id3
from melonnx.infer.tags.containers.names import GENRE, Fields
from melonnx.infer.tags.containers.splice import Edit, View

__all__ = ["edits", "others", "values"]

Order = Literal["little", "big"]
"""Of the bytes in a length: wav's is little, aiff's big."""

_AUDIO = {b"data", b"SSND"}
_GENRE = b"IGNR"
_OF_PEOPLE = {_GENRE, b"INAM", b"IART", b"IPRD"}
"""Genre, title, artist and album: what a list has that is more than a program's name."""
_MOST = (1 << 32) - 1


class _Chunk(NamedTuple):
    name: bytes
    start: int
    """Byte of its content."""
    length: int

    @property
    def end(self) -> int:
        """Byte behind it, and behind the one that makes its length even."""
        return self.start + self.length + self.length % 2


def _chunks(view: View, order: Order) -> Iterator[_Chunk]:
    at = 12
    while at + 8 <= len(view):
        chunk = _Chunk(
            bytes(view[at : at + 4]), at + 8, int.from_bytes(view[at + 4 : at + 8], order)
        )
        if chunk.start + chunk.length > len(view):
            raise TagError("claims more bytes than it has: it is cut short, or a recording")
        yield chunk
        at = chunk.end


def values(view: View, order: Order, field: str) -> list[tuple[str, list[str]]]:
    """What each place that has a field says: ID3 first, then the INFO list, of genres alone."""
    places: list[tuple[str, list[str]]] = []
    for chunk in _chunks(view, order):
        if _is_id3(chunk):
            places.insert(0, ("ID3", id3.values(_tag(view, chunk), field)))
        elif _is_info(view, chunk) and field == GENRE:
            found = [_text(data) for name, data in _info(view, chunk)[0] if name == _GENRE]
            places.append(("RIFF INFO", [genre for genre in found if genre.strip()]))
    return places


def others(
    view: View, order: Order, fields: Collection[str], style: id3.Style
) -> list[tuple[str, bytes]]:
    """Name and bytes of everything but ``fields`` and audio."""
    ours = {_GENRE} if GENRE in fields else set[bytes]()
    found: list[tuple[str, bytes]] = []
    for chunk in _chunks(view, order):
        if _is_id3(chunk):
            found += id3.others(_tag(view, chunk), fields, style)
        elif _is_info(view, chunk):
            parts, rest = _info(view, chunk)
            found += [(_name(name), data) for name, data in parts if name not in ours]
            found += [("LIST", rest)] if rest else []
        elif chunk.name not in _AUDIO:
            found.append((_name(chunk.name), bytes(view[chunk.start : chunk.start + chunk.length])))
    return found


def edits(view: View, order: Order, fields: Fields, style: id3.Style) -> list[Edit]:
    """Every ID3 chunk gets the values of ``fields``, and the INFO list the genre where it has one.

    Where there is no ID3 chunk, the INFO list gets the genre if somebody has filled it: TagLib
    shows nothing of it beside an ID3 tag. Else an ID3 chunk is put behind the others. Raises
    TagError for other fields of a file that has nothing but the list.
    """
    genre = style.join(fields[GENRE]) if GENRE in fields else ""
    made: list[Edit] = []
    chunks = [*_chunks(view, order)]
    has_id3 = any(map(_is_id3, chunks))
    due = {_GENRE} if has_id3 else _OF_PEOPLE
    in_info = False
    for chunk in chunks:
        if _is_id3(chunk):
            data = id3.render(_tag(view, chunk), fields, style)
        elif _is_info(view, chunk) and not due.isdisjoint(dict(_info(view, chunk)[0])):
            if not has_id3 and (strange := [field for field in fields if field != GENRE]):
                raise TagError(
                    f"has tags of RIFF alone (INFO), which have no {strange[0]}: left alone; with "
                    "an ID3 tag it would have room"
                )
            if not genre:
                continue
            data = _info_with(view, chunk, genre)
            in_info = True
        else:
            continue
        end = min(chunk.end, len(view))
        made.append(Edit(chunk.start - 8, end, _chunk(chunk.name, data, order)))
    claimed = 8 + int.from_bytes(view[4:8], order)
    last = chunks[-1].end if chunks else 12
    form_end = claimed if claimed in {chunk.end for chunk in chunks} else last
    if not (has_id3 or in_info):
        name = b"id3 " if order == "little" else b"ID3 "
        lacking = b"\0" * max(0, form_end - len(view))  # the byte that makes a length even
        at = min(form_end, len(view))
        data = lacking + _chunk(name, id3.render(id3.new_tag(), fields, style), order)
        made.append(Edit(at, at, data))
    length = form_end - 8 + sum(len(edit.data) - (edit.end - edit.start) for edit in made)
    if form_end > len(view):  # which a new byte has made up for
        length -= form_end - len(view)
    if length > _MOST:
        raise TagError("has no room for more: it is as long as such a file can be")
    return [Edit(4, 8, length.to_bytes(4, order)), *made]


def _chunk(name: bytes, data: bytes, order: Order) -> bytes:
    return name + len(data).to_bytes(4, order) + data + b"\0" * (len(data) % 2)


def _is_id3(chunk: _Chunk) -> bool:
    return chunk.name.lower() == b"id3 " and chunk.length > 0


def _tag(view: View, chunk: _Chunk) -> id3.Tag:
    data = bytes(view[chunk.start : chunk.start + chunk.length])
    tag = id3.read_tag(data)
    if data[tag.end :].strip(b"\0"):
        raise TagError("has something behind the ID3 tag in its chunk: left alone")
    return replace(tag, start=0, end=len(data))


def _is_info(view: View, chunk: _Chunk) -> bool:
    return chunk.name == b"LIST" and view[chunk.start : chunk.start + 4] == b"INFO"


def _info(view: View, chunk: _Chunk) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Name and content of each entry, and what is behind the last whole one."""
    data = bytes(view[chunk.start + 4 : chunk.start + chunk.length])
    found: list[tuple[bytes, bytes]] = []
    at = 0
    while at + 8 <= len(data):
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        if end > len(data):
            break
        found.append((data[at : at + 4], data[at + 8 : end]))
        at = end + (end - at) % 2
    return found, data[at:]


def _info_with(view: View, chunk: _Chunk, genre: str) -> bytes:
    parts, rest = _info(view, chunk)
    made = b"INFO"
    is_written = False
    for name, data in parts:
        if name == _GENRE:
            if is_written:
                continue
            data, is_written = genre.encode() + b"\0", True
        made += _chunk(name, data, "little")
    if not is_written:
        made += _chunk(_GENRE, genre.encode() + b"\0", "little")
    return made + rest


def _text(data: bytes) -> str:
    """INFO says no encoding: UTF-8 by now, that of Windows before."""
    data = data.partition(b"\0")[0]
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _name(name: bytes) -> str:
    return name.decode("ascii", "backslashreplace").replace("\0", "\\0")
