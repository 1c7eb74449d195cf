"""The songs of a results file in columns, and one song's whole row when it is asked for; the same
of songs that are still being heard.

100,000 songs take some tens of megabytes: of a row only what the list shows is kept, and where in
the file it stands.
"""

import json
import os
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryFile
from threading import Lock
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from melonnx.demo.review.worth import worth_asking
from melonnx.infer.errors import ResultsFileError
from melonnx.infer.prediction import Prediction, Segment
from melonnx.infer.results.decisions import key_of
from melonnx.infer.results.reading import to_prediction

__all__ = ["Detail", "Growing", "Songs", "read_songs"]

_NEW = 4096
"""Rows that columns grow by."""
_READING = Lock()
"""Several threads answer, and a file has one place."""


@dataclass(frozen=True)
class Detail:
    """What the results say of one song."""

    shares: tuple[tuple[str, float], ...]
    """Every genre's probability, the likeliest first."""
    timeline: tuple[Segment, ...]
    duration_s: float
    warnings: tuple[str, ...]
    loudest_s: float
    """Where the stretch begins that spoke loudest for the answer."""


@dataclass(frozen=True)
class Songs:
    """n songs with an answer, in the order of the file."""

    name: str
    """The results file's."""
    file: IO[bytes]
    """Open: whoever replaces the results meanwhile does not change these."""
    paths: list[str]
    """Absolute."""
    ids: list[str]
    """What each is called on the page: another word in each session, which tells nothing."""
    rows: Mapping[str, int]
    """Place by id."""
    places: Mapping[str, int]
    """Place by path."""
    at: NDArray[np.int64]
    """(n,): the byte of the file at which the row begins."""
    labels: list[str]
    """All genres of the answers."""
    shares: NDArray[np.float32]
    """(n, labels): probabilities."""
    answer: NDArray[np.int64]
    """(n,): which of ``labels``."""
    score: NDArray[np.float32]
    unsure: NDArray[np.bool_]
    worth: NDArray[np.float32]
    """(n,): how much is learnt by asking for it, relative to the others."""
    model: str

    def detail(self, row: int) -> Detail:
        """Raises ResultsFileError where the file was overwritten in its place."""
        try:
            line = _read_line(self.file, int(self.at[row]))
            values = json.loads(line)
            song = to_prediction(Path(self.name), f"byte {self.at[row]}", values)
            timeline = tuple(_segments(values.get("timeline")))
        except (ValueError, TypeError, KeyError, RecursionError, OSError, ResultsFileError):
            raise ResultsFileError(f"{self.name}: was changed; start again") from None
        if key_of(song.path) != self.paths[row]:
            raise ResultsFileError(f"{self.name}: was changed; start again")
        shares = sorted(song.probabilities.items(), key=lambda one: -one[1])
        spoke = [one for one in timeline if one.label == song.label]
        loudest = max(spoke, key=lambda one: one.score, default=None)
        return Detail(
            shares=tuple(shares),
            timeline=timeline,
            duration_s=max([song.duration_s, *(one.end_s for one in timeline[-1:])]),
            warnings=song.warnings,
            loudest_s=loudest.start_s if loudest else 0.0,
        )


def read_songs(results: Path) -> Songs:
    """Read what ``melonnx classify -o *.jsonl`` wrote; failed songs are left out.

    Raises ResultsFileError.
    """
    try:
        file = results.open("rb")
        found = _read(results, file)
    except OSError as error:
        raise ResultsFileError(f"{results}: cannot be read ({error.strerror or error})") from None
    if not found.places:
        raise ResultsFileError(f"{results}: holds no songs with an answer")
    return found.songs(str(results), file, _more_ids([], len(found.places)))


