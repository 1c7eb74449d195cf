"""Reads predictions that were made before: what ``melonnx classify`` wrote with ``-o``."""

import csv
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO

from melonnx.infer.errors import ResultsFileError
from melonnx.infer.model.listener_tags import TAG_GROUPS
from melonnx.infer.prediction import Prediction
from melonnx.infer.results.places import located

__all__ = ["Results", "open_results", "read_results", "to_prediction"]

_KINDS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("path", "folder", "status", "error", "label"), str),
    **dict.fromkeys(("score", "music", "duration_s", "energy", "valence"), (int, float)),
    "unsure": bool,
    **dict.fromkeys(("probabilities", "tags"), dict),
    "said": list,
    "warnings": (str, list),
}
"""Of what is taken from a row; what an older melonnx did not write is not missed."""
_COLUMNS = (
    *("path", "path_bytes", "status", "error", "label", "score", "unsure", "music", "duration_s"),
    *("warnings", "folder", "model", "energy", "valence", *TAG_GROUPS),
)

_RANK = re.compile(r"label_[0-9]{1,4}")
_Rows = Iterator[tuple[str, Any]]
"""Where each row stands, and what it says."""


@dataclass(frozen=True)
class Results:
    """Predictions that were made before, one for each path; read from their file when asked for."""

    file: Path
    models: frozenset[str]
    """What made them, those that failed aside."""
    genres: frozenset[frozenset[str]]
    """Sets of genres that have probabilities in a row, those of failed ones aside."""
    _kept: Mapping[str, Prediction | int]
    """By path, or where its line begins: a hundred thousand would fill the memory."""

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Prediction]:
        return self.of(self._kept)

    def of(self, paths: Iterable[str]) -> Iterator[Prediction]:
        """The predictions for some paths, in their order. Raises ResultsFileError."""
        try:
            with ExitStack() as stack:
                file: BinaryIO | None = None
                for path in paths:
                    kept = self._kept[path]
                    if isinstance(kept, Prediction):
                        yield kept
                        continue
                    file = file or stack.enter_context(self.file.open("rb"))
                    file.seek(kept)
                    row = json.loads(_decoded(file.readline()))
                    yield to_prediction(self.file, f"byte {kept}", row)
        except (OSError, ValueError) as error:
            raise ResultsFileError(f"{self.file}: was changed as it was read ({error})") from None


def open_results(path: Path) -> Results:
    """As :func:`read_results`; of JSON lines the file is read again for each prediction."""
    models: set[str] = set()
    genres: set[frozenset[str]] = set()
    kept: dict[str, Prediction | int] = {}
    read = {".csv": _read_csv, ".parquet": _read_parquet}.get(path.suffix.lower(), _read_json)
    try:
        for where, row, begin in _with_begin(read, path):
            found = to_prediction(path, where, row)
            if found.ok:
                models.add(found.model)
                genres.add(frozenset(found.probabilities))
            kept[found.path] = found if begin < 0 else begin
    except OSError as error:
        raise ResultsFileError(f"{path}: cannot be read ({error.strerror or error})") from None
    if not kept:
        raise ResultsFileError(f"{path}: holds no predictions")
    return Results(path, frozenset(models), frozenset(genres), kept)


def _with_begin(read: Callable[[Path], _Rows], path: Path) -> Iterator[tuple[str, Any, int]]:
    """With the byte where a row's line begins; -1 where it cannot be read again by itself."""
    if read is _read_json and path.is_file() and not _is_array(path):
        yield from _read_lines(path)
    else:
        yield from ((where, row, -1) for where, row in read(path))


