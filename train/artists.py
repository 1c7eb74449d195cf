"""Reads the table that says whose each track is."""

import csv
from pathlib import Path

from melonnx.train.tracks import DataSetError

__all__ = ["read_artists"]


def read_artists(root: Path, table: Path | None) -> dict[str, str]:
    """Artist by path relative to ``root``, from the CSV columns ``path`` and ``artist``.

    ``table`` None takes ``root/tracks.csv``; without that the answer is empty. Raises
    DataSetError where the table cannot be read or has no such columns.
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
            return {row["path"]: (row["artist"] or "").strip() for row in rows}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataSetError(f"{table}: cannot be read ({error})") from None
