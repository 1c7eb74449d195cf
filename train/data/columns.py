"""Reads what a further head learns: a column of the table, words or a number for each song."""

import csv
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melonnx.train.data.tracks import DataSetError

__all__ = ["Column", "read_column", "read_taught"]


@dataclass(frozen=True)
class Column:
    """What is known of the songs, each label 0 to 1; songs that nothing is known of are not in
    it.
    """

    name: str
    kind: str
    """"multi" or "scale"."""
    labels: tuple[str, ...]
    values: Mapping[Path, NDArray[np.float32]]
    """(labels,) by song."""
    taught: bool = False
    """Another network said so, and has given its logits' sigmoids."""


def read_column(roots: Sequence[Path], table: Path | None, name: str) -> Column:
    """Column ``name`` of ``root/tracks.csv`` of each folder, or of ``table``, of the one folder.

    Numbers from 0 to 1 alone make a scale; words, ``;`` between them, a label each. A song whose
    cell is empty, or a folder whose table lacks the column, is not learnt from. Raises DataSetError
    where there is no such column, nothing in it, or fewer than two songs have a label.
    """
    cells: dict[Path, str] = {}
    there: set[str] = set()
    for root in roots:
        file = table or root / "tracks.csv"
        try:
            with file.open(newline="", encoding="utf-8-sig") as lines:
                rows = csv.DictReader(lines)
                there |= set(rows.fieldnames or ())
                for row in rows:
                    cell = (row.get(name) or "").strip()
                    if cell and row.get("path"):
                        cells[root / row["path"]] = cell
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise DataSetError(f"{file}: cannot be read ({error})") from None
    if not cells:
        known = ", ".join(sorted(there - {"path"})) or "none"
        raise DataSetError(f"no song has anything in a column {name!r}; the columns are {known}")
    numbers = {path: _number(cell) for path, cell in cells.items()}
    if all(number is not None for number in numbers.values()):
        outside = next((n for n in numbers.values() if n is not None and not 0 <= n <= 1), None)
        if outside is not None:
            raise DataSetError(f"column {name!r} holds {outside:g}; a scale is from 0 to 1")
        scale = {path: np.array([number], np.float32) for path, number in numbers.items()}
        _require_both(name, name, np.stack(list(scale.values()))[:, 0])
        return Column(name, "scale", (name,), scale)
    words = {
        path: {word.strip() for word in cell.split(";") if word.strip()}
        for path, cell in cells.items()
    }
    labels = tuple(sorted({word for own in words.values() for word in own}))
    values = {
        path: np.array([label in own for label in labels], np.float32)
        for path, own in words.items()
    }
    for label, column in zip(labels, np.stack(list(values.values())).T, strict=True):
        _require_both(name, label, column)
    return Column(name, "multi", labels, values)


def read_taught(file: Path, root: Path, name: str) -> Column:
    """What another network says of the songs below ``root``: an npz with ``path``, ``name`` float
    [rows, labels], each 0 to 1 by itself, and ``name_labels``. Raises DataSetError.
    """
    try:
        with np.load(file, allow_pickle=False) as arrays:
            there = {key: arrays[key] for key in arrays.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataSetError(f"{file}: is no table of a teacher ({error})") from None
    if missing := sorted({"path", name, f"{name}_labels"} - there.keys()):
        raise DataSetError(f"{file}: lacks {', '.join(missing)}; it has {', '.join(there)}")
    paths, rows, labels = (there[key] for key in ("path", name, f"{name}_labels"))
    if rows.dtype.kind != "f" or rows.shape != (len(paths), len(labels)) or len(paths) < 2:
        raise DataSetError(
            f"{file}: {name} is {rows.dtype} {list(rows.shape)}; expected numbers, a row for each "
            f"of {len(paths)} paths and a column for each of {len(labels)} labels"
        )
    if not ((rows >= 0) & (rows <= 1)).all():  # nor is NaN
        raise DataSetError(f"{file}: {name} holds what is not from 0 to 1")
    values = {
        root / str(path): row.astype(np.float32) for path, row in zip(paths, rows, strict=True)
    }
    return Column(name, "multi", tuple(map(str, labels)), values, taught=True)


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _require_both(name: str, label: str, values: NDArray[np.float32]) -> None:
    """Two songs for, and two against: one of each is left where the other is asked about."""
    if (values > 0).sum() < 2 or (values < 1).sum() < 2:
        raise DataSetError(
            f"column {name!r}: {label!r} needs two songs that have it and two that do not; give "
            "more songs, or leave the word out"
        )
