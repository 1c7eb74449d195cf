"""Reads the table that says whose each track is, and which part it belongs to."""

import csv
from pathlib import Path
from typing import NamedTuple

from melonnx.train.tracks import DataSetError

__all__ = ["TableRow", "read_track_table"]

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
    split.
    """
    if table is None:
        table = root / "tracks.csv"
        if not table.is_file():
            return {}
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            missing = {"path", "artist"} - set(rows.fieldnames or ())
            if missing:
                raise DataSetError(f"{table}: has no column {' and '.join(sorted(missing))}")
            read = {
                row["path"]: TableRow(*((row.get(name) or "").strip() for name in TableRow._fields))
                for row in rows
            }
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataSetError(f"{table}: cannot be read ({error})") from None
    strange = {row.split for row in read.values()} - set(_PARTS)
    if strange:
        raise DataSetError(f"{table}: split {sorted(strange)}; expected train, valid, test or none")
    return read
