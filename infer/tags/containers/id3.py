"""Cuts ID3v2 tags into frames and puts them together again; only a few fields are understood.

Frames that do not parse, of unknown or misspelt names, or longer than their tag, stay as they are.
ID3v2.2, 2.3 and 2.4 (id3.org).
"""

import io
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from mutagen.id3 import ID3

from melonnx.infer.errors import TagError
from melonnx.infer.tags.containers.names import GENRE, MOOD, Fields
from melonnx.infer.tags.containers.splice import View

__all__ = [
    "Frame",
    "Style",
    "Tag",
    "new_tag",
    "others",
    "read_tag",
    "read_tags",
    "render",
    "upgraded",
    "values",
]

_UNSYNCHRONISED, _EXTENDED, _FOOTER = 0x80, 0x40, 0x10
_COMPRESSED_22 = 0x40
_HEADER = 10
_PADDING = 1024
"""Bytes behind the frames of a tag that had to grow, so that the next change moves nothing."""
_MOST = 1 << 28
_FRAMES = {
    GENRE: {b"TCON", b"TCO", b"TCO ", b"TCO\0"},  # the last two as iTunes wrote 2.2's name in 2.3
    MOOD: {b"TMOO"},
}
"""Of fields that have frames of their own; 2.4 alone has one for moods."""
_USERS = {b"TXXX", b"TXX", b"TXX ", b"TXX\0"}
"""Frames that begin with the name of their field."""
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


def values(tag: Tag, field: str) -> list[str]:
    """What ``tag`` has in a field; raises TagError where its frame is encrypted or damaged."""
    return [
        value
        for frame in tag.frames
        if _is(frame, tag, field)
        for value in _values(frame, tag, field)
        if value.strip()
    ]


def _is(frame: Frame, tag: Tag, field: str) -> bool:
    if field != GENRE and frame.name in _USERS:
        if _is_encrypted(frame, tag):
            return False
        return any(read.desc.upper() == field for read in _read(frame, tag, b"TXXX"))
    return frame.name in _FRAMES.get(field, ())


def _is_encrypted(frame: Frame, tag: Tag) -> bool:
    return tag.version > 2 and bool(frame.raw[9] & _ENCRYPTED[tag.version])


def _values(frame: Frame, tag: Tag, field: str) -> list[str]:
    content = frame.raw[6 if tag.version == 2 else 10 :]
    name = b"TXXX" if frame.name in _USERS else b"TCON" if field == GENRE else frame.name
    if not content.strip(b"\0"):
        return []
    if _is_encrypted(frame, tag):
        reason = f"its frame {name.decode()} is encrypted"
        raise TagError(f"has a {field.lower()} that cannot be read ({reason})")
    parts = _read(frame, tag, name)
    found = [text for part in parts for text in (part.genres if field == GENRE else part.text)]
    if found or content[0] <= 3:  # else it lacks the byte for its encoding
        return found
    text = content.decode("latin-1").strip("\0 ")
    if not text.isprintable():
        reason = f"its frame {name.decode()} is damaged"
        raise TagError(f"has a {field.lower()} that cannot be read ({reason})")
    return [text]


def _read(frame: Frame, tag: Tag, name: bytes) -> list[Any]:
    """What mutagen makes of one frame, alone in a tag and under a name of 2.3 and 2.4; nothing
    where it is damaged.
    """
    head = 6 if tag.version == 2 else 10
    content = frame.raw[head:]
    flags = frame.raw[8:10] if head == 10 else b"\0\0"
    version = max(3, tag.version)
    whole = name + _size(len(content), version) + flags + content
    both = tag.flags & _UNSYNCHRONISED if version == 4 else 0
    size = _size(len(whole), 4)
    try:
        read = ID3(
            io.BytesIO(b"ID3" + bytes([version, 0, both]) + size + whole),
            translate=False, load_v1=False,
        )  # fmt: skip
        return read.getall(name.decode())
    except Exception:  # damage takes mutagen to errors of any kind
        return []


def others(tag: Tag, fields: Collection[str], style: Style) -> list[tuple[str, bytes]]:
    """Name and bytes of everything but ``fields``, and but the padding, as ``style`` has them."""
    if style.v24:
        tag = upgraded(tag)
    found = [
        (_shown(frame.name), frame.raw)
        for frame in tag.frames
        if not any(_is(frame, tag, field) for field in fields)
    ]
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


def render(tag: Tag, fields: Fields, style: Style) -> bytes:
    """The bytes of ``tag`` with the values of ``fields`` for the only ones there.

    2.4 has lists of them; in the others they are one text, as ``style`` says. The length
    stays where there is enough padding. Raises TagError where that is more than a tag holds.
    """
    if style.v24:
        tag = upgraded(tag)
    for field, wanted in fields.items():
        tag = _with_field(tag, field, wanted, style)
    body = b"".join(frame.raw for frame in tag.frames)
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
        raise TagError("has no room for more: its ID3 tag is full")
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


def _with_field(tag: Tag, field: str, wanted: list[str], style: Style) -> Tag:
    """In the old one's place, before all without a proper name or content: TagLib stops."""
    version = tag.version
    texts = list(wanted) if version == 4 else style.join(wanted).split("\0")
    if field == GENRE:
        name = b"TCO" if version == 2 else b"TCON"
    elif field == MOOD and version == 4:
        name = b"TMOO"
    else:
        name = b"TXX" if version == 2 else b"TXXX"
        texts.insert(0, field)
    content = _content(texts, version)
    if version == 2:
        raw = name + len(content).to_bytes(3) + content
    else:
        raw = name + _size(len(content), 3 if tag.plain_sizes else version) + b"\0\0" + content
    head = 6 if version == 2 else 10
    is_old = [_is(frame, tag, field) for frame in tag.frames]
    odd = (
        n
        for n, frame in enumerate(tag.frames)
        if not _SOUND.fullmatch(frame.name) or len(frame.raw) == head
    )
    n_frames = len(tag.frames)
    at = min(next(odd, n_frames), is_old.index(True) if any(is_old) else n_frames)
    kept = [
        [frame for frame, ours in part if not ours]
        for part in (
            [*zip(tag.frames[:at], is_old[:at], strict=True)],
            [*zip(tag.frames[at:], is_old[at:], strict=True)],
        )
    ]
    return replace(tag, frames=(*kept[0], Frame(name, raw), *kept[1]))


def _content(texts: list[str], version: int) -> bytes:
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
