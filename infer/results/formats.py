"""Writes answers for programs: JSON lines, CSV, Parquet, an index, or lines of one's own.

Each function is a block that yields what writes one answer; what it writes is whole when the
block ends.
"""

import csv
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from melonnx.infer.prediction import Prediction
from melonnx.infer.results.places import folder_of
from melonnx.infer.results.replace import writing
from melonnx.infer.results.rows import (
    View,
    cells,
    columns,
    parse_template,
    printable,
    segments_text,
    visible,
)
from melonnx.infer.similar.index import npz_writer

__all__ = [
    "FORMAT_OF",
    "Write",
    "cell_text",
    "csv_writer",
    "index_writer",
    "json_writer",
    "open_output",
    "parquet_writer",
    "parts_writer",
    "template_writer",
]

Write = Callable[[Prediction], None]

FORMAT_OF = {
    ".jsonl": "json",
    ".json": "json",
    ".ndjson": "json",
    ".csv": "csv",
    ".parquet": "parquet",
    ".npz": "npz",
}
"""By the suffix of an output file."""

_ROWS = 4096
"""Of a Parquet file, written at a time."""
_PART = 1024
"""Songs in each file of a folder."""


@contextmanager
def open_output(
    path: Path, kind: str, view: View, model: str, template: str | None = None
) -> Iterator[Write]:
    """Write to ``path``, which changes only when all is there: then, by a rename.

    ``kind``: one of ``FORMAT_OF``'s, "parts", or "template" with ``template``. ``model``: name and
    version. Raises OSError where the disk is full or the folder is not there.
    """
    path = path.resolve()
    if kind == "parts":
        with parts_writer(path, view) as write:
            yield write
        return
    with writing(path) as part:
        if kind == "parquet":
            with parquet_writer(part, view) as write:
                yield write
        elif kind == "npz":
            with index_writer(part, view, model) as write:
                yield write
        else:
            with (
                part.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
                text_writer(file, kind, view, template) as write,
            ):
                yield write


def text_writer(
    file: TextIO, kind: str, view: View, template: str | None = None
) -> AbstractContextManager[Write]:
    """The writer of a format that is text: "json", "csv" or "template"."""
    if template is not None:
        return template_writer(file, template, view)
    return csv_writer(file, view) if kind == "csv" else json_writer(file, view)


@contextmanager
def json_writer(file: TextIO, view: View) -> Iterator[Write]:
    """One JSON object a line, failed ones among them."""

    def write(prediction: Prediction) -> None:
        values = visible(prediction, view).to_dict(embedding=view.embedding)
        if folder := folder_of(prediction.path):
            values["folder"] = folder
        file.write(json.dumps(values) + "\n")

    yield write


@contextmanager
def csv_writer(file: TextIO, view: View) -> Iterator[Write]:
    """CSV with a header, failed songs among the rows; scores have six digits."""
    names = columns(view)
    rows = csv.writer(file, lineterminator="\n")
    quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
    rows.writerow(names)

    def write(prediction: Prediction) -> None:
        shown = visible(prediction, view)
        values = cells(shown)
        if view.timeline and view.tags:
            values["timeline"] = segments_text(shown.timeline, moods=True) or None
        row = [cell_text(values.get(name)) for name in names]
        # Before Python 3.13 csv writes a carriage return without quotes, and reads a new row there.
        (quoted if any("\r" in text for text in row) else rows).writerow(row)

    yield write


@contextmanager
def template_writer(file: TextIO, template: str, view: View) -> Iterator[Write]:
    r"""A line a song, as ``template`` says; one that ends in NUL has no end of line.

    Failed songs are left out where the template has neither ``{status}`` nor ``{error}``.
    Control characters are escaped where lines end as lines do. Raises ValueError.
    """
    line = parse_template(template, view)
    tells_failures = "{status" in template or "{error" in template
    with_nul = template.endswith("\\0")

    def write(prediction: Prediction) -> None:
        if prediction.ok or tells_failures:
            shown = visible(prediction, view)
            if not with_nul:
                error = shown.error and printable(shown.error)
                shown = replace(shown, path=printable(shown.path), error=error)
            file.write(line(shown) + "\n" * (not with_nul))

    yield write


