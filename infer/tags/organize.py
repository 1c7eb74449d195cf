"""Sorts songs by genre: as copies or hard links in a folder for each genre.

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

from melonnx.infer.results.replace import create, remove_strays, sync_folder
from melonnx.infer.system import reachable, real_path

__all__ = ["UNSURE", "Placed", "folder_name", "numbered", "place_songs", "reason"]

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
    "spoken" (an audiobook or podcast, as its genre says), "left" (unsure, or of no genre), or
    "failed"."""
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
                there = Path(reachable(str(place)))
                there.mkdir(parents=True, exist_ok=True)
                remove_strays(there)
                tidied.add(place)
            yield _place(path, place, how, taken, write=write)
        except (OSError, RuntimeError, ValueError) as error:  # a link to itself; a NUL
            yield Placed(str(path), error=f"{path}: {reason(error)}")


def _place(
    path: Path, place: Path, how: Literal["copy", "link"], taken: dict[Path, Path], *, write: bool
) -> Placed:
    source = real_path(path)
    if source.parent == Path(reachable(str(place))).resolve():
        return Placed(str(path), str(path), "same")
    for target in numbered(place / path.name):
        # Names differ in case only on some disks, and are one on others.
        key = target.with_name(target.name.casefold())
        owner = taken.get(key)
        there = Path(reachable(str(target)))
        if owner == source or (owner is None and _is_there(source, there, how)):
            taken[key] = source
            return Placed(str(path), str(target), "same")
        if owner is not None or os.path.lexists(there):
            continue
        if write:
            try:
                _make(source, there, how)
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


def numbered(path: Path) -> Iterator[Path]:
    """``song.mp3``, ``song (2).mp3``, ``song (3).mp3``, …."""
    yield path
    yield from (path.with_name(f"{path.stem} ({number}){path.suffix}") for number in count(2))


def reason(error: Exception) -> str:
    """In the system's words, or in those that say what to do."""
    if getattr(error, "errno", None) == errno.EXDEV:
        return "hard links do not reach another disk; use --copy"
    return getattr(error, "strerror", None) or str(error)
