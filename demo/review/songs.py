"""The songs of a results file in columns, and one song's whole row when it is asked for.

100,000 songs take some tens of megabytes: of a row only what the list shows is kept, and where in
the file it stands.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from threading import Lock
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from melonnx.demo.review.worth import worth_asking
from melonnx.infer.errors import ResultsFileError
from melonnx.infer.prediction import Prediction, Segment
from melonnx.infer.results.decisions import key_of
from melonnx.infer.results.reading import to_prediction

__all__ = ["Detail", "Songs", "read_songs"]

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

    file: BinaryIO
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
            song = to_prediction(Path(self.file.name), f"byte {self.at[row]}", values)
            timeline = tuple(_segments(values.get("timeline")))
        except (ValueError, KeyError, TypeError, RecursionError, OSError, ResultsFileError):
            raise ResultsFileError(f"{self.file.name}: was changed; start again") from None
        if key_of(song.path) != self.paths[row]:
            raise ResultsFileError(f"{self.file.name}: was changed; start again")
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
        found, embeddings = _read(results, file)
    except OSError as error:
        raise ResultsFileError(f"{results}: cannot be read ({error.strerror or error})") from None
    if not found:
        raise ResultsFileError(f"{results}: holds no songs with an answer")
    paths = list(found)
    labels = list(dict.fromkeys(label for song in found.values() for label in song.shares))
    number = {label: place for place, label in enumerate(labels)}
    shares = np.zeros((len(paths), len(labels)), np.float32)
    for row, song in enumerate(found.values()):
        for label, share in song.shares.items():
            shares[row, number[label]] = share
    unsure = np.array([song.unsure for song in found.values()])
    ids = _ids(len(paths))
    return Songs(
        file=file,
        paths=paths,
        ids=ids,
        rows={name: row for row, name in enumerate(ids)},
        places={path: row for row, path in enumerate(paths)},
        at=np.array([song.at for song in found.values()], np.int64),
        labels=labels,
        shares=shares,
        answer=np.array([number[song.label] for song in found.values()], np.int64),
        score=np.array([song.score for song in found.values()], np.float32),
        unsure=unsure,
        worth=worth_asking(shares, unsure, _stacked(found, embeddings)),
        model=next(iter(found.values())).model,
    )


@dataclass(frozen=True)
class _Row:
    at: int
    label: str
    score: float
    unsure: bool
    shares: dict[str, float]
    model: str
    embedding: int
    """Place among those that have one; -1 without."""


def _read(results: Path, file: BinaryIO) -> tuple[dict[str, _Row], NDArray[np.float16]]:
    """By path, the last row of each; and the embeddings as they came."""
    found: dict[str, _Row] = {}
    words: dict[str, str] = {}
    vectors: NDArray[np.float16] = np.zeros((0, 0), np.float16)
    n_vectors = 0
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
        if not song.ok or song.label is None:
            continue
        vector = values.get("embedding")
        if isinstance(vector, list) and vector and (not n_vectors or len(vector) == len(vectors.T)):
            if n_vectors == len(vectors):
                more = np.zeros((max(_NEW, n_vectors), len(vector)), np.float16)
                vectors = np.concatenate([vectors, more]) if n_vectors else more
            vectors[n_vectors] = vector
            n_vectors += 1
        else:
            vector = None
        found[key_of(song.path)] = _row(song, at, n_vectors - 1 if vector else -1, words)
    return found, vectors[:n_vectors]


def _row(song: Prediction, at: int, embedding: int, words: dict[str, str]) -> _Row:
    assert song.label is not None
    shares = song.probabilities or {song.label: song.score or 0.0}
    shares = {words.setdefault(label, label): share for label, share in shares.items()}
    shares.setdefault(song.label, song.score or 0.0)
    label = words.setdefault(song.label, song.label)
    model = words.setdefault(song.model, song.model)
    return _Row(at, label, song.score or 0.0, song.unsure, shares, model, embedding)


def _stacked(
    found: Mapping[str, _Row], embeddings: NDArray[np.float16]
) -> NDArray[np.float16] | None:
    places = [row.embedding for row in found.values()]
    return embeddings[places] if places and min(places) >= 0 else None


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    at = 0
    for line in file:
        if line.strip():
            yield at, line
        at += len(line)


def _read_line(file: BinaryIO, at: int) -> bytes:
    with _READING:
        file.seek(0, os.SEEK_END)  # which forgets what was read before, and may have changed
        file.seek(at)
        return file.readline()


_TOLD = ("start_s", "end_s", "label", "score")
"""Of a stretch; a model with further heads says more of it."""


def _segments(values: Any) -> Iterator[Segment]:
    for one in values if isinstance(values, list) else ():
        told = [one[name] for name in _TOLD] if isinstance(one, dict) else one[: len(_TOLD)]
        start, end, label, score = told
        yield Segment(float(start), float(end), str(label), float(score))


def _ids(n: int) -> list[str]:
    """Random words, each another."""
    ids: dict[str, None] = {}
    while len(ids) < n:
        ids[token_hex(8)] = None
    return list(ids)
