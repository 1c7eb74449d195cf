"""Lays the songs of an index out in a plane, and keeps where they are beside it.

Up to some thousands by t-SNE (van der Maaten and Hinton, 2008), from scikit-learn: what is near in
the plane is near by embedding, and what is far says little. Beyond, by the two directions in which
embeddings differ most (PCA), where far means something and near less.
"""

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.results.replace import writing
from melonnx.infer.similar.index import Index

__all__ = ["Method", "place", "place_kept"]

Method = Literal["tsne", "pca"]

_MOST_TSNE = 10_000
"""Songs that t-SNE lays out within minutes."""
_DIMENSIONS = 50
"""That t-SNE is given, of those in which songs differ most."""
_PERPLEXITY = 30
_SEED = 0
_BLOCK = 1 << 14


def place_kept(index: Index, file: Path, method: Method | None) -> tuple[NDArray[np.float32], str]:
    """Places [n, 2], and the method that made them.

    They are kept in ``<file>.map.npz`` for the next time, as long as the embeddings are the same.
    ``method``: None for t-SNE up to 10,000 songs and PCA beyond. Raises OSError where that file
    cannot be written.
    """
    n = len(index.paths)
    method = method or ("tsne" if n <= _MOST_TSNE else "pca")
    kept = file.with_name(f"{file.name}.map.npz")
    made_of = f"{method} {_SEED} {_digest(index.embeddings)}"
    try:
        with np.load(kept, allow_pickle=False) as arrays:
            if str(arrays["made_of"]) == made_of and arrays["places"].shape == (n, 2):
                return arrays["places"].astype(np.float32), method
    except (OSError, ValueError, KeyError, EOFError):  # none yet, or damaged
        pass
    places = place(index.embeddings, method)
    with writing(kept) as part, part.open("wb") as out:
        np.savez(out, places=places, made_of=np.array(made_of))
    return places, method


def place(embeddings: NDArray[np.float32], method: Method) -> NDArray[np.float32]:
    """Float32 [n, 2] of float32 [n, d], from 0 to 1 in the longer direction."""
    flat = _principal(embeddings, 2 if method == "pca" else _DIMENSIONS)
    if method == "tsne" and len(flat) > 3:
        from sklearn.manifold import TSNE

        perplexity = min(_PERPLEXITY, (len(flat) - 1) / 3)
        flat = TSNE(perplexity=perplexity, init="pca", random_state=_SEED).fit_transform(flat)
    flat = np.pad(flat, ((0, 0), (0, max(0, 2 - flat.shape[1]))))[:, :2]
    if not len(flat):
        return np.zeros((0, 2), np.float32)
    flat = flat - flat.min(axis=0)
    return (flat / max(float(flat.max()), np.finfo(np.float32).tiny)).astype(np.float32)


def _principal(embeddings: NDArray[np.float32], k: int) -> NDArray[np.float64]:
    """[n, at most k]: unit embeddings along the directions in which they differ most.

    Block by block, since the rows may be mapped from a file.
    """
    n, d = embeddings.shape
    total, squares = np.zeros(d), np.zeros((d, d))
    for start in range(0, n, _BLOCK):
        block = _units(embeddings[start : start + _BLOCK])
        total += block.sum(axis=0)
        squares += block.T @ block
    mean = total / max(n, 1)
    _, directions = np.linalg.eigh(squares / max(n, 1) - np.outer(mean, mean))
    directions = directions[:, ::-1][:, :k]
    # An eigenvector's sign is no matter of the songs; this one is always the same.
    largest = np.abs(directions).argmax(axis=0)
    directions = directions * np.sign(directions[largest, np.arange(directions.shape[1])])
    blocks = (
        (_units(embeddings[start : start + _BLOCK]) - mean) @ directions
        for start in range(0, n, _BLOCK)
    )
    return np.concatenate([np.zeros((0, directions.shape[1])), *blocks])


def _units(block: NDArray[np.float32]) -> NDArray[np.float64]:
    rows = np.array(block, np.float64)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(float).tiny)


def _digest(embeddings: NDArray[np.float32]) -> str:
    found = hashlib.sha256(str(embeddings.shape).encode())
    for start in range(0, len(embeddings), _BLOCK):
        found.update(np.array(embeddings[start : start + _BLOCK]).tobytes())
    return found.hexdigest()
