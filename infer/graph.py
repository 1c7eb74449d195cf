"""Finds near songs in an index of millions without looking at each, by usearch.

The extra ``search``. The answer is approximate: a hierarchical graph of neighbours (HNSW, Malkov
and Yashunin 2018) is walked towards the query, and may miss some of the nearest.
"""

from pathlib import Path

import numpy as np
import usearch.index as usearch
from numpy.typing import NDArray

from melonnx.infer.errors import IndexFileError

__all__ = ["build_graph", "find_candidates", "graph_path", "open_graph"]

_WIDTH = 256
"""Rows kept in view on the way, building and searching: more find more, and take longer."""
_BLOCK = 1 << 14


def graph_path(index: Path) -> Path:
    """Where the graph of an index is kept."""
    return index.with_name(f"{index.name}.usearch")


def build_graph(embeddings: NDArray[np.float32], path: Path) -> None:
    """Write the graph of float32 [n, d] to ``path``, all at once.

    Vectors are in it as float16: half the size, and what is found is compared exactly later.
    """
    graph = usearch.Index(
        ndim=embeddings.shape[1], metric="cos", dtype="f16", expansion_add=_WIDTH
    )
    for start in range(0, len(embeddings), _BLOCK):
        block = np.ascontiguousarray(embeddings[start : start + _BLOCK])
        graph.add(np.arange(start, start + len(block)), block)
    part = path.with_name(f"{path.name}.part")
    graph.save(str(part))
    part.replace(path)


def open_graph(index: Path, embeddings: NDArray[np.float32]) -> usearch.Index:
    """The graph of an index, mapped from its file.

    Raises IndexFileError where it has none, or one of another state of it.
    """
    path = graph_path(index)
    if not path.exists() or path.stat().st_mtime_ns < index.stat().st_mtime_ns:
        raise IndexFileError(f"{index}: has no graph of its present state beside it")
    graph = usearch.Index.restore(str(path), view=True)
    if graph is None or len(graph) != len(embeddings) or graph.ndim != embeddings.shape[1]:
        raise IndexFileError(f"{path}: is not the graph of {index}")
    graph.expansion_search = _WIDTH
    return graph


def find_candidates(
    graph: usearch.Index, query: NDArray[np.float32], k: int
) -> NDArray[np.intp]:
    """``k`` rows that are probably among the nearest to ``query``, float32 (d,); unordered."""
    return np.sort(np.asarray(graph.search(query, k).keys).astype(np.intp))
