"""Cuts ID3v2 tags into frames and puts them together again; only the genre's frame is understood.

Frames that do not parse, of unknown or misspelt names, or longer than their tag, stay as they are.
ID3v2.2, 2.3 and 2.4 (id3.org).
"""

import io
import re
from dataclasses import dataclass, replace
from typing import NamedTuple

from mutagen.id3 import ID3

from melonnx.infer.errors import TagError
from melonnx.infer.tags.containers.splice import View

__all__ = [
    "Frame",
    "Style",
    "Tag",
    "genres",
    "new_tag",
    "others",
    "read_tag",
    "read_tags",
    "render",
    "upgraded",
]

_UNSYNCHRONISED, _EXTENDED, _FOOTER = 0x80, 0x40, 0x10
_COMPRESSED_22 = 0x40
_HEADER = 10
_PADDING = 1024
"""Bytes behind the frames of a tag that had to grow, so that the next change moves nothing."""
_MOST = 1 << 28
_GENRE = {b"TCON", b"TCO", b"TCO ", b"TCO\0"}
"""The last two are 2.2's name inside 2.3, as iTunes wrote it."""
_SOUND = re.compile(rb"[A-Z][A-Z0-9]{2,3}")
_ENCRYPTED = {3: 0x40, 4: 0x04}
_PACKED = 0xE0
"""Flags of a frame of 2.3 whose content has bytes before it: compressed, encrypted, grouped."""
_NEW_NAMES = {b"TYER": b"TDRC", b"TORY": b"TDOR", b"IPLS": b"TIPL"}
"""Of frames that 2.4 calls otherwise and writes alike."""


@dataclass(frozen=True)
class Style:
    """How several genres are written before ID3v2.4, which has lists."""

    separator: str | None = "; "
    """Between them in one text; None where only the first is written."""

    v24: bool = False
    """Tags of 2.3 become 2.4."""

    def join(self, values: list[str]) -> str:
        """The one text."""
        return values[0] if self.separator is None else self.separator.join(values)


class Frame(NamedTuple):
    """A frame as the file has it."""

    name: bytes
    """Three bytes in 2.2, else four; they may be no letters."""
    raw: bytes
    """Header and content."""


@dataclass(frozen=True)
class Tag:
    """One ID3v2 tag."""

    version: int = 3
    """The minor one: 2, 3 or 4."""
    flags: int = 0
    start: int = 0
    """Byte in the file."""
    end: int = 0
    """Byte behind it, and behind its footer."""
    frames: tuple[Frame, ...] = ()
    rest: bytes = b""
    """Behind the last whole frame: padding, or a frame that is cut short."""
    unsynchronised: bool = False
    """All of it was, as 2.3 does it; frames and rest are as before that."""
    plain_sizes: bool = False
    """The frames' sizes are of 8 bits a byte in 2.4, too: iTunes wrote them so."""


def read_tags(view: View) -> list[Tag]:
    """The tags that stand at the beginning, where they may stand in a row."""
    tags: list[Tag] = []
    at = 0
    while view[at : at + 3] == b"ID3":
        tags.append(read_tag(view, at))
        at = tags[-1].end
    return tags


def read_tag(view: View, start: int = 0) -> Tag:
    """The tag at byte ``start``; raises TagError where it is none, or is cut short."""
    header = view[start : start + _HEADER]
    if len(header) < _HEADER or header[:3] != b"ID3":
        raise TagError("has tags that cannot be read (no ID3 header)")
    version, flags = header[3], header[5]
    if version not in {2, 3, 4} or (version == 2 and flags & _COMPRESSED_22):
        raise TagError(f"has tags that cannot be read (ID3v2.{version} of an unknown form)")
    if any(byte >= 0x80 for byte in header[6:]):
        raise TagError("has tags that cannot be read (the length of the ID3 tag is none)")
    after = start + _HEADER + _from_7_bits(header[6:])
    end = after + _HEADER * bool(version == 4 and flags & _FOOTER)
    if end > len(view):
        raise TagError("has tags that cannot be read (they are cut short)")
    body = bytes(view[start + _HEADER : after])
    unsynchronised = bool(version < 4 and flags & _UNSYNCHRONISED)
    if unsynchronised and re.search(rb"\xff[\xe0-\xff]", body):
        unsynchronised = False  # some say so and have not done it
    elif unsynchronised:
        body = body.replace(b"\xff\0", b"\xff")
    if version > 2 and flags & _EXTENDED:
        body = _behind_extended_header(body, version)
    frames, rest = _cut(body, version, plain=version == 3)
    plain_sizes = False
    if version == 4:
        plain_frames, plain_rest = _cut(body, version, plain=True)
        if _soundness(plain_frames, plain_rest) > _soundness(frames, rest):
            frames, rest, plain_sizes = plain_frames, plain_rest, True
    return Tag(version, flags, start, end, tuple(frames), rest, unsynchronised, plain_sizes)