@contextmanager
def parquet_writer(path: Path, view: View) -> Iterator[Write]:
    """A table of :func:`columns`, with ``path_bytes`` where a name is no UTF-8.

    The timeline is a list of structs, and the embedding, if asked for, one of float32.
    Needs pyarrow (ModuleNotFoundError).
    """
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    types = {
        **dict.fromkeys(columns(view), pa.string()),
        **{name: pa.float64() for name in columns(view) if "score" in name},
        **dict.fromkeys(("music", "duration_s"), pa.float64()),
        **(dict.fromkeys(("energy", "valence"), pa.float64()) if view.tags else {}),
        "unsure": pa.bool_(),
        "path_bytes": pa.binary(),
    }
    if view.timeline:
        segment = {"start_s": "float64", "end_s": "float64", "label": "string", "score": "float64"}
        if view.tags:
            segment |= {"energy": "float64", "valence": "float64"}
        types["timeline"] = pa.list_(pa.struct(list(segment.items())))
    if view.embedding:
        types["embedding"] = pa.list_(pa.float32())
    schema = pa.schema(list(types.items()))
    rows: list[dict[str, Any]] = []

    def write(prediction: Prediction) -> None:
        shown = visible(prediction, view)
        values = cells(shown)
        row: dict[str, Any] = {name: values.get(name) for name in types}
        for name in ("path", "error", "warnings", "folder"):
            text = row[name]
            if text is not None and not _is_utf8(text):
                row[name] = os.fsencode(text).decode("utf-8", "replace")
        if not _is_utf8(prediction.path):
            row["path_bytes"] = os.fsencode(prediction.path)
        if view.timeline:
            row["timeline"] = [segment.to_dict() for segment in shown.timeline]
        if view.embedding:
            row["embedding"] = prediction.embedding
        rows.append(row)
        if len(rows) == _ROWS:
            flush()

    def flush() -> None:
        table.write_batch(pa.RecordBatch.from_pylist(rows, schema))
        rows.clear()

    with ParquetWriter(path, schema) as table:
        yield write
        if rows:
            flush()


@contextmanager
def parts_writer(folder: Path, view: View) -> Iterator[Write]:
    """Parquet files of ``_PART`` songs each, ``part-000000.parquet`` and on, in ``folder``.

    Each is there whole, by a rename, as soon as its last song is; earlier runs' are replaced.
    """
    folder.mkdir(exist_ok=True)
    parts: list[Path] = []
    block: list[Prediction] = []

    def flush() -> None:
        parts.append(folder / f"part-{len(parts):06}.parquet")
        with open_output(parts[-1], "parquet", view, "") as write_row:
            for prediction in block:
                write_row(prediction)
        block.clear()

    def write(prediction: Prediction) -> None:
        block.append(prediction)
        if len(block) == _PART:
            flush()

    yield write
    if block or not parts:
        flush()
    for old in set(folder.glob(f"part-{'[0-9]' * 6}.parquet")) - set(parts):  # others' stay
        old.unlink()


@contextmanager
def index_writer(path: Path, view: View, model: str) -> Iterator[Write]:
    """The npz of :mod:`melonnx.infer.similar.index`; songs without an answer are not in it."""
    with npz_writer(path, model) as add:

        def write(prediction: Prediction) -> None:
            if prediction.label is None or prediction.score is None:
                return
            shown = visible(prediction, view)
            assert prediction.embedding is not None, "an index is made of answers with embeddings"
            assert shown.label is not None
            assert shown.score is not None
            embedding = np.asarray(prediction.embedding)
            add(
                *(shown.path, shown.label, shown.score, embedding),
                unsure=shown.unsure,
                energy=shown.energy,
                valence=shown.valence,
                said=shown.said,
            )

        yield write


def cell_text(value: Any) -> str:
    """What stands in a CSV for a value: "true", six digits of a number, nothing for None."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else str(value)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
