"""Where songs lie is the same each time, near ones lie near, and it is kept beside the index."""

import numpy as np
import pytest

from melonnx.demo.map.layout import place, place_kept
from melonnx.infer.similar.index import Index


def groups(n=60):
    """Three groups of songs, each around a direction of its own."""
    rng = np.random.default_rng(0)
    middles = np.eye(3, 20)[np.arange(n) % 3] * 5
    return (middles + rng.normal(0, 0.3, (n, 20))).astype(np.float32)


def library(rows):
    names = [f"{at}.mp3" for at in range(len(rows))]
    return Index(names, ["pop"] * len(rows), np.ones(len(rows)), rows, "m 1")


@pytest.mark.parametrize("method", ["tsne", "pca"])
def test_songs_of_one_group_lie_together_and_the_same_each_time(method):
    if method == "tsne":
        pytest.importorskip("sklearn", reason="needs the map extra")
    rows = groups()
    places = place(rows, method)
    assert (places.shape, places.dtype) == ((60, 2), np.float32)
    assert (places.min(), places.max()) == (0, 1)
    assert (place(rows, method) == places).all()
    for song in range(60):
        apart = np.linalg.norm(places - places[song], axis=1)
        apart[song] = np.inf
        assert apart.argmin() % 3 == song % 3


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_songs_have_places_too(n):
    for method in ("tsne", "pca"):
        places = place(groups()[:n], method)
        assert places.shape == (n, 2)
        assert np.isfinite(places).all()


def test_places_are_kept_until_the_songs_change(tmp_path):
    file = tmp_path / "i.npz"
    first, method = place_kept(library(groups()), file, "pca")
    assert method == "pca"
    kept = tmp_path / "i.npz.map.npz"
    written = kept.stat().st_mtime_ns
    again, _ = place_kept(library(groups()), file, "pca")
    assert (again == first).all()
    assert kept.stat().st_mtime_ns == written
    fewer, _ = place_kept(library(groups()[:30]), file, "pca")
    assert fewer.shape == (30, 2)
    kept.write_bytes(b"PK damaged")
    whole, _ = place_kept(library(groups()), file, "pca")
    assert (whole == first).all()