def _behind_extended_header(body: bytes, version: int) -> bytes:
    """What it says (a checksum, how much padding) is no longer true after any change."""
    if re.fullmatch(rb"[A-Z][A-Z0-9]{3}", body[:4]):  # a flag without the header
        return body
    size = 4 + int.from_bytes(body[:4]) if version == 3 else _from_7_bits(body[:4])
    if not 6 <= size <= len(body):
        raise TagError("has tags that cannot be read (the ID3 tag's extended header is damaged)")
    return body[size:]


def _cut(body: bytes, version: int, *, plain: bool) -> tuple[list[Frame], bytes]:
    """The frames, and what is behind them. ``plain``: sizes are of 8 bits a byte."""
    letters, head = (3, 6) if version == 2 else (4, 10)
    frames: list[Frame] = []
    at = 0
    while at + head <= len(body):
        name = body[at : at + letters]
        field = body[at + letters : at + 2 * letters]
        if not name.strip(b"\0"):
            break
        if plain or version == 2:
            size = int.from_bytes(field)
        elif any(byte >= 0x80 for byte in field):
            break
        else:
            size = _from_7_bits(field)
        end = at + head + size
        if end > len(body):
            break
        frames.append(Frame(name, body[at:end]))
        at = end
    return frames, body[at:]


def _soundness(frames: list[Frame], rest: bytes) -> tuple[bool, int]:
    sound = sum(bool(_SOUND.fullmatch(frame.name)) for frame in frames)
    return not rest.strip(b"\0"), sound


def genres(tag: Tag) -> list[str]:
    """The genres in ``tag``; raises TagError where its frame is encrypted or damaged."""
    return [
        genre
        for frame in tag.frames
        if frame.name in _GENRE
        for genre in _genres(frame, tag)
        if genre.strip()
    ]


def _genres(frame: Frame, tag: Tag) -> list[str]:
    head = 6 if tag.version == 2 else 10
    content = frame.raw[head:]
    flags = frame.raw[8:10] if head == 10 else b"\0\0"
    version = max(3, tag.version)
    if not content.strip(b"\0"):
        return []
    if flags[1] & _ENCRYPTED[version]:
        raise TagError("has a genre that cannot be read (its frame TCON is encrypted)")
    whole = b"TCON" + _size(len(content), version) + flags + content
    both = tag.flags & _UNSYNCHRONISED if version == 4 else 0
    size = _size(len(whole), 4)
    try:
        read = ID3(
            io.BytesIO(b"ID3" + bytes([version, 0, both]) + size + whole),
            translate=False, load_v1=False,
        )  # fmt: skip
        found = [genre for part in read.getall("TCON") for genre in part.genres]
    except Exception:  # damage takes mutagen to errors of any kind
        found = []
    if found or content[0] <= 3:  # else it lacks the byte for its encoding
        return found
    text = content.decode("latin-1").strip("\0 ")
    if not text.isprintable():
        raise TagError("has a genre that cannot be read (its frame TCON is damaged)")
    return [text]


def others(tag: Tag, style: Style) -> list[tuple[str, bytes]]:
    """Name and bytes of everything but the genre, and but the padding, as ``style`` has them."""
    if style.v24:
        tag = upgraded(tag)
    found = [(_shown(frame.name), frame.raw) for frame in tag.frames if frame.name not in _GENRE]
    if tag.rest.strip(b"\0"):
        found.append((_shown(tag.rest[: 3 if tag.version == 2 else 4]), tag.rest))
    return found


def new_tag(id3v1: bytes = b"") -> Tag:
    """A tag of version 2.3, which Windows and car radios read, with what an ID3v1 tag says."""
    if not id3v1:
        return Tag()
    file = io.BytesIO()
    ID3(io.BytesIO(id3v1), v2_version=3).save(file, v2_version=3)
    return replace(read_tag(file.getvalue()), start=0, end=0)


