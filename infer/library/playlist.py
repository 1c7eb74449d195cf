"""Reads the paths of a playlist of any usual kind, or of a list on stdin.

M3U and M3U8, PLS (Winamp), XSPF (VLC), ASX and WPL (Windows), and CUE sheets, whose songs are one
file. Read in one pass each: a list of megabytes made to be slow is not.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes

from melonnx.infer.results.places import find_spelt

__all__ = ["PLAYLIST_SUFFIXES", "list_on_stdin", "read_list", "read_playlist"]

PLAYLIST_SUFFIXES = frozenset((".m3u", ".m3u8", ".pls", ".xspf", ".asx", ".wax", ".wpl", ".cue"))

_MOST = 32 << 20
"""Bytes of a playlist: a million songs; what is longer is a recording by another name."""
_TRACK = re.compile(rb"<(?:\w{1,9}:)?track\b")
_LOCATION = re.compile(rb"<(?:\w{1,9}:)?location[^<>]*>")
_LINK = re.compile(rb"<(?:ref|media|entryref)\b([^<>]*)", re.IGNORECASE)
_TARGET = re.compile(rb"\b(?:href|src)\s*=\s*(?:\"([^\"]*)|'([^']*))", re.IGNORECASE)
_PLS = re.compile(rb"file(\d{1,9})\s*=(.*)", re.IGNORECASE)
_CUE = re.compile(rb"FILE\s+(.*)", re.IGNORECASE)
_CDATA = (b"<![CDATA[", b"]]>")


def list_on_stdin() -> list[str] | None:
    """What :func:`read_list` finds on stdin; None where that is closed."""
    return None if sys.stdin is None else read_list(sys.stdin.buffer.read())


def read_list(data: bytes) -> list[str]:
    """The paths in ``data``: parted by NUL where there is one (``find -print0``), else by lines."""
    if b"\0" in data:
        entries = data.split(b"\0")
    else:
        entries = [line.removesuffix(b"\r") for line in data.split(b"\n")]
    return [os.fsdecode(entry) for entry in entries if entry]


def read_playlist(path: Path) -> list[str]:
    """The files that a playlist names, in its order; relative entries start at its folder.

    Comments and blank lines are left out, and playlists in it give their own entries, each list
    once. An entry may be a ``file:`` URL, percent-encoded, in Latin-1, with backslashes or in
    another Unicode form: the first reading that exists is taken, else the plain one. The bytes
    decide what kind it is. Raises OSError.
    """
    found: list[str] = []
    seen: set[Path] = set()
    unread = [str(path)]
    while unread:
        name = unread.pop()
        place = Path(name)
        is_list = place.suffix.lower() in PLAYLIST_SUFFIXES and not _is_web(name)
        if not seen:
            entries = _entries(place)
        elif is_list and place.is_file():
            if place.resolve() in seen:
                continue
            entries = _entries(place)
        else:
            found.append(name)
            continue
        seen.add(place.resolve())
        unread += reversed(entries)
    return found


def _entries(path: Path) -> list[str]:
    """Of this playlist alone."""
    with path.open("rb") as file:
        data = file.read(_MOST + 1)
    if len(data) > _MOST:
        raise OSError(0, "it is too long for a playlist")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", "replace").encode()
    data = data.removeprefix(b"\xef\xbb\xbf")
    head = data.lstrip()[:64].lower()
    if head.startswith(b"<"):
        read: Callable[[bytes], Iterator[bytes]] = _xml
    elif head.startswith(b"[playlist]"):
        read = _pls
    else:
        read = _cue if path.suffix.lower() == ".cue" else _m3u
    return [_entry(line, path.parent) for line in read(data) if line]


def _m3u(data: bytes) -> Iterator[bytes]:
    """Lines may end in CR alone."""
    yield from (line.strip() for line in data.splitlines() if not line.strip().startswith(b"#"))


def _pls(data: bytes) -> Iterator[bytes]:
    """In the order of their numbers."""
    hits = filter(None, (_PLS.match(line.strip()) for line in data.splitlines()))
    yield from (hit[2].strip() for hit in sorted(hits, key=lambda hit: int(hit[1])))


def _xml(data: bytes) -> Iterator[bytes]:
    """XSPF's locations of tracks, ASX's and WPL's links; many of the latter are no XML."""
    import html

    first, *parts = data.split(b"<!--")
    data = first + b"".join(part.partition(b"-->")[2] for part in parts)
    declared = re.search(rb"encoding\s*=\s*[\"']([\w.-]+)", data[:200])
    encoding = declared[1].decode("latin-1") if declared else "utf-8"
    tracks = _TRACK.split(data)[1:]  # before them, a list tells its own place
    values = (_location(track) for track in tracks) if tracks else _links(data)
    for value in values:
        if value.startswith(_CDATA[0]):
            text = _text(value.removeprefix(_CDATA[0]).removesuffix(_CDATA[1]), encoding)
        else:
            text = html.unescape(_text(value, encoding))
        yield os.fsencode(text.strip())


def _location(track: bytes) -> bytes:
    begin = _LOCATION.search(track)
    return track[begin.end() : track.find(b"</", begin.end())].strip() if begin else b""


def _links(data: bytes) -> Iterator[bytes]:
    for link in _LINK.finditer(data):
        if target := _TARGET.search(link[1]):
            yield target[1] or target[2] or b""


def _cue(data: bytes) -> Iterator[bytes]:
    """Each file once: what the tracks are of."""
    names: list[bytes] = []
    for hit in filter(None, (_CUE.match(line.strip()) for line in data.splitlines())):
        quoted = hit[1].startswith(b'"')
        name = hit[1][1:].partition(b'"')[0] if quoted else hit[1].rpartition(b" ")[0].strip()
        names.append(name)
    yield from dict.fromkeys(names)


def _text(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except (LookupError, UnicodeDecodeError):
        return os.fsdecode(data)


def _entry(line: bytes, folder: Path) -> str:
    names = [name if _is_web(name) else str(folder / name) for name in _readings(line)]
    there = next((name for name in names if os.path.lexists(name)), None)
    if there is None:
        there = next((same for name in names if (same := find_spelt(name))), None)
    return there or names[0]


def _readings(line: bytes) -> Iterator[str]:
    if line[:5].lower() == b"file:" and (path := _path_of(line[5:])):
        yield path
        return
    encoded = unquote_to_bytes(line)
    for name in (line, encoded, line.replace(b"\\", b"/"), encoded.replace(b"\\", b"/")):
        yield os.fsdecode(name)
        yield name.decode("cp1252", "replace")


def _path_of(url: bytes) -> str:
    """Of a file URL without its scheme; ``#`` and ``?`` part nothing, as programs write them.

    Empty where it has none.
    """
    if url.startswith(b"//"):
        _, slash, path = url[2:].partition(b"/")
        url = slash + path
    if os.name == "nt":  # /C:/Music
        url = url.removeprefix(b"/")
    return os.fsdecode(unquote_to_bytes(url))


def _is_web(name: str) -> bool:
    return name.lower().startswith(("http://", "https://"))
