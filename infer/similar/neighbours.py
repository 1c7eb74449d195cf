"""Finds the songs of an index that are nearest to one by their embeddings."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.errors import IndexFileError
from melonnx.infer.model.session import load_model, released_models
from melonnx.infer.similar.index import Index

__all__ = ["Neighbour", "find_row", "model_of", "nearest", "neighbours"]

_BLOCK = 1 << 14
"""Rows at a time: a block and what is made of it stay in a few tens of megabytes."""


@dataclass(frozen=True)
class Neighbour:
    """One song of an index, and how near it is."""

    path: str
    label: str
    similarity: float
    """Cosine of the angle between the embeddings: 1 for equal ones."""
    unsure: bool | None = None
    """Of ``label``; None where the index does not say."""


def nearest(
    embeddings: NDArray[np.float32], query: NDArray[np.float32], k: int
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The ``k`` rows nearest to ``query`` by cosine, nearest first, and their cosines.

    ``embeddings``: float32 [n, d], not normalised; ``query``: float32 [d]. Every row is looked
    at, block by block, so that memory is bounded also where the rows are mapped from a file. A
    row of zeros is at cosine 0. Raises ValueError where the sizes do not fit.
    """
    if embeddings.ndim != 2 or query.shape != embeddings.shape[1:]:
        raise ValueError(f"a query of {query.shape} does not fit rows of {embeddings.shape[1:]}")
    rows, cosines = np.zeros(0, np.intp), np.zeros(0, np.float32)
    unit = query / max(float(np.linalg.norm(query)), np.finfo(np.float32).tiny)
    for start in range(0, len(embeddings), _BLOCK):
        block = np.array(embeddings[start : start + _BLOCK], np.float32)  # aligned, unlike a map's
        norms = np.sqrt(np.einsum("ij,ij->i", block, block))
        here = (block @ unit) / np.maximum(norms, np.finfo(np.float32).tiny)
        rows = np.concatenate([rows, np.arange(start, start + len(block))])
        cosines = np.concatenate([cosines, here])
        if len(rows) > k:
            best = np.argpartition(-cosines, k - 1)[:k]
            rows, cosines = rows[best], cosines[best]
    order = np.lexsort((rows, -cosines))
    return rows[order], cosines[order]


def neighbours(
    index: Index,
    query: NDArray[np.float32],
    k: int,
    *,
    but: int | None = None,
    candidates: NDArray[np.intp] | None = None,
) -> list[Neighbour]:
    """The ``k`` songs nearest to ``query``, float32 (d,), nearest first.

    ``but``: a row to leave out, the song itself. ``candidates``: the only rows to look at, as
    :func:`melonnx.infer.similar.graph.find_candidates` gives them. Raises
    IndexFileError where ``index`` has no songs, or embeddings of another size.
    """
    if not index.paths:
        raise IndexFileError("the index holds no songs")
    if query.shape != index.embeddings.shape[1:]:
        raise IndexFileError(
            f"the index holds embeddings of {index.embeddings.shape[1]} numbers, its model gives "
            f"{len(query)}: it is damaged"
        )
    embeddings = index.embeddings if candidates is None else index.embeddings[candidates]
    rows, cosines = nearest(embeddings, query, k + (but is not None))
    if candidates is not None:
        rows = candidates[rows]
    found = [
        Neighbour(index.paths[row], index.labels[row], float(cosine), index.is_unsure(int(row)))
        for row, cosine in zip(rows, cosines, strict=True)
        if row != but
    ]
    return found[:k]


def find_row(index: Index, song: str) -> int | None:
    """The row of a song by its path, as it is written there or as it leads to the same file."""
    wanted, name = os.path.realpath(song), Path(song).name
    alike = [(row, path) for row, path in enumerate(index.paths) if path.endswith(name)]
    for row, path in alike:
        if path == song:
            return row
    for row, path in alike:
        if os.path.realpath(path) == wanted:
            return row
    return None


def model_of(index: Index, model: str | os.PathLike[str] | None) -> str | os.PathLike[str]:
    """The model that can place further songs in ``index``: ``model``, or the released one that
    the index names.

    Raises IndexFileError where it is of another name or version.
    """
    if model is None:
        for path in released_models().values():
            if index.model == _name(path):
                return path
        raise IndexFileError(
            f'the index was made with "{index.model}", which is not a released model of this '
            "version: give its file with --model, or make the index anew with melonnx classify "
            "--embeddings"
        )
    if _name(model) != index.model:
        raise IndexFileError(
            f'the index was made with "{index.model}", not with "{_name(model)}": their '
            "embeddings do not compare. Leave --model out or give that one, or make the index "
            "anew with melonnx classify --embeddings --model"
        )
    return model


def _name(model: str | os.PathLike[str]) -> str:
    info = load_model(Path(model), device="cpu").info
    return f"{info.name} {info.version}"
