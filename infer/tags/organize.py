"""Sorts songs by genre: into playlists, or as copies or hard links in a folder for each genre.

Nothing is ever deleted or overwritten: a name that is taken is numbered, and what is there
already with the same content is left as it is.
"""

import errno
import filecmp
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal

from melonnx.infer.prediction import Prediction
from melonnx.infer.results.replace import create, remove_strays, sync_folder

__all__ = ["UNSURE", "Placed", "folder_name", "place_songs", "write_playlists"]

UNSURE = "unsure"
"""Where songs go that the model is not sure of."""

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
"""In a file's name, on one system or another."""


@dataclass(frozen=True)
class Placed:
    """One song, or one playlist, and where it goes."""

    path: str
    target: str = ""
    outcome: str = "failed"
    """"place" (to be made), "placed" (made), "same" (is there already), "no music",
    "left" (unsure, or of no genre), or "failed"."""
    error: str = ""
    songs: int = 1


def folder_name(genre: str) -> str:
    """``genre`` as a name that every file system takes."""
    return _FORBIDDEN.sub("_", genre).strip(" .") or "_"


def place_songs(
    songs: Iterable[tuple[Path, str]],
    folder: Path,
    how: Literal["copy", "link"],
    *,
    write: bool,
) -> Iterator[Placed]:
    """Put each song into the subfolder of ``folder`` that is named by its genre.

    ``songs``: (path, genre). One that fails does not stop the others.
    """
    taken: dict[Path, Path] = {}
    tidied: set[Path] = set()
    for path, genre in songs:
        place = folder / folder_name(genre)
        try:
            if write and place not in tidied:
                place.mkdir(parents=True, exist_ok=True)
                remove_strays(place)
                tidied.add(place)
            yield _place(path, place, how, taken, write=write)
        except (OSError, RuntimeError, ValueError) as error:  # a link to itself; a NUL
            yield Placed(str(path), error=f"{path}: {_reason(error)}")


def _place(
    path: Path, place: Path, how: Literal["copy", "link"], taken: dict[Path, Path], *, write: bool
) -> Placed:
    source = path.resolve(strict=True)
    if source.parent == place.resolve():
        return Placed(str(path), str(path), "same")
    for target in _numbered(place / path.name):
        # Names differ in case only on some disks, and are one on others.
        key = target.with_name(target.name.casefold())
        owner = taken.get(key)
        if owner == source or (owner is None and _is_there(source, target, how)):
            taken[key] = source
            return Placed(str(path), str(target), "same")
        if owner is not None or os.path.lexists(target):
            continue
        if write:
            try:
                _make(source, target, how)
            except FileExistsError:  # somebody was faster
                continue
        taken[key] = source
        return Placed(str(path), str(target), "placed" if write else "place")
    raise AssertionError("numbers do not end")


def _is_there(source: Path, target: Path, how: str) -> bool:
    if not target.exists():
        return False
    if target.samefile(source):
        return True
    return how == "copy" and target.is_file() and filecmp.cmp(source, target, shallow=False)


def _make(source: Path, target: Path, how: str) -> None:
    if how == "link":
        target.hardlink_to(source)
        sync_folder(target.parent)
        return

    def fill(part: Path) -> None:
        shutil.copyfile(source, part)
        shutil.copystat(source, part)

    create(target, fill)


def write_playlists(
    songs: Iterable[tuple[Prediction, str]], folder: Path, *, write: bool
) -> Iterator[Placed]:
    """One M3U8 playlist for each genre, songs in the order given, paths relative to ``folder``.

    ``songs``: (prediction, genre). A path with a line break fits in no playlist: it fails.
    """
    lists: dict[str, list[Prediction]] = {}
    for song, genre in songs:
        if any(end in song.path for end in "\r\n"):
            yield Placed(song.path, error=f"{song.path}: its name would be two lines of a playlist")
        else:
            lists.setdefault(folder_name(genre), []).append(song)
    root = folder.resolve()
    if write:
        root.mkdir(parents=True, exist_ok=True)
        remove_strays(root)
    for name, members in lists.items():
        data = _playlist(members, root)
        try:
            yield _write_playlist(root / f"{name}.m3u8", data, len(members), write=write)
        except OSError as error:
            yield Placed(f"{name}.m3u8", error=f"{root / name}.m3u8: {_reason(error)}")


def _write_playlist(first: Path, data: bytes, songs: int, *, write: bool) -> Placed:
    for target in _numbered(first):
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


def _playlist(songs: Iterable[Prediction], root: Path) -> bytes:
    lines = ["#EXTM3U"]
    for song in songs:
        try:
            path = os.path.relpath(song.path, root)
        except ValueError:  # Windows: on another drive
            path = str(Path(song.path).absolute())
        lines += [f"#EXTINF:{round(song.duration_s) or -1},{Path(path).stem}"]
        lines += [f"./{path}" if path.startswith("#") else path]
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def _numbered(path: Path) -> Iterator[Path]:
    """``song.mp3``, ``song (2).mp3``, ``song (3).mp3``, …."""
    yield path
    yield from (path.with_name(f"{path.stem} ({number}){path.suffix}") for number in count(2))


def _reason(error: Exception) -> str:
    if getattr(error, "errno", None) == errno.EXDEV:
        return "hard links do not reach another disk; use --copy"
    return getattr(error, "strerror", None) or str(error)
