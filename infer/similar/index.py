"""The index of a music library: what ``classify --embeddings`` writes and ``similar`` reads.

Three layouts, chosen by the file's suffix:

- ``.npz``: arrays ``paths`` (str [n]), ``labels`` (str [n]), ``scores`` (float64 [n]), ``unsure``
  (bool [n]; older ones have none), ``embeddings`` (float32 [n, d]) and ``model`` (str, its name
  and version), no pickles; of a model that tells them, ``energy`` and ``valence`` (float64 [n]),
  ``tags`` (str [m]) and ``said`` (bool [n, m]: which tags are said of which song);
- ``.parquet``: the columns ``path``, ``label``, ``score``, ``unsure``, ``embedding`` (list of
  float32) and ``model`` among others; ``path_bytes`` holds the name where it is no
  UTF-8, else nothing; ``energy``, ``valence`` and the groups of tags, where it was made with them;
- ``.jsonl`` and ``.json``: one object a line with these keys, and ``said``.

Songs that could not be heard have no embedding: the npz leaves them out, readers skip them.
"""

import json
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from melonnx.infer.errors import IndexFileError
from melonnx.infer.model.listener_tags import TAG_GROUPS
from melonnx.infer.prediction import Prediction

__all__ = ["INDEX_SUFFIXES", "Index", "Moods", "npz_writer", "read_index"]

INDEX_SUFFIXES = (".npz", ".parquet", ".jsonl", ".json")

_ROWS = 10_000
"""At a time: names are padded to the longest, four bytes a letter."""


@dataclass(frozen=True)
class Index:
    """The songs of a library with their places in the model's space."""

    paths: list[str]
    """n of them, as they were given; relative ones start where the command was run."""
    labels: list[str]
    scores: NDArray[np.float64]
    """(n,), probability of each label."""
    embeddings: NDArray[np.float32]
    """(n, d), not normalised."""
    model: str
    """Name and version of the model."""
    unsure: NDArray[np.bool_] | None = None
    """(n,): which labels are; None where the file does not say."""
    moods: "Moods | None" = None
    """None where the file does not tell them, or was read without."""

    def is_unsure(self, row: int) -> bool | None:
        """Of the label of a row; None where it is not known."""
        return None if self.unsure is None else bool(self.unsure[row])

    def answer(self, row: int) -> Prediction:
        """What is known of a song; the tags that are said of it have the value 1."""
        energy, valence, said = None, None, tuple[str, ...]()
        if self.moods is not None:
            numbers = self.moods.energy[row], self.moods.valence[row]
            energy, valence = (None if np.isnan(one) else float(one) for one in numbers)
            said = tuple(self.moods.tags[at] for at in np.flatnonzero(self.moods.said[row]))
        return Prediction(
            self.paths[row],
            label=self.labels[row],
            score=float(self.scores[row]),
            unsure=bool(self.is_unsure(row)),
            energy=energy,
            valence=valence,
            tags=dict.fromkeys(said, 1.0),
            said=said,
            model=self.model,
        )


@dataclass(frozen=True)
class Moods:
    """What an index tells of its songs besides their genres."""

    energy: NDArray[np.float64]
    """(n,), NaN where it is not known."""
    valence: NDArray[np.float64]
    """(n,), NaN where it is not known."""
    tags: tuple[str, ...]
    """m of them."""
    said: NDArray[np.bool_]
    """(n, m): which are said of which song."""


class AddRow(Protocol):
    """Takes one song of an index."""

    def __call__(
        self,
        path: str,
        label: str,
        score: float,
        embedding: NDArray[np.float32],
        *,
        unsure: bool = False,
        energy: float | None = None,
        valence: float | None = None,
        said: Sequence[str] = (),
    ) -> None: ...


def read_index(path: str | os.PathLike[str], *, moods: bool = False) -> Index:
    """Read an index in any of its layouts; with energy, valence and tags where they are asked for.

    Raises IndexFileError: missing, of another kind, damaged, without embeddings, of two models.
    MissingExtraError's cause, ModuleNotFoundError, where a Parquet file needs pyarrow.
    """
    path = Path(path)
    readers = {
        ".npz": _read_npz,
        ".parquet": _read_parquet,
        ".jsonl": _read_json,
        ".json": _read_json,
    }
    if path.suffix.lower() not in readers:
        raise IndexFileError(
            f"{path}: an index ends in {', '.join(INDEX_SUFFIXES)}; melonnx classify ~/Music -r "
            "-o library.npz --embeddings makes one"
        )
    try:
        index = readers[path.suffix.lower()](path, moods)
    except (IndexFileError, ModuleNotFoundError):
        raise
    except OSError as error:
        raise IndexFileError(f"{path}: cannot be read ({error.strerror or error})") from None
    except Exception as error:  # at damage, numpy, zipfile, json and pyarrow raise a dozen kinds
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise IndexFileError(f"{path}: is no index, or is damaged ({reason})") from None
    if not all(isinstance(text, str) for text in (*index.paths, *index.labels, index.model)):
        raise IndexFileError(f"{path}: is damaged: its paths, labels and model are not all text")
    n, shape = len(index.paths), index.embeddings.shape
    doubts = n if index.unsure is None else len(index.unsure)
    if len(shape) != 2 or not n == len(index.labels) == len(index.scores) == doubts == shape[0]:
        raise IndexFileError(f"{path}: is damaged: its {n} songs have embeddings of shape {shape}")
    told = index.moods
    if told is not None and not (
        told.energy.shape == told.valence.shape == (n,) and told.said.shape == (n, len(told.tags))
    ):
        raise IndexFileError(f"{path}: is damaged: its {n} songs have moods of other numbers")
    return index


