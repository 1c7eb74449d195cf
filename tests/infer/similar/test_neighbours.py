"""The nearest are the nearest, in any number of blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from melonnx.infer.errors import IndexFileError
from melonnx.infer.similar import neighbours as similar
from melonnx.infer.similar.index import Index
from melonnx.infer.similar.neighbours import find_row, model_of, nearest, neighbours


def embeddings(n, d=20, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)


def index(rows, model="genre-small 2.1"):
    paths = [f"music/{number}.mp3" for number in range(len(rows))]
    return Index(paths, ["pop"] * len(rows), np.ones(len(rows)), rows, model)


@given(n=st.integers(1, 60), k=st.integers(1, 70), seed=st.integers(0, 5), block=st.integers(1, 70))
def test_it_is_a_full_sort_by_cosine(n, k, seed, block):
    rows = embeddings(n, seed=seed)
    query = embeddings(1, seed=99)[0]
    cosines = rows @ query / np.linalg.norm(rows, axis=1) / np.linalg.norm(query)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similar, "_BLOCK", block)
        found, near = nearest(rows, query, k)
    np.testing.assert_array_equal(found, np.argsort(-cosines, kind="stable")[:k])
    np.testing.assert_allclose(near, np.sort(cosines)[::-1][:k], atol=1e-5)


def test_loudness_of_an_embedding_does_not_matter_and_zeros_are_far():
    rows = np.array([[1, 0], [0, 0], [50, 50], [-1, 0]], np.float32)
    found, near = nearest(rows, np.array([0.1, 0], np.float32), 4)
    assert found.tolist() == [0, 2, 1, 3]
    np.testing.assert_allclose(near, [1, 0.5**0.5, 0, -1], atol=1e-6)
    assert np.isfinite(nearest(rows, np.zeros(2, np.float32), 4)[1]).all()


def test_another_size_is_an_error():
    with pytest.raises(ValueError, match="does not fit"):
        nearest(embeddings(3), np.zeros(7, np.float32), 1)


def test_memory_is_that_of_a_block_not_of_the_index(tmp_path):
    import tracemalloc

    path = tmp_path / "rows"
    rows = np.memmap(path, np.float32, "w+", shape=(100_000, 100))
    rows[:] = embeddings(1, 100)
    tracemalloc.start()
    nearest(rows, rows[5], 10)
    assert tracemalloc.get_traced_memory()[1] < 0.5 * rows.nbytes
    tracemalloc.stop()


def test_a_song_is_not_its_own_neighbour():
    rows = embeddings(30)
    rows[7] = rows[3]
    found = neighbours(index(rows), rows[3], 5, but=3)
    assert len(found) == 5
    assert found[0].path == "music/7.mp3"
    assert found[0].similarity == pytest.approx(1)
    assert "music/3.mp3" not in [one.path for one in found]
    assert len(neighbours(index(rows), rows[3], 99, but=3)) == 29


def test_a_song_is_found_by_any_way_to_its_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    library = index(embeddings(5))
    assert find_row(library, "music/3.mp3") == 3
    assert find_row(library, str(tmp_path / "music" / "3.mp3")) == 3
    assert find_row(library, "./music/../music/3.mp3") == 3
    assert find_row(library, "elsewhere/3.mp3") is None
    (tmp_path / "3.mp3").symlink_to("3.mp3")
    assert find_row(library, "3.mp3") is None


def test_the_model_is_the_index_s_or_an_error_that_says_what_to_do(tiny_model):
    assert model_of(index(embeddings(2)), None).stem == "genre-small"
    assert model_of(index(embeddings(2)), "genre-small") == "genre-small"
    assert model_of(index(embeddings(2), "tiny 0"), tiny_model) == tiny_model
    with pytest.raises(IndexFileError, match=r'"genre-small 2.1", not with "genre-base 2.2".*anew'):
        model_of(index(embeddings(2)), "genre-base")
    with pytest.raises(IndexFileError, match=r'"mine 3".*--model'):
        model_of(index(embeddings(2), "mine 3"), None)


def test_an_index_of_no_songs_or_of_another_size_is_an_error():
    with pytest.raises(IndexFileError, match="no songs"):
        neighbours(index(np.zeros((0, 0), np.float32)), np.ones(20, np.float32), 5)
    with pytest.raises(IndexFileError, match="20 numbers"):
        neighbours(index(embeddings(3)), np.ones(7, np.float32), 5)