def _is_array(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")


def _read_lines(path: Path) -> Iterator[tuple[str, Any, int]]:
    begin = 0
    torn = ""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            text = _decoded(line)
            if torn and text.strip():
                break
            try:
                if text.strip():
                    yield f"line {number}", json.loads(text), begin
            except (ValueError, RecursionError):
                torn = f"{path}, line {number}: is no JSON"
                if number == 1:
                    break
            begin += len(line)
        else:
            return  # the run that wrote it may have been killed within the last line
    raise ResultsFileError(torn)


def read_results(path: Path) -> list[Prediction]:
    """The predictions in a file: CSV or Parquet by its suffix, else JSON lines or one JSON array.

    "-" is stdin. Relative paths begin at the folder where the file was made, which it tells. One
    prediction for each path, in the order of their first mention; the last one counts. Embeddings
    and timelines are left out. Tables name the tags that are said of a song, without their
    values: these are 1 then.

    Raises ResultsFileError, and ModuleNotFoundError where Parquet lacks pyarrow.
    """
    return list(open_results(path))


def _read_json(path: Path) -> _Rows:
    text = _on_stdin() if str(path) == "-" else _text(path)
    lines = text.rstrip().split("\n")
    if text.lstrip().startswith("["):
        try:
            rows = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ResultsFileError(f"{path}: is no JSON ({error})") from None
        yield from ((f"entry {number}", row) for number, row in enumerate(rows, 1))
        return
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            if number == len(lines) > 1:
                return  # the run that wrote it was killed within this line
            raise ResultsFileError(f"{path}, line {number}: is no JSON") from None
        yield f"line {number}", row


def _read_csv(path: Path) -> _Rows:
    try:
        for number, row in enumerate(csv.DictReader(io.StringIO(_text(path), newline="")), 1):
            values: dict[str, Any] = {
                name: row[name] or None for name in _COLUMNS if row.get(name) is not None
            }
            values["probabilities"] = _ranked(row)
            values |= _said(values)
            for name in ("score", "music", "duration_s", "energy", "valence"):
                values[name] = float(values[name]) if values.get(name) else None
            values["unsure"] = (values.get("unsure") or "").lower() == "true"
            yield f"row {number}", values
    except (csv.Error, ValueError) as error:
        raise ResultsFileError(f"{path}: is no CSV of predictions ({error})") from None


def _read_parquet(path: Path) -> _Rows:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            there = file.schema_arrow.names
            names = [
                name
                for name in there
                if name in _COLUMNS or re.fullmatch(r"(label|score)_[0-9]{1,4}", name)
            ]
            number = 0
            for batch in file.iter_batches(columns=names):
                for row in batch.to_pylist():
                    number += 1
                    if (name := row.pop("path_bytes", None)) is not None:
                        row["path"] = os.fsdecode(name)
                    more = {"probabilities": _ranked(row), **_said(row)}
                    yield f"row {number}", {**row, **more}
    except (ArrowException, ValueError, TypeError) as error:  # damage in names, or other columns
        reason = str(error).partition("\n")[0]
        raise ResultsFileError(f"{path}: is no Parquet file ({reason})") from None


def _ranked(row: Mapping[str, Any]) -> dict[str, float]:
    """The likeliest genres of a table's row, and their scores, in order."""
    ranks = sorted(
        (name for name in row if _RANK.fullmatch(str(name))), key=lambda name: int(name[6:])
    )
    pairs = [(row["label"], row.get("score"))] if row.get("label") else []
    pairs += [(row[name], row.get(name.replace("label", "score"))) for name in ranks]
    return {label: float(score) for label, score in pairs if label and score}


def _said(row: Mapping[str, Any]) -> dict[str, Any]:
    """The tags that a table's columns name, "; " between them."""
    told = [row.get(group) for group in TAG_GROUPS]
    said = [tag for text in told if isinstance(text, str) for tag in text.split("; ") if tag]
    return {"said": said, "tags": dict.fromkeys(said, 1.0)} if said else {}


def _text(path: Path) -> str:
    return _decoded(path.read_bytes())


def _on_stdin() -> str:
    if sys.stdin is None:
        raise ResultsFileError("-: stdin is closed")
    return _decoded(sys.stdin.buffer.read())


def _decoded(data: bytes) -> str:
    """With its line ends as they are: a name may hold any. Spreadsheets put a byte order mark
    before it.
    """
    return data.decode("utf-8-sig", "surrogateescape")


def to_prediction(path: Path, where: str, row: Any) -> Prediction:
    """One row of the file ``path``, without embedding and timeline; ``where`` it stands is for
    complaints. Raises ResultsFileError.
    """
    is_row = isinstance(row, dict) and isinstance(row.get("path"), str) and row["path"]
    values = {name: row[name] for name in _KINDS if row.get(name) is not None} if is_row else {}
    if not all(map(_fits, values, values.values())):
        values = {}
    said = values.get("label" if values.get("status", "ok") == "ok" else "error")
    if not isinstance(said, str) or not said:
        raise ResultsFileError(
            f"{path}, {where}: is no prediction; give what melonnx classify -o wrote (.jsonl, "
            ".csv, .parquet)"
        )
    warnings = values.pop("warnings", [])
    if isinstance(warnings, str):  # as CSV and Parquet have them
        warnings = warnings.split("; ")
    told = tuple(map(str, warnings))
    tags = values.get("tags", {})
    values["said"] = tuple(tag for tag in values.get("said", ()) if tag in tags)
    values["path"] = located(values["path"], values.pop("folder", None))
    return Prediction(**values, warnings=told, model=str(row.get("model") or ""))


def _fits(name: str, value: Any) -> bool:
    """What others take for a number can be rounded, and a path names a file."""
    if name in {"path", "folder"}:
        return "\0" not in value
    if name == "said" and isinstance(value, list):
        return all(isinstance(tag, str) for tag in value)
    if name in {"probabilities", "tags"} and isinstance(value, dict):
        return all(
            isinstance(chance, int | float) and isfinite(chance) for chance in value.values()
        )
    if isinstance(value, int | float) and not (isinstance(value, bool) or isfinite(value)):
        return False
    return isinstance(value, _KINDS[name])
