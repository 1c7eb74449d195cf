"""Folds answer for songs they have not heard; a teacher's answers are blended into targets."""

import json
import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest

from melonnx.train.calibrate import calibrate
from melonnx.train.data.readers.dataset import read_folder
from melonnx.train.fit.loop import by_track
from melonnx.train.network.head import HeadExamples, cross_fitted, fit_head, head_probabilities
from melonnx.train.network.transfer import TRANSFER
from melonnx.train.run import RunError, read_run
from melonnx.train.settings import Settings
from melonnx.train.train import train
from melonnx.train.training_data import Sources, gather_training_data
from tests.train.conftest import write_tones
from tests.train.data.readers.test_log_mel_pictures import write as write_pictures


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def quiet(line):
    del line


FOLDS = replace(TRANSFER, folds=3, copies=0)
_CALLED = {"drone": "noise", "noise": "pulse", "pulse": "drone"}


def hard_tracks(genres):
    """One artist in five is called by another genre's name, so that no answer is for sure."""
    return [
        replace(track, genre=_CALLED[track.genre]) if track.artist.endswith("4") else track
        for track in read_folder(genres)
    ]


@pytest.fixture(scope="module")
def folded(genres, unpacked, cache, tmp_path_factory):
    """A run with folds on the backbone, what was said, and what it learnt from."""
    folder = tmp_path_factory.mktemp("runs") / "folds"
    lines: list[str] = []
    tracks = hard_tracks(genres)
    sources = Sources(backbone=unpacked)
    train(genres, tracks, folder, FOLDS, cache, lines.append, sources)
    return read_run(folder), lines, gather_training_data(tracks, FOLDS, sources, cache, quiet)


def test_each_song_is_kept_from_the_fold_that_it_is_tested_in(folded, genres):
    run, lines, _ = folded
    assert run.finished
    assert len(run.part("train")) == 30
    folds = [read_run(folder) for folder in run.fold_folders]
    assert sorted(song.path for fold in folds for song in fold.songs("test")) == sorted(
        track.path for track in run.tracks
    )
    for number, fold in enumerate(folds, 1):
        assert fold.finished
        heard, tested = ({track.artist for track in fold.part(part)} for part in ("train", "test"))
        assert tested
        assert not heard & tested
        assert f"fold {number} of 3: {len(fold.songs('test'))} songs kept out" in lines
    assert lines[-1] == "now all 30 tracks"


def calibrated(predictions, run):
    probabilities, songs = zip(*predictions, strict=True)
    return calibrate(
        np.concatenate(probabilities), [song for own in songs for song in own], run.labels, {}
    )


def test_the_scores_and_temperatures_are_those_of_songs_unheard(folded):
    """Asked again of the networks that are on disk, fold by fold."""
    run, _, training_data = folded
    predictions = []
    for folder in run.fold_folders:
        fold = read_run(folder)
        network = keras.models.load_model(fold.network_path, compile=False)
        songs = fold.songs("test")
        log_mels = [training_data.log_mels[song.path][0] for song in songs]
        predictions.append((by_track(network, log_mels, run.settings, 3), songs))
    scores = json.loads((run.folder / "folds.json").read_text())
    assert scores["accuracy"] == pytest.approx([
        np.mean([run.labels[row.argmax()] == song.genre for row, song in zip(*one, strict=True)])
        for one in predictions
    ])  # fmt: skip
    assert 0.4 < np.mean(scores["accuracy"]) < 0.95
    assert run.temperature == pytest.approx(calibrated(predictions, run).temperature)
    assert run.bars["90"].keys() == {"drone", "noise", "pulse"}
    for number, folder in enumerate(run.fold_folders):
        others = predictions[:number] + predictions[number + 1 :]
        assert read_run(folder).temperature == pytest.approx(calibrated(others, run).temperature)
    assert len({read_run(folder).temperature for folder in run.fold_folders}) > 1


def head_examples(run, training_data):
    songs = run.songs("train")
    embeddings = np.stack([training_data.embeddings[song.path] for song in songs])
    classes = [run.labels.index(song.genre) for song in songs]
    return HeadExamples(embeddings, np.eye(3, dtype=np.float32)[classes], np.ones(len(songs)))


