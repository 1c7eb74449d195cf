"""Reads the table that says whose each track is, and which part it belongs to."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from melonnx.train.data.tracks import DataSetError

__all__ = ["TableRow", "read_also", "read_track_table", "skipped_rows"]

_PARTS = ("", "train", "valid", "test")


class TableRow(NamedTuple):
    """What the table says of one track."""

    artist: str = ""
    split: str = ""
    subgenre: str = ""
    also: str = ""
    """Other right genres, ``;`` between them."""
    source: str = ""


def read_track_table(root: Path, table: Path | None) -> dict[str, TableRow]:
    """Rows by path relative to ``root``, from a CSV with the columns ``path`` and ``artist``.

    The columns ``split`` (train, valid, test or empty), ``subgenre``, ``also`` and ``source`` are
    read where they are there; others are ignored. ``table`` None takes ``root/tracks.csv``;
    without that the answer is empty. Raises DataSetError where the table cannot be read, has no
    such columns or another split, or none of its rows is of a file.
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
        told = ", ".join(map(repr, sorted(strange)))
        raise DataSetError(f"{table}: split is {told}; expected train, valid, test or none")
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


def read_also(path: Path, genre: str, cell: str) -> tuple[str, ...]:
    """The other right genres of the song at ``path`` from its cell of the column ``also``.

    Raises DataSetError where one is empty, there twice, or ``genre`` again.
    """
    if not cell:
        return ()
    also = tuple(name.strip() for name in cell.split(";"))
    if "" in also or genre in also or len(set(also)) < len(also):
        raise DataSetError(
            f"{path}: also is {cell!r}; expected other genres than {genre!r}, each once, with "
            "; between them"
        )
    return also


def _read(table: Path) -> tuple[Sequence[str], list[dict[str, str | None]]]:
    """Columns and rows; of a row that is too short, the last values are None."""
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            return rows.fieldnames or (), list(rows)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataSetError(f"{table}: cannot be read ({error})") from None
