"""Reads predictions that were made before: what ``melonnx classify --json`` printed."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from melonnx.infer.errors import ResultsFileError
from melonnx.infer.prediction import Prediction

__all__ = ["read_results"]

_FIELDS = ("path", "status", "error", "label", "score", "unsure", "probabilities", "duration_s")


def read_results(path: Path) -> list[Prediction]:
    """The predictions in a file of JSON lines, or of one JSON array; "-" is stdin.

    One for each path, in the order of their first mention; the last one counts. Embeddings and
    timelines are left out. Raises ResultsFileError.
    """
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text("utf-8", "surrogateescape")
    except OSError as error:
        raise ResultsFileError(f"{path}: cannot be read ({error.strerror})") from None
    found: dict[str, Prediction] = {}
    for where, row in _rows(path, text):
        try:
            prediction = _prediction(row)
        except (KeyError, TypeError, ValueError):
            raise ResultsFileError(
                f"{path}, {where}: is no prediction; melonnx classify --json prints what is read"
            ) from None
        found[prediction.path] = prediction
    if not found:
        raise ResultsFileError(f"{path}: holds no predictions")
    return list(found.values())


def _rows(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    lines = text.rstrip().split("\n")
    try:
        if text.lstrip().startswith("["):
            yield from ((f"entry {number}", row) for number, row in _numbered(json.loads(text)))
            return
    except ValueError as error:
        raise ResultsFileError(f"{path}: is no JSON ({error})") from None
    for number, line in _numbered(lines):
        if not line.strip():
            continue
        try:
            yield f"line {number}", json.loads(line)
        except ValueError:
            if number == len(lines) and number > 1:
                return  # the run that wrote it was killed within this line
            raise ResultsFileError(f"{path}, line {number}: is no JSON") from None


def _numbered(values: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    return enumerate(values, 1)


def _prediction(row: Any) -> Prediction:
    if not isinstance(row, dict):
        raise TypeError("a prediction is an object")
    values = {name: row[name] for name in _FIELDS if name in row}
    prediction = Prediction(**values, model=str(row.get("model", "")))
    texts = (prediction.path, prediction.label if prediction.ok else prediction.error)
    if not all(isinstance(text, str) and text for text in texts):
        raise ValueError("a text is missing")
    return prediction
