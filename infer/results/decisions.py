"""What somebody decided on songs, hearing them: a line each, on disk at once, replayed in order.

Each line is a JSON object with an ``id``. A decision has ``songs`` (absolute paths) and
``genres``, of which none means that it is no music; an undo has the ``undo`` of an earlier line's
id. Of several decisions on a song the last that was not undone counts. A line that a kill cut
short is passed over, and one that is there twice counts once.
"""

import errno
import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from melonnx.infer.errors import OutputError, ResultsFileError
from melonnx.infer.prediction import NO_MUSIC, Prediction
from melonnx.infer.results.places import is_url
from melonnx.infer.results.replace import append_line, sync_folder
from melonnx.infer.system import lock

if TYPE_CHECKING:
    from melonnx.infer.similar.index import Index

__all__ = [
    "Decision",
    "Undo",
    "append",
    "as_decided",
    "decisions_beside",
    "decisions_file",
    "index_as_decided",
    "is_name",
    "key_of",
    "new_id",
    "read_decisions",
    "read_from",
    "replay",
]

_PATIENCE_S = 10.0
_WAIT_S = 0.005
_LONGEST_NAME = 100


@dataclass(frozen=True)
class Decision:
    """The genres of one song, or of several that were decided together."""

    id: str
    songs: tuple[str, ...]
    """Absolute paths."""
    genres: tuple[str, ...]
    """The first is the answer; none: it is no music."""


@dataclass(frozen=True)
class Undo:
    """Takes an earlier decision back, for all of its songs."""

    id: str
    undo: str


Entry = Decision | Undo


def decisions_beside(results: Path) -> Path:
    """Where the decisions on ``library.jsonl`` are: ``library.decisions.jsonl``."""
    return results.with_name(f"{results.stem}.decisions.jsonl")


def new_id() -> str:
    """A name for one line, which no other has."""
    return token_hex(8)


def key_of(path: str) -> str:
    """What a song is called in decisions."""
    return path if is_url(path) else os.path.abspath(path)  # noqa: PTH100


def append(file: Path, entries: Iterable[Entry]) -> None:
    """Add lines, all or none, which are on disk when this returns; other writers wait.

    Raises OutputError where they cannot be written; the file is then as it was.
    """
    text = "".join(json.dumps(_row(entry)) + "\n" for entry in entries).encode()
    try:
        with file.open("a+b") as stream:
            _lock(stream)
            append_line(stream, text)
        sync_folder(file.parent)
    except OSError as error:
        raise OutputError(f"{file}: cannot be written ({error.strerror or error})") from None


def _lock(stream: IO[bytes]) -> None:
    """Until the file is closed."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            lock(stream)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES) or time.monotonic() > deadline:
                raise
            time.sleep(_WAIT_S)
        else:
            return


def read_decisions(file: Path) -> dict[str, Decision]:
    """What counts for each song, by :func:`key_of`. Raises ResultsFileError."""
    entries, at = read_from(file, 0)
    with file.open("rb") as stream:
        stream.seek(at)
        entries += _parsed(file, stream.read())  # whole, but for its end of line; or cut short
    return replay(entries)


def read_from(file: Path, at: int) -> tuple[list[Entry], int]:
    """The entries of the whole lines behind byte ``at``, and the byte behind the last of them.

    Raises ResultsFileError where the file cannot be read or is none of decisions.
    """
    try:
        with file.open("rb") as stream:
            stream.seek(at)
            data = stream.read()
    except OSError as error:
        raise ResultsFileError(f"{file}: cannot be read ({error.strerror or error})") from None
    data = data[: data.rfind(b"\n") + 1]
    return _parsed(file, data), at + len(data)


def replay(entries: Iterable[Entry]) -> dict[str, Decision]:
    """By song, the last decision that was not undone."""
    alive: dict[str, Decision] = {}
    seen: set[str] = set()
    for entry in entries:
        if entry.id in seen:
            continue
        seen.add(entry.id)
        if isinstance(entry, Undo):
            alive.pop(entry.undo, None)
        else:
            alive[entry.id] = entry
    return {song: decision for decision in alive.values() for song in decision.songs}


def as_decided(prediction: Prediction, decisions: Mapping[str, Decision]) -> Prediction:
    """The prediction, or what somebody decided of its song in its place: that is sure."""
    decision = decisions.get(key_of(prediction.path))
    if decision is None:
        return prediction
    if not decision.genres:
        return replace(
            prediction, status="ok", error=None, unsure=True, decided=(),
            warnings=(f"{NO_MUSIC}: somebody decided so",),
        )  # fmt: skip
    share = 1 / len(decision.genres)
    return replace(
        prediction, status="ok", error=None, label=decision.genres[0], score=1.0, unsure=False,
        probabilities=dict.fromkeys(decision.genres, share), decided=decision.genres,
        subgenre=None, subgenres={}, warnings=(),
    )  # fmt: skip


def index_as_decided(index: "Index", decisions: Mapping[str, Decision]) -> "Index":
    """The index with what somebody decided in place of the model's labels: that is sure.

    A song that was decided to be no music keeps its label, which is then unsure.
    """
    made = [decisions.get(key_of(path)) for path in index.paths]
    labels, scores, unsure = list(index.labels), index.scores.copy(), index.unsure
    for row, decision in enumerate(made):
        if decision is not None and decision.genres:
            labels[row], scores[row] = decision.genres[0], 1.0
    if unsure is not None:
        unsure = np.array(
            [
                bool(said) if decision is None else not decision.genres
                for said, decision in zip(unsure, made, strict=True)
            ],
            bool,
        )
    return replace(index, labels=labels, scores=scores, unsure=unsure)


def decisions_file(results: Path | None, named: Path | None) -> Path | None:
    """The file that was ``named``, or else the one beside ``results``, if one is there.

    ``results``: None, "-" for stdin, and a folder have none beside them.
    """
    if named is not None or results is None or str(results) == "-" or results.is_dir():
        return named
    beside = decisions_beside(results)
    return beside if beside.exists() else None


def _row(entry: Entry) -> dict[str, Any]:
    if isinstance(entry, Undo):
        return {"id": entry.id, "undo": entry.undo}
    return {"id": entry.id, "genres": entry.genres, "songs": entry.songs}


def _parsed(file: Path, data: bytes) -> list[Entry]:
    entries: list[Entry] = []
    broken = 0
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            broken += 1
            continue
        entry = _entry(row)
        if entry is None:
            raise ResultsFileError(f"{file}, line {number}: is no decision of melonnx review")
        entries.append(entry)
    if broken and not entries and data.count(b"\n") > 1:
        raise ResultsFileError(f"{file}: holds no decisions of melonnx review")
    return entries


def _entry(row: Any) -> Entry | None:
    match row:
        case {"id": str(name), "undo": str(undone)}:
            return Undo(name, undone)
        case {"id": str(name), "songs": list(songs), "genres": list(genres)}:
            if songs and all(map(_is_path, songs)) and all(map(is_name, genres)):
                return Decision(name, tuple(songs), tuple(dict.fromkeys(genres)))
    return None


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and value != "" and "\0" not in value


def is_name(value: Any) -> bool:
    """Text that a genre may be called, the model's or one's own."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= _LONGEST_NAME
        and value == value.strip()
        and value.isprintable()
    )
