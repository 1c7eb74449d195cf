"""Songs are heard once: what was kept is taken again, and only for the same song and model."""

import os

import numpy as np
import pytest

from melonnx.infer.model.session import load_model
from melonnx.train.data.tracks import Track
from melonnx.train.network import embeddings as module
from melonnx.train.network.embedding_cache import EmbeddingCache
from melonnx.train.network.embeddings import embed_songs
from tests.conftest import SMALL_1


@pytest.fixture
def tracks(genres):
    return [Track(genres / "pulse" / f"{number}.wav", "pulse") for number in (1, 2)]


def test_a_second_run_hears_nothing_and_says_the_same(tracks, tmp_path, monkeypatch):
    model, cache = load_model(SMALL_1, device="cpu"), EmbeddingCache(tmp_path, SMALL_1)
    first = embed_songs(model, tracks, print, cache)

    def not_again(model, path):
        raise AssertionError(f"{path} was heard again")

    monkeypatch.setattr(module, "song_windows", not_again)
    said: list[str] = []
    second = embed_songs(model, tracks, said.append, cache)
    assert said == ["2 of 2 songs are known from an earlier run"]
    assert first.keys() == second.keys()
    for path, values in first.items():
        np.testing.assert_array_equal(second[path], values)


def test_another_time_of_change_or_another_model_is_heard_anew(tracks, tmp_path):
    song = tracks[0].path
    cache = EmbeddingCache(tmp_path / "cache", SMALL_1)
    kept = np.ones((2, 3), np.float32)
    cache.put(song, kept)
    found = cache.get(song)
    assert found is not None
    np.testing.assert_array_equal(found, kept)
    other = tmp_path / "other.onnx"
    other.write_bytes(SMALL_1.read_bytes() + b" ")
    assert EmbeddingCache(tmp_path / "cache", other).get(song) is None
    before = song.stat()
    try:
        os.utime(song, ns=(before.st_atime_ns, before.st_mtime_ns + 10**9))
        assert cache.get(song) is None
    finally:
        os.utime(song, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_damage_and_a_folder_that_cannot_be_made_are_no_errors(tracks, tmp_path):
    song = tracks[0].path
    cache = EmbeddingCache(tmp_path, SMALL_1)
    cache.put(song, np.ones((2, 3), np.float32))
    (kept,) = tmp_path.rglob("*.npy")
    kept.write_bytes(kept.read_bytes()[:20])
    assert cache.get(song) is None
    (tmp_path / "file").write_text("")
    EmbeddingCache(tmp_path / "file", SMALL_1).put(song, np.ones((2, 3), np.float32))
