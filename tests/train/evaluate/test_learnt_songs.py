"""An evaluation says first how many of its songs the model has learnt from."""

import csv
import shutil
from dataclasses import replace

import onnx
import pytest
from typer.testing import CliRunner

from melonnx.export.own_genres import make_own_genres
from melonnx.export.seal import describe, seal
from melonnx.infer import Predictor
from melonnx.infer.errors import ModelFileError
from melonnx.infer.model.learnt import LEARNT_KEY
from melonnx.infer.model.session import load_model
from melonnx.train.cli.evaluate import app
from melonnx.train.data.readers.dataset import read_dataset
from melonnx.train.evaluate.learnt_songs import learnt_from, learnt_songs
from tests.conftest import write_tiny_model


def without_broken(folder):
    return [track for track in read_dataset(folder).tracks if track.path.suffix == ".wav"]


@pytest.fixture(scope="module")
def learnt(genres, tmp_path_factory):
    """A model that says it has learnt from ten songs, and these songs."""
    path = tmp_path_factory.mktemp("learnt") / "m.onnx"
    write_tiny_model(path, ["drone", "noise", "pulse"])
    some = [track for track in without_broken(genres) if track.genre == "drone"]
    model = onnx.load(path)
    describe(model, load_model(path).info, learnt_from(some))
    path.write_bytes(seal(model))
    return path, some


def test_songs_that_were_learnt_from_are_known_renamed_or_not(learnt, genres, tmp_path):
    path, some = learnt
    songs = without_broken(genres)
    found = learnt_songs([(Predictor(path), songs)])
    assert (found.songs, found.told, found.known) == (len(songs), len(songs), len(some))
    assert "has learnt from 10 of these 30 songs: THESE FIGURES FLATTER." in found.line()
    shutil.copy(some[0].path, tmp_path / "another name.wav")
    renamed = replace(some[0], path=tmp_path / "another name.wav")
    assert learnt_songs([(Predictor(path), [renamed])]).known == 1


def test_none_is_said_with_what_is_not_known(learnt, genres):
    others = [track for track in without_broken(genres) if track.genre == "noise"]
    found = learnt_songs([(Predictor(learnt[0]), others)])
    assert found.known == 0
    assert found.line() == (
        "tiny 0 has learnt from none of these 10 songs, by their audio as it is; other encodings "
        "of them, or their artists, it may know."
    )


def test_a_file_of_before_does_not_say(tiny_model, genres):
    found = learnt_songs([(Predictor(tiny_model), without_broken(genres))])
    assert found.told is None
    assert "its file does not say" in found.line()


def test_the_command_begins_with_it(learnt, genres, tmp_path):
    rows = [["path", "artist"]]
    for genre in ("drone", "noise"):
        (tmp_path / genre).mkdir()
        for number in range(2):
            shutil.copy(genres / genre / f"{number}.wav", tmp_path / genre)
            rows.append([f"{genre}/{number}.wav", f"{genre} {number}"])
    with (tmp_path / "tracks.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    result = CliRunner().invoke(app, ["evaluate", str(learnt[0]), str(tmp_path)])
    assert result.exit_code == 0, result.output
    first, *_ = result.stdout.splitlines()
    assert first == "tiny 0 has learnt from 2 of these 4 songs: THESE FIGURES FLATTER."


def test_a_head_of_ones_own_knows_its_songs_and_no_other(genres, tmp_path, monkeypatch):
    monkeypatch.setattr("melonnx.train.evaluate.measures._RESAMPLES", 100)
    songs = without_broken(genres)
    some = [song for song in songs if int(song.path.stem) < 6]
    out = tmp_path / "mine.onnx"
    make_own_genres(some, "genre-small", out, name="mine", dataset="", say=lambda line: None)
    found = learnt_songs([(Predictor(out), songs)])
    assert (found.known, found.told) == (len(some), len(songs))
    assert load_model(out).learnt.songs == len(some)


def test_a_damaged_entry_is_told(learnt, tmp_path):
    model = onnx.load(learnt[0])
    entry = next(one for one in model.metadata_props if one.key == LEARNT_KEY)
    entry.value = "{}"
    (tmp_path / "m.onnx").write_bytes(seal(model))
    with pytest.raises(ModelFileError, match=r"melonnx\.learnt is of a kind"):
        load_model(tmp_path / "m.onnx")
