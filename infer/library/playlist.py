"""Reads the paths of a playlist (M3U, M3U8) or of a list on stdin."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes

__all__ = ["PLAYLIST_SUFFIXES", "list_on_stdin", "read_list", "read_playlist"]

PLAYLIST_SUFFIXES = frozenset((".m3u", ".m3u8"))


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

    Comments and blank lines are left out. An entry may be a ``file:`` URL, percent-encoded, in
    Latin-1 or with backslashes: the first reading that exists is taken, else the plain one.
    Raises OSError.
    """
    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", "replace").encode()
    lines = [line.strip() for line in data.removeprefix(b"\xef\xbb\xbf").splitlines()]
    return [_entry(line, path.parent) for line in lines if line and not line.startswith(b"#")]


def _entry(line: bytes, folder: Path) -> str:
    plain, *others = (name if _is_web(name) else str(folder / name) for name in _readings(line))
    return next((name for name in (plain, *others) if os.path.lexists(name)), plain)


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
