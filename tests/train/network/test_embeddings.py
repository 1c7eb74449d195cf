"""Songs are embedded as the runtime embeds them; one that cannot be costs a line."""

import numpy as np
import pytest

from melonnx.infer import Predictor
from melonnx.infer.model.session import load_model
from melonnx.train.data.tracks import Track
from melonnx.train.network.embeddings import embed_songs, song_windows


@pytest.mark.parametrize("name", ["genre-base", "genre-small"])
def test_the_mean_over_windows_is_the_runtimes_embedding(genres, name):
    path = genres / "pulse" / "3.wav"
    model = load_model(name, device="cpu")
    said = []
    embeddings = embed_songs(model, [Track(path, "pulse")], said.append)
    assert said == []
    expected = Predictor(name, device="cpu").predict(path)
    assert len(embeddings[path]) == len(expected.timeline) == len(song_windows(model, path))
    np.testing.assert_allclose(embeddings[path].mean(axis=0), expected.embedding, atol=1e-6)


def test_a_broken_file_is_one_line_and_the_others_go_on(genres):
    paths = [genres / "drone" / name for name in ("broken.mp3", "0.wav", "gone.wav")]
    said = []
    embeddings = embed_songs(
        load_model("genre-small", device="cpu"), [Track(path, "drone") for path in paths],
        said.append,
    )  # fmt: skip
    assert list(embeddings) == [paths[1]]
    assert [line.partition(":")[0] for line in said] == ["left out", "left out"]
    assert "broken.mp3" in said[0]
    assert "gone.wav" in said[1]
