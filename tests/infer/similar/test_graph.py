"""The graph finds nearly what the exact search finds."""

import os
from pathlib import Path

import numpy as np
import onnxruntime  # noqa: F401  behind usearch 2.26, its import is a segmentation fault
import pytest
import usearch.index as usearch

from melonnx.infer.errors import IndexFileError
from melonnx.infer.similar.graph import (
    build_graph,
    find_candidates,
    graph_path,
    is_fresh,
    open_graph,
)
from melonnx.infer.similar.neighbours import nearest


@pytest.fixture(scope="module")
def rows():
    """Songs in clusters, as embeddings lie, around 100 centres."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((100, 64))
    spread = rng.standard_normal((3000, 64))
    return (centres[rng.integers(0, 100, 3000)] + 0.5 * spread).astype(np.float32)


@pytest.fixture
def index(tmp_path):
    path = tmp_path / "index.npz"
    path.write_bytes(b"")
    return path


def test_recall_is_nearly_all(rows, index):
    build_graph(rows, graph_path(index))
    graph = open_graph(index, rows)
    found = [
        np.isin(nearest(rows, rows[row], 10)[0], find_candidates(graph, rows[row], 40)).mean()
        for row in range(0, 3000, 30)
    ]
    assert np.mean(found) > 0.98


def test_rows_of_a_map_that_begins_anywhere_are_taken(rows, index, tmp_path):
    """As in an npz, where numbers of four bytes need not stand at a multiple of four."""
    path = tmp_path / "rows"
    path.write_bytes(b"x" + rows[:500].tobytes())
    mapped = np.memmap(path, "<f4", "r", 1, (500, 64))
    build_graph(mapped, graph_path(index))
    assert 7 in find_candidates(open_graph(index, mapped), mapped[7], 5)
    assert nearest(mapped, mapped[7], 1)[0].tolist() == [7]


def test_a_graph_older_than_its_index_is_not_fresh(rows, index):
    assert not is_fresh(index)
    build_graph(rows[:50], graph_path(index))
    assert is_fresh(index)
    os.utime(index, ns=(2**62, 2**62))
    assert not is_fresh(index)


def test_a_graph_of_other_songs_is_refused(rows, index):
    build_graph(rows[:50], graph_path(index))
    with pytest.raises(IndexFileError, match="remove it"):
        open_graph(index, rows)
    graph_path(index).write_bytes(b"damaged" * 100)
    with pytest.raises(IndexFileError, match="remove it"):
        open_graph(index, rows[:50])


def test_two_that_make_one_graph_do_not_meet(rows, index, monkeypatch):
    """Each writes a file of its own; the last one to end is what stays."""
    save, begun = usearch.Index.save, []

    def slow(self, path):
        begun.append(path)
        if len(begun) == 1:
            build_graph(rows[:50], graph_path(index))
        save(self, path)

    monkeypatch.setattr(usearch.Index, "save", slow)
    build_graph(rows[:50], graph_path(index))
    assert len(set(begun)) == 2
    assert len(open_graph(index, rows[:50])) == 50
    assert {path.name for path in index.parent.iterdir()} == {"index.npz", "index.npz.usearch"}


def test_a_full_disk_leaves_nothing_of_a_graph(rows, index, monkeypatch):
    def full(self, path):
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(usearch.Index, "save", full)
    with pytest.raises(OSError, match="No space"):
        build_graph(rows[:50], graph_path(index))
    assert [path.name for path in index.parent.iterdir()] == ["index.npz"]


def test_a_damaged_graph_is_refused_before_it_ends_the_process(rows, index):
    """usearch maps what it is given, and follows it anywhere."""
    build_graph(rows[:300], graph_path(index))
    whole = graph_path(index).read_bytes()
    rng = np.random.default_rng(1)
    for at in (*rng.integers(0, len(whole), 30), 0, 8, 40, len(whole) - 1):
        damaged = bytearray(whole)
        damaged[at] ^= 0x55
        graph_path(index).write_bytes(damaged)
        with pytest.raises(IndexFileError, match="is damaged; remove it"):
            open_graph(index, rows[:300])
    for size in (0, 3, 4, 100, len(whole) - 1):
        graph_path(index).write_bytes(whole[:size])
        with pytest.raises(IndexFileError, match="is damaged; remove it"):
            open_graph(index, rows[:300])
