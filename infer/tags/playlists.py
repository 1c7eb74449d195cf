"""Writes one playlist for each genre, as M3U8, PLS, XSPF, or Navidrome's smart playlists (NSP)."""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote_from_bytes
from xml.sax.saxutils import escape

from melonnx.infer.errors import OutputError
from melonnx.infer.prediction import Prediction
from melonnx.infer.results.places import is_url
from melonnx.infer.results.replace import create, remove_strays, writing
from melonnx.infer.tags.organize import Placed, folder_name, numbered, reason

__all__ = ["FORMATS", "write_playlist", "write_playlists"]

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML 1.0 has not, not even escaped."""


class _List(NamedTuple):
    """What one playlist is of."""

    genre: str
    root: Path
    """The folder where it will lie."""
    songs: list[Prediction]
    field: str = "genre"
    """Of Navidrome, that has ``genre`` for its value."""


def write_playlists(
    songs: Iterable[tuple[Prediction, str]],
    folder: Path,
    kind: str = "m3u8",
    *,
    write: bool,
    field: str = "genre",
) -> Iterator[Placed]:
    """One playlist for each genre, songs in the order given, paths relative to ``folder``.

    ``songs``: (prediction, genre), or the value of another ``field``, which Navidrome's lists ask
    for. ``kind``: one of ``FORMATS``. A song that is not there, or whose name has a line break and
    fits in no such list, is a failed row; the others go on.
    """
    root = folder.resolve()
    lists: dict[str, _List] = {}
    for whole, genre in songs:
        song = Prediction(whole.path, duration_s=whole.duration_s)  # of 100,000 all would be much
        if kind in _BY_LINES and any(end in song.path for end in "\r\n"):
            yield Placed(song.path, error=f"{song.path}: its name would be two lines of a playlist")
        elif not is_url(song.path) and not _is_there(song.path):
            yield Placed(song.path, error=f"{song.path}: is not there")
        else:
            lists.setdefault(folder_name(genre), _List(genre, root, [], field)).songs.append(song)
    if write and lists:
        root.mkdir(parents=True, exist_ok=True)
        remove_strays(root)
    for name, members in lists.items():
        data = FORMATS[kind](members)
        target = root / f"{name}.{kind}"
        try:
            yield _write(target, data, len(members.songs), write=write)
        except OSError as error:
            yield Placed(target.name, error=f"{target}: {reason(error)}")


def write_playlist(songs: Iterable[Prediction], path: Path) -> None:
    """One playlist of ``songs``, in their order, in the place of what was at ``path``.

    Its suffix is one of ``FORMATS``. Raises OutputError for another suffix, for a name that is two
    lines, and where it cannot be written.
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in FORMATS or kind == "nsp":
        raise OutputError(f"{path}: a playlist of songs ends in .m3u8, .pls or .xspf")
    listed = list(songs)
    if kind in _BY_LINES and any(end in song.path for song in listed for end in "\r\n"):
        raise OutputError(f"{path}: a song's name would be two lines of it; take .xspf")
    data = FORMATS[kind](_List(path.stem, path.absolute().parent, listed))
    try:
        with writing(path) as part:
            _fill(part, data)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({reason(error)})") from None


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # a name too long; a NUL
        return False


def _write(first: Path, data: bytes, songs: int, *, write: bool) -> Placed:
    for target in numbered(first):
        if target.is_file() and target.read_bytes() == data:
            return Placed(target.name, str(target), "same", songs=songs)
        if os.path.lexists(target):
            continue
        if write:
            try:
                create(target, lambda part: _fill(part, data))
            except FileExistsError:
                continue
        return Placed(target.name, str(target), "placed" if write else "place", songs=songs)
    raise AssertionError("numbers do not end")


def _fill(part: Path, data: bytes) -> None:
    part.write_bytes(data)
    umask = os.umask(0)
    os.umask(umask)
    part.chmod(0o666 & ~umask)


def _place(song: Prediction, root: Path) -> str:
    if is_url(song.path):
        return song.path
    try:
        return os.path.relpath(song.path, root)
    except ValueError:  # Windows: on another drive
        return str(Path(song.path).absolute())


def _seconds(song: Prediction) -> int:
    return round(song.duration_s) or -1


def _m3u8(of: _List) -> bytes:
    lines = ["#EXTM3U"]
    for song in of.songs:
        path = _place(song, of.root)
        lines += [f"#EXTINF:{_seconds(song)},{Path(path).stem}"]
        lines += [f"./{path}" if path.startswith("#") else path]
    return _encoded(lines)


def _pls(of: _List) -> bytes:
    lines = ["[playlist]"]
    for number, song in enumerate(of.songs, 1):
        path = _place(song, of.root)
        lines += [f"File{number}={path}", f"Title{number}={Path(path).stem}"]
        lines += [f"Length{number}={_seconds(song)}"]
    return _encoded([*lines, f"NumberOfEntries={len(of.songs)}", "Version=2"])


def _xspf(of: _List) -> bytes:
    """Places are percent-encoded, so that every name fits, whatever its bytes (RFC 3986)."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines += ['<playlist version="1" xmlns="http://xspf.org/ns/0/">']
    lines += [f"  <title>{_xml(of.genre)}</title>", "  <trackList>"]
    for song in of.songs:
        path = _place(song, of.root)
        place = path if is_url(path) else quote_from_bytes(os.fsencode(Path(path).as_posix()))
        if Path(path).is_absolute():
            place = "file:///" + place.lstrip("/")
        length = f"<duration>{round(song.duration_s * 1000)}</duration>" * bool(song.duration_s)
        lines += [
            f"    <track><location>{_xml(place)}</location>"
            f"<title>{_xml(Path(path).stem)}</title>{length}</track>"
        ]
    return _encoded([*lines, "  </trackList>", "</playlist>"])


def _nsp(of: _List) -> bytes:
    """By the genre or mood in the tags, which melonnx tag writes: it names no song."""
    rules = {"name": of.genre, "all": [{"is": {of.field: of.genre}}], "sort": "random"}
    return _encoded([json.dumps(rules, ensure_ascii=False, indent=2)])


def _xml(text: str) -> str:
    return escape(_NO_XML.sub("\ufffd", text))


def _encoded(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


_BY_LINES = {"m3u8", "pls"}

FORMATS: dict[str, Callable[[_List], bytes]] = {
    "m3u8": _m3u8,
    "pls": _pls,
    "xspf": _xspf,
    "nsp": _nsp,
}
"""What writes each kind of playlist."""