def test_each_network_is_a_head_fitted_to_its_own_part(folded):
    run, _, training_data = folded
    for one in (run, *map(read_run, run.fold_folders)):
        network = keras.models.load_model(one.network_path, compile=False)
        head = fit_head(head_examples(one, training_data))
        for found, wanted in zip(network.get_layer("logits").get_weights(), head, strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_a_finished_run_with_folds_is_left_alone(folded, genres, unpacked, cache):
    run, _, _ = folded
    before = run.network_path.stat().st_mtime_ns
    lines: list[str] = []
    sources = Sources(backbone=unpacked)
    train(genres, hard_tracks(genres), run.folder, FOLDS, cache, lines.append, sources)
    assert "nothing to do" in lines[-1]
    assert run.network_path.stat().st_mtime_ns == before


def test_another_backbone_is_another_run(folded, genres, unpacked, cache, tmp_path):
    run, _, _ = folded
    other = shutil.copytree(unpacked, tmp_path / "other")
    (other / "more.txt").write_text("of another release")
    with pytest.raises(RunError, match="other settings or data"):
        train(genres, hard_tracks(genres), run.folder, FOLDS, cache, quiet, Sources(backbone=other))


class StopHereError(Exception):
    """Raised in place of the fitting."""


@pytest.fixture(scope="module")
def taught(genres, unpacked, cache, tmp_path_factory):
    """What a network would have been fitted to: a run with a teacher, unlabelled music and
    pictures."""
    root = tmp_path_factory.mktemp("taught")
    music = root / "music"
    write_tones(music / "long.wav", (300, 35))
    write_pictures(root / "pictures.npz", 12)
    sources = Sources(root / "pictures.npz", backbone=unpacked, unlabelled=music)
    settings = Settings(copies=1, taught=0.3)
    lines: list[str] = []
    caught = []

    def catch(folder, settings, examples, validation, say, **how):
        caught.append((examples, validation))
        raise StopHereError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("melonnx.train.train.fit_network", catch)
        with pytest.raises(StopHereError):
            train(genres, read_folder(genres), root / "run", settings, cache, lines.append, sources)
    training_data = gather_training_data(read_folder(genres), settings, sources, cache, quiet)
    return read_run(root / "run"), *caught[0], training_data, lines


def test_targets_are_blended_with_a_head_that_has_not_heard_the_artist(taught):
    run, examples, _, training_data, lines = taught
    songs = run.songs("train")
    tracks = run.part("train")
    assert len(tracks) > len(songs) > 10
    learnt = head_examples(run, training_data)
    said = cross_fitted(learnt, [song.group for song in songs])
    rows = [tracks.index(song) for song in songs]
    expected = 0.7 * learnt.targets + 0.3 * said
    np.testing.assert_allclose(examples.targets[rows], expected, atol=1e-6)
    assert np.abs(said - learnt.targets).max() > 0.1
    right = (said.argmax(axis=1) == learnt.targets.argmax(axis=1)).mean()
    assert (
        f"the teacher is right on {right:.1%} of the training songs, none of which it has seen"
        in lines
    )


def test_pictures_and_validation_keep_their_own_targets(taught):
    run, examples, validation, _, _ = taught
    for part, found in (("train", examples), ("valid", validation)):
        tracks = run.part(part)
        rows = [row for row, t in enumerate(tracks) if part == "valid" or t.is_picture]
        assert len(rows) >= 2
        classes = [run.labels.index(tracks[row].genre) for row in rows]
        np.testing.assert_array_equal(found.targets[rows], np.eye(3)[classes])
        assert found.classes[rows].tolist() == classes


def test_unlabelled_music_is_answered_by_a_head_of_all_the_training_part(taught):
    run, examples, _, training_data, _ = taught
    (piece,) = training_data.pieces
    head = fit_head(head_examples(run, training_data))
    assert examples.classes.tolist().count(-1) == 1
    assert examples.classes[-1] == -1
    expected = head_probabilities(piece.embedding, head)
    np.testing.assert_allclose(examples.targets[-1], expected, atol=1e-5)
    np.testing.assert_array_equal(examples.log_mels[-1][0], piece.log_mel)
    assert len(examples.log_mels) == len(examples.targets) == len(run.part("train")) + 1
