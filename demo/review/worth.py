"""Which songs are worth asking first: those that the model is torn about, and that many are like.

A song that is like no other teaches nothing about others, however unsure it is (information
density: Settles and Craven, An Analysis of Active Learning Strategies, EMNLP 2008).
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["worth_asking"]

_SAMPLE = 256
"""Songs that stand for the library."""
_SEED = 0
_BLOCK = 1 << 11


def worth_asking(
    shares: NDArray[np.float32],
    unsure: NDArray[np.bool_],
    embeddings: NDArray[np.float16] | None,
) -> NDArray[np.float32]:
    """Float32 (n,), sure answers below all unsure ones.

    ``shares`` (n, labels); ``embeddings`` (n, d), None where there are none: then every song is
    taken for as typical as any.
    """
    p = np.maximum(shares, np.finfo(np.float32).tiny)
    doubt = -(p * np.log(p)).sum(axis=1) / np.log(max(2, shares.shape[1]))
    if embeddings is None or not len(embeddings):
        typical = np.ones(len(shares))
    else:
        typical = _typical(embeddings)
    return (np.clip(doubt, 0, 1) * typical + 2 * unsure).astype(np.float32)


def _typical(embeddings: NDArray[np.float16]) -> NDArray[np.float64]:
    """(n,), 0 to 1: the mean cosine with songs drawn from all, where it is above 0."""
    n = len(embeddings)
    chosen = np.random.default_rng(_SEED).permutation(n)[:_SAMPLE]
    sample = _units(embeddings[np.sort(chosen)])
    near = np.concatenate(
        [
            np.maximum(_units(embeddings[at : at + _BLOCK]) @ sample.T, 0).mean(axis=1)
            for at in range(0, n, _BLOCK)
        ]
    )
    return near / max(near.max(), np.finfo(float).tiny)


def _units(block: NDArray[np.float16]) -> NDArray[np.float64]:
    rows = block.astype(np.float64)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(float).tiny)