class Growing:
    """Songs that come one by one, as they are heard; shared by threads."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._file = TemporaryFile()  # noqa: SIM115
        self._columns = _Columns()
        self._ids: list[str] = []
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._columns.places)

    def add(self, song: Prediction) -> None:
        """One more; songs without an answer are left out."""
        if not song.ok or song.label is None:
            return
        row = song.to_dict(embedding=True)
        with self._lock:
            at = _append_line(self._file, json.dumps(row).encode() + b"\n")
            self._columns.add(song, at, row.pop("embedding", None))

    def songs(self) -> Songs:
        """Those that have come; each keeps its row and its id as more come."""
        with self._lock:
            self._ids = _more_ids(self._ids, len(self))
            return self._columns.songs(self._name, self._file, self._ids)


class _Table:
    """Rows of numbers that grow in both directions."""

    def __init__(self, kind: type[np.floating]) -> None:
        self.rows: NDArray[Any] = np.zeros((0, 0), kind)

    def require(self, n: int, width: int) -> None:
        """Make room for so many."""
        has, wide = self.rows.shape
        if n <= has and width <= wide:
            return
        larger = (max(has + has // 4 + _NEW, n) if n > has else has, max(width, wide))
        rows = np.zeros(larger, self.rows.dtype)
        rows[:has, :wide] = self.rows
        self.rows = rows


@dataclass
class _Columns:
    """What is kept of the rows that were read; objects for each would take ten times as much."""

    places: dict[str, int] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    at: "array[int]" = field(default_factory=lambda: array("q"))
    answer: "array[int]" = field(default_factory=lambda: array("l"))
    score: "array[float]" = field(default_factory=lambda: array("f"))
    unsure: bytearray = field(default_factory=bytearray)
    shares: _Table = field(default_factory=lambda: _Table(np.float32))
    embeddings: _Table = field(default_factory=lambda: _Table(np.float16))
    n_embeddings: int = 0
    model: str = ""

    def add(self, song: Prediction, at: int, embedding: Any) -> None:
        """Of several rows of one song the last counts."""
        assert song.label is not None
        shares = {song.label: song.score or 0.0, **song.probabilities}
        row = self.places.setdefault(key_of(song.path), len(self.places))
        is_new = row == len(self.at)
        if is_new:
            self.at.append(0)
            self.answer.append(0)
            self.score.append(0)
            self.unsure.append(0)
        numbers = [self.labels.setdefault(label, len(self.labels)) for label in shares]
        self.shares.require(row + 1, len(self.labels))
        self.shares.rows[row] = 0
        self.shares.rows[row, numbers] = list(shares.values())
        self.at[row], self.answer[row] = at, self.labels[song.label]
        self.score[row], self.unsure[row] = song.score or 0.0, song.unsure
        self.model = self.model or song.model
        if isinstance(embedding, list) and embedding:
            width = self.embeddings.rows.shape[1] or len(embedding)
            if len(embedding) == width:
                self.embeddings.require(row + 1, width)
                self.embeddings.rows[row] = embedding
                self.n_embeddings += is_new

    def songs(self, name: str, file: IO[bytes], ids: list[str]) -> Songs:
        """What was added, whose rows stand in ``file``."""
        n = len(self.places)
        shares = self.shares.rows[:n, : len(self.labels)].copy()
        unsure = np.frombuffer(bytes(self.unsure), np.bool_)
        embeddings = self.embeddings.rows[:n] if self.n_embeddings == n else None
        return Songs(
            name=name,
            file=file,
            paths=list(self.places),
            ids=ids,
            rows={name: row for row, name in enumerate(ids)},
            places=dict(self.places),
            at=np.array(self.at, np.int64),
            labels=list(self.labels),
            shares=shares,
            answer=np.array(self.answer, np.int64),
            score=np.array(self.score, np.float32),
            unsure=unsure,
            worth=worth_asking(shares, unsure, embeddings),
            model=self.model,
        )


def _read(results: Path, file: BinaryIO) -> _Columns:
    found = _Columns()
    for number, (at, line) in enumerate(_lines(file), 1):
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            if line.endswith(b"\n"):
                raise ResultsFileError(
                    f"{results}, line {number}: is no JSON; melonnx review reads what melonnx "
                    "classify -o wrote to a .jsonl"
                ) from None
            break  # the run that wrote it was killed within this line
        song = to_prediction(results, f"line {number}", values)
        if song.ok and song.label is not None:
            found.add(song, at, values.get("embedding"))
    return found


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    at = 0
    for line in file:
        if line.strip():
            yield at, line
        at += len(line)


def _read_line(file: IO[bytes], at: int) -> bytes:
    with _READING:
        file.seek(0, os.SEEK_END)  # which forgets what was read before, and may have changed
        file.seek(at)
        return file.readline()


def _append_line(file: IO[bytes], line: bytes) -> int:
    """Where it begins."""
    with _READING:
        at = file.seek(0, os.SEEK_END)
        file.write(line)
        file.flush()
    return at


def _segments(values: Any) -> Iterator[Segment]:
    """By name: a newer melonnx tells more of each."""
    for one in values if isinstance(values, list) else ():
        names = ("start_s", "end_s", "label", "score")
        parts: Any = [one[name] for name in names] if isinstance(one, dict) else one[:4]
        start, end, label, score = parts
        yield Segment(float(start), float(end), str(label), float(score))


def _more_ids(ids: list[str], n: int) -> list[str]:
    """``ids`` and further random words, ``n`` in all, each another."""
    longer = dict.fromkeys(ids)
    while len(longer) < n:
        longer[token_hex(8)] = None
    return list(longer)
