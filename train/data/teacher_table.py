"""Reads what somebody's large networks say of each clip: a table to learn from."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from melonnx.infer.audio.reader import open_audio
from melonnx.infer.errors import AudioError, MelonnxError

__all__ = ["TeacherTable", "TeacherTableError", "read_teacher_table"]

_SUM_OF_PROBABILITIES = 1e-3
_ANY_RATE = 16000


class TeacherTableError(MelonnxError):
    """The file is no table of a teacher's answers, or not of these songs and labels."""

    status = "teacher"


@dataclass(frozen=True)
class TeacherTable:
    """A teacher's answers by song: the mean over a song's rows, where it has several."""

    embeddings: dict[Path, NDArray[np.float32]]
    """(d,) by song: what a layer of the teacher holds, to be imitated; empty for none."""
    probabilities: dict[Path, NDArray[np.float32]]
    """(labels,) by song, in the order of the labels asked for; empty for none."""


def read_teacher_table(
    file: Path, songs: Sequence[Path], root: Path, labels: Sequence[str]
) -> TeacherTable:
    """The rows of ``file`` for ``songs``, which lie below ``root``, the data set's folder.

    ``file``, an npz or a Parquet, has a row for each clip, or for each window of one:

    - ``path``: the song's, from ``root`` on, or absolute;
    - ``embedding`` float [rows, d], or ``probabilities`` float [rows, labels] whose rows sum
      to 1, or both; in Parquet a list for each row;
    - ``labels``, with ``probabilities``: their names, an array of the npz or, as a JSON list, an
      entry of the Parquet's metadata.

    Rows of other songs are passed over, and songs without a row that cannot be read. Raises
    TeacherTableError with one line for a file that is none, lacks songs, has other labels, or
    holds what is no number.
    """
    columns = _read(file)
    paths = [str(path) for path in np.asarray(columns.get("path", ())).tolist()]
    values = {name: columns[name] for name in ("embedding", "probabilities") if name in columns}
    if not paths or not values:
        raise TeacherTableError(
            f"{file}: has {', '.join(sorted(columns)) or 'nothing'}; expected rows of path, and "
            "embedding or probabilities"
        )
    rows_of = _rows_of_songs(file, paths, songs, root)
    for name, rows in values.items():
        _check_numbers(file, name, rows, paths)
    by_song = {
        name: {song: rows[own].mean(axis=0) for song, own in rows_of.items()}
        for name, rows in values.items()
    }
    probabilities = by_song.get("probabilities", {})
    if probabilities:
        order = _order(file, columns, values["probabilities"], labels)
        probabilities = {song: row[order] for song, row in probabilities.items()}
    return TeacherTable(by_song.get("embedding", {}), probabilities)


def _read(file: Path) -> dict[str, NDArray[Any]]:
    try:
        if file.suffix == ".parquet":
            return _read_parquet(file)
        with np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, pa.ArrowException) as error:
        reason = str(error).partition("\n")[0]
        raise TeacherTableError(f"{file}: is no table of a teacher ({reason})") from None


def _read_parquet(file: Path) -> dict[str, NDArray[Any]]:
    table = pq.read_table(file)
    wanted = [n for n in ("path", "embedding", "probabilities") if n in table.column_names]
    columns: dict[str, NDArray[Any]] = {
        name: np.array(table.column(name).to_pylist()) for name in wanted
    }
    labels: Mapping[bytes, bytes] = table.schema.metadata or {}
    if b"labels" in labels:
        columns["labels"] = np.array(json.loads(labels[b"labels"]))
    return columns


def _rows_of_songs(
    file: Path, paths: Sequence[str], songs: Sequence[Path], root: Path
) -> dict[Path, list[int]]:
    rows_of: dict[Path, list[int]] = {song: [] for song in songs}
    for row, path in enumerate(paths):
        own = rows_of.get(root / path)
        if own is not None:
            own.append(row)
    lacking = [song for song, rows in rows_of.items() if not rows and _can_be_read(song)]
    if lacking:
        raise TeacherTableError(
            f"{file}: lacks {len(lacking)} of {len(songs)} songs, {lacking[0]} among them; its "
            f"paths are like {paths[0]!r}, from {root} on"
        )
    return {song: rows for song, rows in rows_of.items() if rows}


def _can_be_read(song: Path) -> bool:
    try:
        with open_audio(song, _ANY_RATE) as reader:
            next(iter(reader), None)
    except AudioError:
        return False
    return True


def _check_numbers(file: Path, name: str, rows: NDArray[Any], paths: Sequence[str]) -> None:
    if rows.ndim != 2 or len(rows) != len(paths) or rows.dtype.kind != "f" or not rows.size:
        raise TeacherTableError(
            f"{file}: {name} is {rows.dtype} {list(rows.shape)}; expected numbers, a row for each "
            f"of {len(paths)} paths"
        )
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(bad):
        raise TeacherTableError(
            f"{file}: {name} of {paths[bad[0]]} (row {bad[0]}) is no number; {len(bad)} such rows"
        )


def _order(
    file: Path, columns: Mapping[str, NDArray[Any]], rows: NDArray[Any], labels: Sequence[str]
) -> list[int]:
    """The columns of ``labels`` in ``rows``."""
    names = [str(name) for name in np.asarray(columns.get("labels", ())).tolist()]
    if sorted(names) != sorted(labels) or len(names) != rows.shape[1]:
        strange, missing = sorted(set(names) - set(labels)), sorted(set(labels) - set(names))
        raise TeacherTableError(
            f"{file}: its {rows.shape[1]} labels are not those of the songs: "
            f"{', '.join(strange) or 'none'} too many, {', '.join(missing) or 'none'} missing"
        )
    sums = rows.sum(axis=1)
    wrong = np.flatnonzero((np.abs(sums - 1) > _SUM_OF_PROBABILITIES) | (rows < 0).any(axis=1))
    if len(wrong):
        raise TeacherTableError(f"{file}: probabilities of row {wrong[0]} do not sum to 1")
    return [names.index(label) for label in labels]
