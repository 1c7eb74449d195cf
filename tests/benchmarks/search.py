"""How long the nearest of many songs take to find: exactly, and by a graph, with its recall.

python tests/benchmarks/search.py [SONGS] [SONGS_IN_GRAPH]

Embeddings of 200 numbers, in 2,000 clusters as genres and artists make them; mapped from an npz
as melonnx classify writes it.
"""

import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from melonnx.infer.similar.graph import build_graph, find_candidates, graph_path, open_graph
from melonnx.infer.similar.index import npz_writer, read_index
from melonnx.infer.similar.neighbours import nearest

_QUERIES = 20


def main() -> None:
    """Make an index, search it both ways, and print."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    n_graph = int(sys.argv[2]) if len(sys.argv) > 2 else min(n, 100_000)
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((2000, 200)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index.npz"
        with npz_writer(path, "benchmark 1") as add:
            for number in range(n):
                spread = rng.standard_normal(200, np.float32)
                row = centres[rng.integers(2000)] + np.float32(0.7) * spread
                add(f"artist {number // 100}/album/{number}.mp3", "rock", 0.5, row)
        began = time.perf_counter()
        index = read_index(path)
        print(f"{n:,} songs, {path.stat().st_size / 1e6:.0f} MB: ", end="")
        print(f"opened in {time.perf_counter() - began:.1f} s")
        rows = index.embeddings
        queries = rng.integers(0, n, _QUERIES)
        times = [_seconds(lambda q=q: nearest(rows, rows[q], 11)) for q in queries]
        print(f"exact: {statistics.median(times):.2f} s a query; {_own_mb():.0f} MB of its own")

        some = np.array(rows[:n_graph])
        built = _seconds(lambda: build_graph(some, graph_path(path)))
        print(f"graph of {n_graph:,}: built in {built:.0f} s, ", end="")
        print(f"{graph_path(path).stat().st_size / 1e6:.0f} MB")
        graph = open_graph(path, some)
        queries = rng.integers(0, n_graph, 200)
        times = [_seconds(lambda q=q: find_candidates(graph, some[q], 41)) for q in queries]
        found = [
            np.isin(nearest(some, some[q], 11)[0], find_candidates(graph, some[q], 41)).mean()
            for q in queries
        ]
        print(f"{1000 * statistics.median(times):.1f} ms a query; ", end="")
        print(f"{np.mean(found):.1%} of the ten nearest are found")


def _seconds(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _own_mb() -> float:
    """Without the pages of mapped files; where Linux does not tell, with them."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1000
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    main()