@contextmanager
def npz_writer(path: Path, model: str) -> Iterator[AddRow]:
    """Yield what adds one song to the index ``path``, which is whole when the block ends.

    Embeddings go to disk as they come, so that any number fits in memory.
    """
    paths: list[str] = []
    labels: list[str] = []
    scores: list[float] = []
    doubts = bytearray()
    told = _Told()
    size = 0
    # On the same disk, which is the one that must have room.
    with TemporaryFile(dir=path.parent) as raw:

        def add(
            path: str,
            label: str,
            score: float,
            embedding: NDArray[np.float32],
            *,
            unsure: bool = False,
            energy: float | None = None,
            valence: float | None = None,
            said: Sequence[str] = (),
        ) -> None:
            nonlocal size
            told.add(energy, valence, said)
            doubts.append(unsure)
            paths.append(path)
            labels.append(label)
            scores.append(score)
            size = len(embedding)
            raw.write(embedding.astype("<f4").tobytes())

        yield add
        raw.seek(0)
        with zipfile.ZipFile(path, "w") as archive:
            _write_texts(archive, "paths", paths)
            _write_texts(archive, "labels", labels)
            _write_texts(archive, "model", [model], scalar=True)
            _write(archive, "scores", "<f8", (len(scores),), [np.array(scores, "<f8").tobytes()])
            _write(archive, "unsure", "|b1", (len(doubts),), [bytes(doubts)])
            if (moods := told.moods()) is not None:
                for name, values in (("energy", moods.energy), ("valence", moods.valence)):
                    _write(archive, name, "<f8", values.shape, [values.astype("<f8").tobytes()])
                _write_texts(archive, "tags", moods.tags)
                _write(archive, "said", "|b1", moods.said.shape, [moods.said.tobytes()])
            blocks = iter(lambda: raw.read(1 << 20), b"")
            _write(archive, "embeddings", "<f4", (len(paths), size), blocks)


class _Told:
    """Collects what is told of songs besides their genres, a row each."""

    def __init__(self) -> None:
        self._numbers: list[tuple[float, float]] = []
        self._tags: dict[str, int] = {}
        self._said: list[bytes] = []

    def add(self, energy: float | None, valence: float | None, said: Iterable[str]) -> None:
        """One song; its tags are kept as their numbers, at most 65,536 of them."""
        self._numbers.append(
            (np.nan if energy is None else energy, np.nan if valence is None else valence)
        )
        numbers = [self._tags.setdefault(tag, len(self._tags)) for tag in said]
        self._said.append(np.array(numbers, "<u2").tobytes())

    def moods(self) -> Moods | None:
        """None where nothing was told of any song."""
        numbers = np.array(self._numbers, np.float64).reshape(-1, 2)
        if np.isnan(numbers).all() and not self._tags:
            return None
        said = np.zeros((len(numbers), len(self._tags)), bool)
        for row, of_song in enumerate(self._said):
            said[row, np.frombuffer(of_song, "<u2")] = True
        return Moods(numbers[:, 0], numbers[:, 1], tuple(self._tags), said)


def _write_texts(
    archive: zipfile.ZipFile, name: str, texts: Sequence[str], *, scalar: bool = False
) -> None:
    kind = f"<U{max(1, max(map(len, texts), default=1))}"
    parts = (np.array(texts[at : at + _ROWS], kind).tobytes() for at in range(0, len(texts), _ROWS))
    _write(archive, name, kind, () if scalar else (len(texts),), parts)


