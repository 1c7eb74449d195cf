"""Reads and writes tables of the 518 features: Parquet, CSV, and FMA's published ``features.csv``.

In CSV the names of the columns are three rows, as FMA publishes them: feature, statistics, number;
a fourth names the index. In Parquet they are joined by dots.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from melonnx.infer.errors import MelonnxError
from melonnx.infer.results.replace import writing
from melonnx.train.classical.feature_names import COLUMNS
from melonnx.train.data.readers.fma import Subset, read_fma_facts
from melonnx.train.data.tracks import Track

__all__ = ["FeatureTable", "FeatureTableError", "read_features", "write_features"]

_FACTS = {"genre": ("track", "genre_top"), "artist": ("artist", "name"), "split": ("set", "split")}
"""Our name of each fact of a song, and FMA's."""
_HEADERS = ("feature", "statistics", "number")
_BLOCK = 1 << 24
"""Bytes; a row is some 10,000."""


class FeatureTableError(MelonnxError):
    """The file is no table of the 518 features."""

    status = "feature_table"


@dataclass(frozen=True)
class FeatureTable:
    """Songs and their features, one row a song."""

    tracks: tuple[Track, ...]
    """Paths are relative to the folder of the data set; FMA's are the numbers."""
    values: NDArray[np.float32]
    """[songs, 518]."""
    left_out: int = 0
    """Rows of the file that are not here: of no genre, of another subset, or not all numbers."""


def write_features(table: FeatureTable, path: Path) -> None:
    """Write ``path``, *.parquet or *.csv, by rename. Raises FeatureTableError on another suffix."""
    writers = {".parquet": _write_parquet, ".csv": _write_csv}
    if path.suffix not in writers:
        raise FeatureTableError(f"{path}: is neither *.parquet nor *.csv")
    facts = [
        [track.path.as_posix() for track in table.tracks],
        *([getattr(track, name) for track in table.tracks] for name in _FACTS),
    ]
    with writing(path) as part:
        writers[path.suffix](part, facts, table.values)


def _write_parquet(path: Path, facts: list[list[str]], values: NDArray[np.float32]) -> None:
    columns = [pyarrow.array(one) for one in facts] + [*map(pyarrow.array, values.T)]
    names = ["path", *_FACTS, *map(str, COLUMNS)]
    pyarrow.parquet.write_table(pyarrow.table(columns, names), path)


def _write_csv(path: Path, facts: list[list[str]], values: NDArray[np.float32]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        for at, header in enumerate(_HEADERS):
            names = [(*upper, "")[at] for upper in _FACTS.values()]
            rows.writerow([header, *names, *(column[at] for column in COLUMNS)])
        rows.writerow(["path", *[""] * (len(_FACTS) + len(COLUMNS))])
        for *song, numbers in zip(*facts, values, strict=True):
            rows.writerow([*song, *(f"{number:.10e}" for number in numbers)])


def read_features(path: Path, subset: Subset = "medium") -> FeatureTable:
    """Read what :func:`write_features` wrote, or FMA's ``features.csv``.

    The latter names no genres: ``tracks.csv`` must lie beside it, and the tracks of ``subset``
    are taken. Rows with a value that is missing or no number are left out.

    Raises FeatureTableError where the file is no such table, and DataSetError (``tracks.csv``).
    """
    try:
        if path.suffix == ".parquet":
            read = pyarrow.parquet.read_table(path)
            missing = {"path", *_FACTS, *map(str, COLUMNS)} - set(read.column_names)
        else:
            read = _read_csv(path)
            missing = {"path", *map(str, COLUMNS)} - set(read.column_names)
        if missing:
            raise FeatureTableError(
                f"{path}: lacks {len(missing)} columns, among them {min(missing)}; "
                "melonnx features makes this table"
            )
        values = np.stack(
            [read.column(str(name)).to_numpy().astype(np.float32) for name in COLUMNS], axis=1
        )
        names = [str(name) for name in read.column("path").to_pylist()]
    except (OSError, UnicodeDecodeError, csv.Error, ValueError, pyarrow.ArrowException) as error:
        raise FeatureTableError(f"{path}: cannot be read as a table ({error})") from None
    if "genre" in read.column_names:
        facts = zip(*(read.column(name).to_pylist() for name in _FACTS), strict=True)
        found = {
            name: Track(Path(name), genre or "", artist or "", split or "")
            for name, (genre, artist, split) in zip(names, facts, strict=True)
        }
    else:
        known = read_fma_facts(path.with_name("tracks.csv"), subset)
        found = {track.path.as_posix(): track for track in known}
    whole = set(np.flatnonzero(np.isfinite(values).all(axis=1)).tolist())
    rows = [
        at for at, name in enumerate(names) if name in found and at in whole and found[name].genre
    ]
    if not rows:
        raise FeatureTableError(f"{path}: holds no song with a genre and all features")
    tracks = tuple(found[names[at]] for at in rows)
    return FeatureTable(tracks, values[rows], len(names) - len(rows))


def _read_csv(path: Path) -> pyarrow.Table:
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        upper = [next(rows, []) for _ in _HEADERS]
        index = next(rows, [])
    if [row[:1] for row in upper] != [[header] for header in _HEADERS]:
        raise FeatureTableError(
            f"{path}: does not begin with the three rows {', '.join(_HEADERS)}, as FMA's does"
        )
    own = {names: name for name, names in _FACTS.items()}
    names = ["path"] + [
        own.get(column[:2], ".".join(column))
        for column in zip(*(row[1:] for row in upper), strict=True)
    ]
    text = {name: pyarrow.string() for name in ("path", *_FACTS) if name in names}
    numbers = {str(name): pyarrow.float64() for name in COLUMNS if str(name) in names}
    if len(index) != len(names):
        raise FeatureTableError(f"{path}: its fourth row should name the index, and no more")
    return pyarrow.csv.read_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(
            skip_rows=len(_HEADERS) + 1, column_names=names, block_size=_BLOCK
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=text | numbers, include_columns=[*text, *numbers]
        ),
    )