def render(tag: Tag, values: list[str], style: Style) -> bytes:
    """The bytes of ``tag`` with ``values`` for its only genres.

    2.4 has a list of them; in the others they are one text, as ``style`` says. The length
    stays where there is enough padding. Raises TagError where that is more than a tag holds.
    """
    if style.v24:
        tag = upgraded(tag)
    body = b"".join(frame.raw for frame in _with_genre(tag, values, style))
    is_cut = bool(tag.rest.strip(b"\0"))
    if is_cut:
        body += tag.rest  # and no padding, which would become a part of the frame cut short
    if tag.unsynchronised:
        body = re.sub(rb"\xff(?=[\xe0-\xff\0])", b"\xff\0", body)
        body += b"\0" * body.endswith(b"\xff")
    if not is_cut:
        room = tag.end - tag.start - _HEADER
        body = body.ljust(room if len(body) <= room else len(body) + _PADDING, b"\0")
    if len(body) >= _MOST:
        raise TagError("has no room for a genre: its ID3 tag is full")
    flags = tag.flags & ~(_FOOTER | (_EXTENDED if tag.version > 2 else 0))
    return b"ID3" + bytes([tag.version, 0, flags]) + _size(len(body), 4) + body


def upgraded(tag: Tag) -> Tag:
    """``tag`` as one of version 2.4: headers are written anew, contents stay.

    Raises TagError, which names the frame, where a content could not stay as it is.
    """
    if tag.version == 4:
        return tag
    if tag.version == 2:
        raise TagError("has an ID3v2.2 tag, which cannot become 2.4 as it is: left alone")
    if tag.rest.strip(b"\0"):
        name = _shown(tag.rest[:4])
        raise TagError(f"has a frame {name} that is cut short and cannot become 2.4: left alone")
    names = {frame.name for frame in tag.frames}
    frames: list[Frame] = []
    for name, raw in tag.frames:
        status, packed, content = raw[8], raw[9], raw[10:]
        if packed & _PACKED:
            raise TagError(
                f"has a frame {_shown(name)} that is packed in 2.3's way and cannot become 2.4: "
                "left alone"
            )
        new = _NEW_NAMES.get(name, name)
        if new in names or (new == b"TDRC" and not re.fullmatch(rb"\0\d{4}\0?", content)):
            new = name
        # 2.4 has the same three flags, one place further down.
        flags = bytes([status >> 1 & 0x70, 0])
        frames.append(Frame(new, new + _size(len(content), 4) + flags + content))
    kept = tag.flags & ~_UNSYNCHRONISED
    return replace(tag, version=4, flags=kept, frames=tuple(frames), unsynchronised=False)


def _with_genre(tag: Tag, values: list[str], style: Style) -> list[Frame]:
    """In the old one's place, before all without a proper name or content: TagLib stops."""
    version = tag.version
    genre = _genre_content(values, version, style)
    if version == 2:
        raw = b"TCO" + len(genre).to_bytes(3) + genre
    else:
        size = _size(len(genre), 3 if tag.plain_sizes else version)
        raw = b"TCON" + size + b"\0\0" + genre
    head = 6 if version == 2 else 10
    odd = (
        n
        for n, frame in enumerate(tag.frames)
        if not _SOUND.fullmatch(frame.name) or len(frame.raw) == head
    )
    old = (n for n, frame in enumerate(tag.frames) if frame.name in _GENRE)
    n_frames = len(tag.frames)
    at = min(next(odd, n_frames), next(old, n_frames))
    before, behind = (
        [frame for frame in part if frame.name not in _GENRE]
        for part in (tag.frames[:at], tag.frames[at:])
    )
    return [*before, Frame(raw[: 3 if version == 2 else 4], raw), *behind]


def _genre_content(values: list[str], version: int, style: Style) -> bytes:
    texts = values if version == 4 else style.join(values).split("\0")
    if all(text.isascii() for text in texts):
        return b"\0" + b"\0".join(text.encode() for text in texts)
    if version == 4:
        return b"\3" + b"\0".join(text.encode() for text in texts)
    # UTF-8 was never allowed before 2.4.
    return b"\1" + b"\0\0".join(b"\xff\xfe" + text.encode("utf-16-le") for text in texts)


def _shown(name: bytes) -> str:
    return name.decode("ascii", "backslashreplace").replace("\0", "\\0")


def _size(length: int, version: int) -> bytes:
    if version == 3:
        return length.to_bytes(4)
    return bytes(length >> shift & 0x7F for shift in (21, 14, 7, 0))


def _from_7_bits(data: bytes) -> int:
    value = 0
    for byte in data:
        value = value << 7 | byte & 0x7F
    return value
