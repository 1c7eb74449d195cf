"""Networks stand beside classifiers on the same songs, each asked of what it has not heard."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from melonnx.infer.predictor import Predictor
from melonnx.train.classical.benchmark import Folds, make_folds
from melonnx.train.classical.feature_names import COLUMNS
from melonnx.train.classical.feature_table import FeatureTable, write_features
from melonnx.train.classical.networks import (
    folds_of_run,
    restrict_to_runs,
    score_model,
    score_run,
)
from melonnx.train.data.folds import fold_parts
from melonnx.train.data.readers.dataset import read_dataset
from melonnx.train.data.tracks import DataSetError
from melonnx.train.run import Run, RunError, read_run
from melonnx.train.settings import Settings
from tests.train.data.readers.test_fma import row, write_fma

LABELS = ("drone", "noise", "pulse")


def quiet(line):
    return None


@pytest.fixture(scope="module")
def table(genres):
    """All songs but the last, with features that do not matter."""
    songs = [t for t in read_dataset(genres).tracks if t.path.suffix == ".wav"][:-1]
    values = np.random.default_rng(0).normal(size=(len(songs), len(COLUMNS)))
    relative = tuple(replace(song, path=song.path.relative_to(genres)) for song in songs)
    return FeatureTable(relative, values.astype(np.float32))


@pytest.fixture
def run(genres, tiny_model, tmp_path):
    """An exported run with two folds, of all songs but the first."""
    tracks = tuple(t for t in read_dataset(genres).tracks if t.path.suffix == ".wav")[1:]
    settings = Settings(folds=2, seed=3)
    whole = Run(
        tmp_path / "mine", genres, settings, LABELS, tracks, ("train",) * len(tracks), finished=True
    )
    whole.write()
    parts_of = fold_parts(tracks, settings.folds, settings.split, settings.seed)
    for folder, parts in zip(whole.fold_folders, parts_of, strict=True):
        replace(whole, folder=folder, parts=tuple(parts), settings=Settings()).write()
        shutil.copy(tiny_model, folder / "model.onnx")
    return read_run(whole.folder)


def test_the_songs_are_those_that_both_have_and_the_folds_the_runs(table, run):
    shared = restrict_to_runs(table, [run])
    names = [track.path for track in table.tracks]
    assert [track.path for track in shared.tracks] == names[1:]
    np.testing.assert_array_equal(shared.values, table.values[1:])
    folds = folds_of_run(shared, run)
    np.testing.assert_array_equal(folds.rows, np.arange(len(shared.tracks)))
    for folder, train, test in zip(run.fold_folders, folds.train, folds.test, strict=True):
        tested = {song.path for song in read_run(folder).songs("test")}
        assert {run.data / shared.tracks[at].path for at in test} <= tested
        assert not {run.data / shared.tracks[at].path for at in train} & tested


def test_each_folds_model_is_asked_of_its_own_songs(table, run, tiny_model, monkeypatch):
    test = []
    original = Predictor.__init__

    def counted(self, model, *rest, **how):
        test.append(model)
        original(self, model, *rest, **how)

    monkeypatch.setattr(Predictor, "__init__", counted)
    shared = restrict_to_runs(table, [run])
    score = score_run(run, shared, quiet)
    assert test == [folder / "model.onnx" for folder in run.fold_folders]
    assert score.songs == len(shared.tracks)
    assert (score.classifier, score.features, score.columns) == ("mine", "the audio", 0)
    assert score.fit_s is None
    assert score.predict_s > 0
    assert "each fold's own model" in score.note
    predictor = Predictor(tiny_model)
    right = [predictor.predict(run.data / t.path).label == t.genre for t in shared.tracks]
    assert score.accuracy == pytest.approx(np.mean(right))


def test_a_model_file_is_asked_of_the_songs_of_the_division(table, genres, tiny_model):
    score = score_model(tiny_model, genres, table, make_folds(table.tracks, 3), quiet)
    assert score.songs == len(table.tracks)
    assert score.classifier == "tiny"
    assert score.learnt.startswith("Whether tiny 0 has learnt from some of these")
    assert score.note.startswith(score.learnt)


def test_songs_of_the_published_table_are_found_by_their_number(genres, tiny_model, tmp_path):
    songs = [genres / "drone/0.wav", genres / "noise/1.wav", genres / "noise/2.wav"]
    rows = [row(7, "drone"), row(8, "noise"), row(9, "noise")]
    root = write_fma(tmp_path, rows)
    for track, song in zip(read_dataset(root).tracks, songs, strict=True):
        shutil.copy(song, track.path)
    tracks = tuple(
        replace(track, path=Path(str(track.number))) for track in read_dataset(root).tracks
    )
    published = FeatureTable(tracks, np.zeros((3, len(COLUMNS)), np.float32))
    folds = Folds((np.arange(3),), (np.arange(3),), "all")
    assert score_model(tiny_model, root, published, folds, quiet).songs == 3


def test_runs_that_cannot_be_asked_are_refused(table, run, run_folder):
    with pytest.raises(RunError, match="has no folds; give its model file by --model"):
        restrict_to_runs(table, [read_run(run_folder)])
    none = FeatureTable(table.tracks[:1], table.values[:1])
    with pytest.raises(DataSetError, match="no song of the table"):
        restrict_to_runs(none, [run])
    (run.fold_folders[1] / "model.onnx").unlink()
    with pytest.raises(RunError, match="no model files; melonnx export makes them"):
        score_run(run, table, quiet)


def test_from_the_command_each_network_is_a_row(melonnx, table, run, genres, tiny_model, tmp_path):
    write_features(table, tmp_path / "features.parquet")
    result = melonnx(
        "benchmark", tmp_path / "features.parquet", "--run", run.folder,
        "--model", tiny_model, "--data", genres, "--out", tmp_path / "out",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "the 2 folds of the run mine" in result.stdout
    assert "mine, the audio" in result.stdout
    assert "tiny, the audio" in result.stdout
    assert "| mine, the audio |" in (tmp_path / "out/benchmark.md").read_text()
