"""Reads the table that says whose each track is, and which part it belongs to."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from melonnx.train.tracks import DataSetError

__all__ = ["TableRow", "read_sources", "read_track_table", "skipped_rows"]

_PARTS = ("", "train", "valid", "test")


class TableRow(NamedTuple):
    """What the table says of one track."""

    artist: str = ""
    split: str = ""
    subgenre: str = ""


def read_track_table(root: Path, table: Path | None) -> dict[str, TableRow]:
    """Rows by path relative to ``root``, from a CSV with the columns ``path`` and ``artist``.

    The columns ``split`` (train, valid, test or empty) and ``subgenre`` are read where they are
    there; others are ignored. ``table`` None takes ``root/tracks.csv``; without that the answer
    is empty. Raises DataSetError where the table cannot be read, has no such columns or another
    split, or none of its rows is of a file.
    """
    if table is None:
        table = root / "tracks.csv"
        if not table.is_file():
            return {}
    columns, rows = _read(table)
    missing = {"path", "artist"} - set(columns)
    if missing:
        raise DataSetError(f"{table}: has no column {' and '.join(sorted(missing))}")
    read = {
        row["path"] or "": TableRow(*((row.get(name) or "").strip() for name in TableRow._fields))
        for row in rows
    }
    strange = {row.split for row in read.values()} - set(_PARTS)
    if strange:
        raise DataSetError(f"{table}: split {sorted(strange)}; expected train, valid, test or none")
    if read and _without_file(root, read) == len(read):
        raise DataSetError(
            f"{table}: none of its paths is a file; they begin in {root}, like genre/song.mp3"
        )
    return read


def skipped_rows(root: Path, rows: dict[str, TableRow]) -> dict[str, int]:
    """How many of the table's rows are of no file, by that reason; empty where each is of one."""
    count = _without_file(root, rows)
    return {"in the table, but no such file": count} if count else {}


def _without_file(root: Path, rows: dict[str, TableRow]) -> int:
    # Path.is_file raises where a name is too long.
    return sum(not os.path.isfile(root / path) for path in rows)  # noqa: PTH113


def read_sources(root: Path, table: Path | None) -> dict[Path, str]:
    """The collection that each track is from, by its path, from the table's column ``source``.

    ``root`` and ``table`` as for :func:`read_track_table`. Empty where there is no such column
    or no table. Raises DataSetError where the table cannot be read.
    """
    table = table or root / "tracks.csv"
    if not table.is_file():
        return {}
    columns, rows = _read(table)
    if "path" not in columns:
        raise DataSetError(f"{table}: has no column path")
    return {
        Path(os.path.normpath(root / (row["path"] or ""))): source
        for row in rows
        if (source := (row.get("source") or "").strip())
    }


def _read(table: Path) -> tuple[Sequence[str], list[dict[str, str | None]]]:
    """Columns and rows; of a row that is too short, the last values are None."""
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            return rows.fieldnames or (), list(rows)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataSetError(f"{table}: cannot be read ({error})") from None
