"""Finds near songs in an index of millions without looking at each, by usearch.

The extra ``search``. The answer is approximate: a hierarchical graph of neighbours (HNSW, Malkov
and Yashunin 2018) is walked towards the query, and may miss some of the nearest.
"""

import zlib
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnxruntime  # noqa: F401  behind usearch 2.26, its import is a segmentation fault
import usearch.index as usearch
from numpy.typing import NDArray

from melonnx.infer.errors import IndexFileError

__all__ = ["build_graph", "find_candidates", "graph_path", "is_fresh", "open_graph"]

_WIDTH = 128
"""Rows kept in view on the way, building and searching: more find more, and take longer."""
_BLOCK = 1 << 14
_FIRST = 1 << 12
"""Rows that one thread adds, before all do."""
_STEP = 1 << 20
_CHECKSUM_BYTES = 4


def graph_path(index: Path) -> Path:
    """Where the graph of an index is kept."""
    return index.with_name(f"{index.name}.usearch")


def build_graph(embeddings: NDArray[np.float32], path: Path) -> None:
    """Write the graph of float32 [n, d] to ``path``, all at once.

    Vectors are in it as float16: half the size, and what is found is compared exactly later.
    """
    graph = usearch.Index(ndim=embeddings.shape[1], metric="cos", dtype="f16", expansion_add=_WIDTH)
    starts = [0, *range(_FIRST, len(embeddings), _BLOCK)]
    for start, end in pairwise([*starts, len(embeddings)]):
        block = np.array(embeddings[start:end], np.float32)  # aligned, unlike a map's
        # Threads that add to a small graph do not see each other's songs, and some are then missed.
        graph.add(np.arange(start, end), block, threads=0 if start else 1)
    with TemporaryDirectory(prefix=f"{path.name}.", dir=path.parent) as folder:
        part = Path(folder, path.name)
        graph.save(str(part))
        checksum = _checksum(part, part.stat().st_size)
        with part.open("ab") as file:
            file.write(checksum)
        part.replace(path)


def is_fresh(index: Path) -> bool:
    """Whether there is a graph of the index that is not older than it."""
    path = graph_path(index)
    return path.exists() and path.stat().st_mtime_ns >= index.stat().st_mtime_ns


def open_graph(index: Path, embeddings: NDArray[np.float32]) -> usearch.Index:
    """The graph of an index, mapped from its file.

    It is read once to be checked, which takes a second a GB. Raises IndexFileError where it is
    damaged or that of another index.
    """
    path = graph_path(index)
    if not _is_whole(path):
        raise IndexFileError(f"{path}: is damaged; remove it to make it anew")
    try:
        graph = usearch.Index.restore(str(path), view=True)
    except (RuntimeError, ValueError):
        graph = None
    if graph is None or len(graph) != len(embeddings) or graph.ndim != embeddings.shape[1]:
        raise IndexFileError(f"{path}: is not the graph of {index}; remove it to make it anew")
    graph.expansion_search = _WIDTH
    return graph


def find_candidates(graph: usearch.Index, query: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """``k`` rows that are probably among the nearest to ``query``, float32 (d,); unordered."""
    found = graph.search(np.array(query, np.float32), k)  # aligned, too
    return np.sort(np.asarray(found.keys).astype(np.intp))


def _is_whole(path: Path) -> bool:
    """Looked at before usearch does: at damage, it ends the process with a segmentation fault."""
    size = path.stat().st_size - _CHECKSUM_BYTES
    if size < 0:
        return False
    with path.open("rb") as file:
        file.seek(size)
        return file.read() == _checksum(path, size)


def _checksum(path: Path, size: int) -> bytes:
    """CRC-32 of the first ``size`` bytes; it stands behind the graph, where nobody else reads."""
    found = 0
    with path.open("rb") as file:
        while size > 0 and (data := file.read(min(_STEP, size))):
            found = zlib.crc32(data, found)
            size -= len(data)
    return found.to_bytes(_CHECKSUM_BYTES)
