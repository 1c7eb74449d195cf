"""The songs of an evaluation are those it names, and only a random split stands beside as one."""

import numpy as np
import pytest

from melonnx.infer import Predictor
from melonnx.train.data.folds import fold_parts
from melonnx.train.data.readers.dataset import read_folder
from melonnx.train.data.tracks import DataSetError
from melonnx.train.evaluate import evaluation as evaluation_module
from melonnx.train.evaluate.evaluation import (
    evaluate_model,
    open_predictors,
    read_random_scores,
    read_test_songs,
)
from melonnx.train.evaluate.predictions import predict_all, predict_tracks
from melonnx.train.evaluate.scores import score_predictions
from melonnx.train.run import Run, RunError, read_run
from melonnx.train.settings import Settings
from tests.conftest import write_tiny_model


def quiet(line):
    """Say nothing."""


def read(data, artists=None):
    return read_test_songs(data, artists, subgenres=False, say=lambda line: None)


def test_a_run_gives_its_test_part_and_its_split(run_folder):
    songs, run = read(run_folder), read_run(run_folder)
    assert list(songs.tracks) == run.songs("test")
    assert songs.split == "artist"
    assert str(run_folder) in songs.description
    assert run.data_hash[:16] in songs.description


def test_a_folder_gives_all_its_songs_with_their_sources(genres, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("path,artist,source\nnoise/0.wav,x,tape\n")
    songs = read(genres, table)
    assert len(songs.tracks) == 31
    assert songs.split == ""
    assert songs.sources == {genres / "noise/0.wav": "tape"}
    assert read(genres).sources == {}


@pytest.fixture
def folds(genres, tmp_path):
    """A run with two folds, as training leaves it but for its networks."""
    tracks = tuple(track for track in read_folder(genres) if track.path.suffix == ".wav")
    settings = Settings(folds=2)
    labels = ("drone", "noise", "pulse")
    run = Run(tmp_path / "folds", genres, settings, labels, tracks, ("train",) * 30, data_hash="x")
    run.write()
    for folder, parts in zip(
        run.fold_folders,
        fold_parts(tracks, settings.folds, settings.split, settings.seed),
        strict=True,
    ):
        Run(folder, genres, settings, labels, tracks, tuple(parts)).write()
    return run


def test_a_run_with_folds_gives_every_song_asked_of_the_network_that_has_not_heard_it(
    folds, tiny_model, tmp_path
):
    songs = read(folds.folder)
    assert {song.path for song in songs.tracks} == {track.path for track in folds.tracks}
    assert len(songs.tracks) == 30
    assert songs.split == "artist"
    assert "one of its 2 fold models which had not heard its artist" in songs.description
    with pytest.raises(RunError, match="melonnx export makes them"):
        open_predictors(tiny_model, folds.folder, songs)
    for seed, folder in enumerate(folds.fold_folders):
        write_tiny_model(folder / "model.onnx", folds.labels, seed=seed + 3)
    predictors = open_predictors(tiny_model, folds.folder, songs)
    assert tuple(song for _, own in predictors for song in own) == songs.tracks
    predictions = predict_all(predictors, lambda line: None)
    for folder in folds.fold_folders:
        fold = read_run(folder)
        tested = {song.path for song in fold.songs("test")}
        heard = {track.artist for track in fold.part("train")}
        model = Predictor(fold.model_path)
        rows = [row for row, song in enumerate(predictions.tracks) if song.path in tested]
        assert len(rows) >= 10
        for row in rows[::5]:
            song = predictions.tracks[row]
            assert song.artist not in heard
            alone = model.predict(song.path).probabilities
            assert predictions.probabilities[row] == pytest.approx(
                [alone[label] for label in predictions.labels]
            )


def test_a_run_with_one_split_and_a_folder_are_asked_of_the_model_itself(
    run_folder, genres, tiny_model
):
    for data in (run_folder, genres):
        songs = read(data)
        ((predictor, own),) = open_predictors(tiny_model, data, songs)
        assert predictor.info.name == "tiny"
        assert own == songs.tracks


def test_sources_are_scored_by_the_folds_and_searched_in_the_models_own_embeddings(
    folds, tiny_model, monkeypatch
):
    monkeypatch.setattr(evaluation_module, "measure_robustness", lambda *_: ())
    seen = []
    monkeypatch.setattr(evaluation_module, "probe_sources", lambda *given: seen.append(given))
    for seed, folder in enumerate(folds.fold_folders):
        write_tiny_model(folder / "model.onnx", folds.labels, seed=seed + 3)
    songs = read(folds.folder)
    predictors = open_predictors(tiny_model, folds.folder, songs)
    predictions = predict_all(predictors, quiet)
    scores = score_predictions(predictions)
    evaluate_model(
        tiny_model, predictors, songs, predictions, scores, random=None, command="", say=quiet
    )
    ((searched, _),) = seen
    assert searched.probabilities is predictions.probabilities
    own = predict_tracks(Predictor(tiny_model), songs.tracks, quiet)
    assert np.array_equal(searched.embeddings, own.embeddings)
    assert not np.array_equal(searched.embeddings, predictions.embeddings)


def test_a_model_of_a_random_split_gives_its_figures(tmp_path):
    split = "5 folds by random, seed 0: 30 songs"
    write_tiny_model(tmp_path / "m.onnx", ["a", "b"], split=split, metrics={"accuracy": 0.5})
    assert read_random_scores(tmp_path / "m.onnx") == {"accuracy": 0.5}


@pytest.mark.parametrize(
    "facts",
    [
        {"split": "artist, seed 0: 3 train", "metrics": {"accuracy": 0.5}},
        {"split": "random, seed 0: 3 train"},
        {},
    ],
    ids=["artist", "not measured", "nothing said"],
)
def test_what_is_no_model_of_a_random_split_is_refused(tmp_path, facts):
    write_tiny_model(tmp_path / "m.onnx", ["a", "b"], **facts)
    with pytest.raises(DataSetError, match=r"m\.onnx: was not measured on a random split"):
        read_random_scores(tmp_path / "m.onnx")
