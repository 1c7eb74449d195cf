"""Bring your own genres: folders of songs become one model file that any program can use."""

import shutil
from dataclasses import replace

import onnx
import pytest

from melonnx.export.errors import ProofError
from melonnx.export.own_genres import make_own_genres
from melonnx.infer import Predictor
from melonnx.infer.errors import ModelFileError
from melonnx.infer.model.metadata import METADATA_KEY, ModelInfo
from melonnx.train.data.readers.dataset import read_dataset
from tests.conftest import SMALL_1, add_music


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    monkeypatch.setattr("melonnx.train.evaluate.measures._RESAMPLES", 100)


def make(genres, out, base="genre-small", said=None):
    tracks = read_dataset(genres).tracks
    say = (lambda line: None) if said is None else said.append
    return make_own_genres(tracks, base, out, name="mine", dataset="toys", say=say)


@pytest.mark.parametrize("base", ["genre-base", "genre-small"])
def test_one_file_tells_the_genres_of_the_folders(genres, base, tmp_path):
    said = []
    made = make(genres, tmp_path / "mine.onnx", base, said)
    assert max(made.worst.values()) <= 1e-5
    assert made.own.report.accuracy > 0.9
    assert any(line.startswith("left out:") and "broken.mp3" in line for line in said)
    predictor = Predictor(tmp_path / "mine.onnx", device="cpu")
    before = Predictor(base, device="cpu").info
    assert predictor.info == made.info
    assert predictor.info.labels == ("drone", "noise", "pulse")
    assert (predictor.info.mel_spec, predictor.info.license) == (before.mel_spec, before.license)
    assert predictor.info.dataset == "toys"
    assert f"on the embedding of {base} {before.version}" in predictor.info.split
    assert predictor.info.metrics["songs"] == 30
    for genre in predictor.info.labels:
        answer = predictor.predict(genres / genre / "7.wav")
        assert answer.label == genre
        assert len(answer.probabilities) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["mine.onnx"]


def test_a_made_file_may_be_a_base_itself_and_gives_the_same_again(genres, tmp_path):
    first = make(genres, tmp_path / "first.onnx")
    second = make(genres, tmp_path / "second.onnx", tmp_path / "first.onnx")
    assert second.info.bars == first.info.bars
    song = genres / "pulse" / "7.wav"
    answers = [
        Predictor(tmp_path / name, "cpu").predict(song) for name in ("first.onnx", "second.onnx")
    ]
    assert answers[0].probabilities == pytest.approx(answers[1].probabilities, abs=1e-6)


def test_of_a_base_that_tells_music_the_music_stays_and_what_its_genres_meant_goes(
    genres, tmp_path
):
    model, path = onnx.load(SMALL_1), tmp_path / "base.onnx"
    before = ModelInfo.from_json(model.metadata_props[0].value)
    more = {"pooling": "logits", "accepts": {"pop": {"rock": 0.5}}, "music_bar": 0.3}
    onnx.helper.set_model_props(model, {METADATA_KEY: replace(before, **more).to_json()})
    path.write_bytes(model.SerializeToString())
    base = add_music(path)
    info = make(genres, tmp_path / "mine.onnx", base).info
    assert (info.pooling, info.accepts, list(info.bars)) == ("logits", {}, ["80", "90", "95"])
    song = genres / "pulse" / "7.wav"
    heard, expected = (
        Predictor(one, "cpu").predict(song) for one in (tmp_path / "mine.onnx", base)
    )
    assert heard.music == expected.music
    assert heard.music is not None


def test_a_failed_proof_leaves_the_old_file(genres, tmp_path, monkeypatch):
    out = tmp_path / "mine.onnx"
    out.write_bytes(b"old")
    monkeypatch.setattr("melonnx.export.own_genres.HEAD_TOLERANCE", -1)
    with pytest.raises(ProofError, match="allowed is -1"):
        make(genres, out)
    assert out.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.onnx"]


def test_a_name_that_no_model_may_have_is_refused_before_songs_are_heard(genres, tmp_path):
    said = []
    tracks = read_dataset(genres).tracks
    with pytest.raises(ProofError, match=r"no model can be called so: 'a\\nb' holds"):
        make_own_genres(
            tracks, "genre-small", tmp_path / "x.onnx", name="a\nb", dataset="", say=said.append
        )
    assert said == []


def test_a_base_that_is_none_is_refused_before_songs_are_heard(genres, tmp_path):
    said = []
    with pytest.raises(ModelFileError, match="released models are"):
        make(genres, tmp_path / "mine.onnx", "no-such-model", said)
    assert said == []


def test_the_command_prints_figures_and_names_the_file(genres, melonnx, tmp_path):
    out = tmp_path / "mine.onnx"
    result = melonnx("train", genres, "--head", "--base", "genre-small", "--out", out)
    assert result.returncode == 0, result.stderr
    assert "split by artist: 5 folds: 30 songs" in result.stdout
    assert "majority baseline  33.3%" in result.stdout
    assert result.stdout.splitlines()[-1] == f"wrote {out} ({out.stat().st_size / 1e6:.2f} MB)"
    assert "equal to scikit-learn on" in result.stderr


def test_trying_prints_what_to_mend_and_writes_no_model(genres, melonnx, tmp_path):
    line = ("train", genres, "--head", "--try", "--base", "genre-small", "--cache", tmp_path / "c")
    result = melonnx(*line)
    assert result.returncode == 0, result.stderr
    assert "confusion: a row is a folder" in result.stdout
    assert "probably in the wrong folder" in result.stdout
    assert "nothing was written" in result.stderr
    again = melonnx(*line)
    assert again.stdout == result.stdout
    assert "30 of 31 songs are known from an earlier run" in again.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_folders_that_cannot_be_told_apart_are_one_line(genres, melonnx, tmp_path):
    for name, genre in (("a.wav", "drone"), ("b.wav", "noise")):
        (tmp_path / "songs" / genre).mkdir(parents=True)
        shutil.copy(genres / genre / "1.wav", tmp_path / "songs" / genre / name)
    shutil.copy(genres / "drone" / "2.wav", tmp_path / "songs" / "drone")
    out = tmp_path / "x.onnx"
    result = melonnx("train", tmp_path / "songs", "--head", "--base", "genre-small", "--out", out)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith(
        "melonnx: one song only of noise: a head needs"
    )
    assert not out.exists()
