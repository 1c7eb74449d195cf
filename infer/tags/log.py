"""Remembers what tagging changed, so that every file can be what it was, to the byte."""

import hashlib
import json
import mmap
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from melonnx.infer.errors import ResultsFileError, TagError
from melonnx.infer.results.replace import append_line, remove_strays, replacing, sync_folder
from melonnx.infer.system import reachable, spelt_short
from melonnx.infer.tags.delta import apply_delta, make_delta

__all__ = ["Restored", "default_log", "read_log", "remember", "restore"]

_FORMAT = 1


@dataclass(frozen=True)
class Restored:
    """What became of one file that a log names."""

    path: str
    outcome: str
    """"restored", "same" where it is already as it was, or "failed"."""
    error: str = ""


def default_log() -> Path:
    """A new name for each run, in the user's folder of states (XDG base directories).

    Raises TagError where the user has no home.
    """
    states = os.environ.get("XDG_STATE_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        folder = Path(states) if states else Path.home() / ".local" / "state"
    except RuntimeError:
        raise TagError(
            "there is no home folder for what undoes it: name a file with --log"
        ) from None
    name = time.strftime("tags-%Y-%m-%d-%H%M%S", time.localtime())
    return folder / "melonnx" / f"{name}-{os.getpid()}.jsonl"


def remember(log: Path, path: Path, changed: Path) -> None:
    """Append to ``log`` how to get ``path`` back from what it becomes, and bring it to disk.

    ``changed``: the file that is about to take the place of ``path``. Raises TagError where the
    log cannot be written, being as it was before, and OSError of the two files.
    """
    with _mapped(path) as old, _mapped(changed) as new:
        entry = {
            "format": _FORMAT,
            "path": spelt_short(path),
            "old": {"sha256": _sha256(old), "mtime_ns": path.stat().st_mtime_ns},
            "new": {"sha256": _sha256(new)},
            "delta": make_delta(new, old),
        }
    try:
        _append(log, json.dumps(entry).encode() + b"\n")
    except OSError as error:
        raise TagError(f"is left alone: {log} cannot be written ({error.strerror})") from None


def _append(log: Path, line: bytes) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a+b") as file:
        is_new = append_line(file, line)
    if is_new:
        sync_folder(log.parent)


def read_log(log: Path) -> list[dict[str, Any]]:
    """The entries of a log; a line that a kill cut short is left out: its file is unchanged.

    Raises ResultsFileError.
    """
    try:
        lines = log.read_bytes().splitlines()
    except OSError as error:
        raise ResultsFileError(f"{log}: cannot be read ({error.strerror})") from None
    entries = []
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not _is_entry(entry):
            raise ResultsFileError(
                f"{log}, line {number}: is no log that melonnx tag --write made, or is damaged"
            )
        entries.append(entry)
    if lines and not entries:
        raise ResultsFileError(f"{log}: is no log that melonnx tag --write made")
    return entries


def _is_entry(entry: Any) -> bool:
    match entry:
        case {
            "format": int(version),
            "path": str(path),
            "old": {"sha256": str(), "mtime_ns": int()},
            "new": {"sha256": str()},
            "delta": list(steps),
        }:
            return version == _FORMAT and "\0" not in path and all(map(_is_step, steps))
    return False


def _is_step(step: Any) -> bool:
    match step:
        case str() | [int(), int()]:
            return True
    return False


def restore(log: Path) -> Iterator[Restored]:
    """Make every file of ``log`` what it was, last change first.

    A file that was changed since is left alone and fails. Raises ResultsFileError.
    """
    tidied: set[Path] = set()
    for entry in reversed(read_log(log)):
        name = entry["path"]
        path = Path(reachable(name))
        try:
            if path.parent not in tidied:
                remove_strays(path.parent)
                tidied.add(path.parent)
            yield Restored(name, _restore(path, entry))
        except TagError as error:
            yield Restored(name, "failed", str(error))
        except OSError as error:
            yield Restored(name, "failed", str(error.strerror))


def _restore(path: Path, entry: dict[str, Any]) -> str:
    with _mapped(path) as now:
        digest = _sha256(now)
    if digest == entry["old"]["sha256"]:
        return "same"
    if digest != entry["new"]["sha256"]:
        raise TagError("was changed since: left alone")
    with replacing(path, entry["old"]["mtime_ns"]) as copy:
        made = hashlib.sha256()
        with suppress(ValueError), _mapped(path) as now, copy.open("wb") as file:
            for piece in apply_delta(now, entry["delta"]):
                file.write(piece)
                made.update(piece)
        if made.hexdigest() != entry["old"]["sha256"]:
            raise TagError("cannot be made what it was: the log is damaged")
    return "restored"


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    """The bytes of a file, without reading them all at once. Raises TagError where it has none."""
    with path.open("rb") as file:
        try:
            view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:
            raise TagError("is empty") from None
        with view:
            yield view


def _sha256(view: mmap.mmap) -> str:
    return hashlib.sha256(view).hexdigest()