def _write(
    archive: zipfile.ZipFile, name: str, kind: str, shape: tuple[int, ...], parts: Iterable[bytes]
) -> None:
    member = zipfile.ZipInfo(f"{name}.npy")  # of no date, so that equal indexes are equal bytes
    member.compress_type = zipfile.ZIP_STORED if name == "embeddings" else zipfile.ZIP_DEFLATED
    with archive.open(member, "w", force_zip64=True) as file:
        header = {"descr": kind, "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(_as_binary(file), header)
        for part in parts:
            file.write(part)


def _as_binary(file: object) -> BinaryIO:
    return file  # type: ignore[return-value]


def _read_npz(path: Path, with_moods: bool) -> Index:
    with np.load(path, allow_pickle=False) as arrays:
        moods = None
        if with_moods and "energy" in arrays:
            moods = Moods(
                arrays["energy"].astype(np.float64),
                arrays["valence"].astype(np.float64),
                tuple(arrays["tags"].tolist()),
                arrays["said"].astype(bool),
            )
        return Index(
            arrays["paths"].tolist(),
            arrays["labels"].tolist(),
            arrays["scores"].astype(np.float64),
            _embeddings(path, arrays),
            str(arrays["model"]),
            arrays["unsure"].astype(bool) if "unsure" in arrays else None,
            moods,
        )


def _embeddings(path: Path, arrays: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """Mapped from the file where they lie in it as they are: a million songs are 800 MB."""
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        member = archive.getinfo("embeddings.npy")
        file.seek(member.header_offset)
        header = file.read(30)  # the lengths of name and extra field stand in its last four bytes
        lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:], "little")
        file.seek(member.header_offset + len(header) + lengths)
        if member.compress_type == zipfile.ZIP_STORED and npy.read_magic(file) == (1, 0):
            shape, fortran_order, kind = npy.read_array_header_1_0(file)
            if kind == np.dtype("<f4") and not fortran_order and 0 not in shape:
                return np.memmap(path, kind, "r", file.tell(), shape)
    return arrays["embeddings"].astype(np.float32, copy=False)


def _read_parquet(path: Path, with_moods: bool) -> Index:
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        if "embedding" not in file.schema_arrow.names:
            raise IndexFileError(f"{path}: has no embeddings; write it with --embeddings")
        columns = ["path", "path_bytes", "label", "score", "embedding", "model", "unsure"]
        columns += ["energy", "valence", *TAG_GROUPS] * with_moods
        table = file.read([name for name in columns if name in file.schema_arrow.names])
    table = table.filter(table["embedding"].is_valid())
    paths = table["path"].to_pylist()
    if "path_bytes" in table.column_names:
        names = table["path_bytes"].to_pylist()
        paths = [
            path if name is None else os.fsdecode(name)
            for path, name in zip(paths, names, strict=True)
        ]
    embeddings = table["embedding"].combine_chunks()
    if len(embeddings.value_lengths().unique()) > 1:
        raise ValueError("its embeddings differ in length")
    values = embeddings.flatten().to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
    return Index(
        paths,
        table["label"].to_pylist(),
        table["score"].to_numpy().astype(np.float64),
        values.reshape(len(paths), -1) if paths else np.zeros((0, 0), np.float32),
        _only_model(table["model"].unique().to_pylist()),
        np.array(table["unsure"].to_pylist(), bool) if "unsure" in table.column_names else None,
        _moods_of_table(table) if with_moods else None,
    )


def _moods_of_table(table: Any) -> Moods | None:
    empty = [None] * len(table)
    names = ("energy", "valence", *TAG_GROUPS)
    there = [table[name].to_pylist() if name in table.column_names else empty for name in names]
    told = _Told()
    for energy, valence, *groups in zip(*there, strict=True):
        told.add(energy, valence, [tag for text in groups if text for tag in text.split("; ")])
    return told.moods()


def _read_json(path: Path, with_moods: bool) -> Index:
    told = _Told()
    paths, labels, scores, models = [], [], [], {}
    embeddings: list[NDArray[np.float32]] = []
    doubts: list[bool | None] = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if "embedding" not in row:
                raise IndexFileError(f"{path}: has no embeddings; write it with --embeddings")
            if row["embedding"] is None:
                continue
            paths.append(row["path"])
            labels.append(row["label"])
            scores.append(row["score"])
            models[row["model"]] = None
            doubts.append(row.get("unsure"))
            if with_moods:
                told.add(row.get("energy"), row.get("valence"), row.get("said") or ())
            embeddings.append(np.array(row["embedding"], np.float32))
    stacked = np.stack(embeddings) if embeddings else np.zeros((0, 0), np.float32)
    unsure = None if None in doubts else np.array(doubts, bool)
    model = _only_model(list(models))
    moods = told.moods() if with_moods else None
    return Index(paths, labels, np.array(scores, np.float64), stacked, model, unsure, moods)


def _only_model(models: Sequence[str]) -> str:
    if len(models) > 1:
        raise ValueError(f"its songs were heard by {len(models)} models: {', '.join(models)}")
    return models[0] if models else ""
