"""Changed audio is classified as the user would hear it, and compared song by song."""

from dataclasses import replace

import numpy as np
import pytest

from melonnx.infer import Predictor
from melonnx.train.data.readers.dataset import read_folder
from melonnx.train.evaluate.corruptions import CORRUPTIONS, Corruption
from melonnx.train.evaluate.predictions import predict_all, predict_tracks
from melonnx.train.evaluate.robustness import measure_robustness, predict_corrupted
from tests.conftest import write_tiny_model


@pytest.fixture(scope="module")
def predictor(tiny_model):
    return Predictor(tiny_model)


@pytest.fixture(scope="module")
def predictions(genres, predictor):
    tracks = [track for track in read_folder(genres) if track.path.stem in ("0", "1", "2")]
    return predict_tracks(predictor, tracks, lambda line: None)


@pytest.fixture(scope="module")
def predictors(predictor, predictions):
    return [(predictor, predictions.tracks)]


def corruption(change):
    return Corruption("x", "level", change)


def quiet(line):
    del line


def test_predictions_are_the_runtimes_on_the_corrupted_songs(predictions, predictor, predictors):
    half = corruption(lambda waveform, rate: waveform[: rate * 6])
    table = predict_corrupted([half], predictors, predictions, quiet)
    for track, found in zip(predictions.tracks, table[:, 0], strict=True):
        assert predictor.predict(track.path, duration=6).label == predictions.labels[found]


def test_each_of_several_models_predicts_its_own_songs(predictions, predictor, tmp_path):
    other = Predictor(write_tiny_model(tmp_path / "other.onnx", predictions.labels, seed=2))
    own, others = predictions.tracks[::2], predictions.tracks[1::2]
    joined = predict_all([(predictor, own), (other, others)], quiet)
    assert joined.tracks == (*own, *others)
    plain = corruption(lambda waveform, _: waveform)
    table = predict_corrupted([plain], [(other, others), (predictor, own)], joined, quiet)
    assert table[:, 0].tolist() == joined.predicted.tolist()
    assert table[: len(own), 0].tolist() == predictions.predicted[::2].tolist()
    assert table[len(own) :, 0].tolist() != predictions.predicted[1::2].tolist()


def test_no_change_changes_no_prediction_and_silence_has_none(predictions, predictors):
    plain = corruption(lambda waveform, _: waveform)
    silence = corruption(lambda waveform, _: waveform * 0)
    table = predict_corrupted([plain, silence], predictors, predictions, quiet)
    assert table[:, 0].tolist() == predictions.predicted.tolist()
    assert set(table[:, 1]) == {-1}


def test_every_corruption_is_scored_against_the_unchanged_songs(predictions, predictors):
    scores = measure_robustness(predictors, predictions, quiet)
    assert [score.name for score in scores] == ["unchanged", *(c.name for c in CORRUPTIONS)]
    unchanged, accuracy = scores[0], float((predictions.predicted == predictions.true).mean())
    assert (unchanged.accuracy, unchanged.change_points, unchanged.changed_share) == (
        *(accuracy, 0),
        0,
    )
    by_name = {score.name: score for score in scores}
    for decibels in ("-40", "-20", "-10", "-6", "0"):
        assert by_name[f"gain {decibels} dB"].changed_share == 0
    for score in scores:
        assert score.change_points == pytest.approx(100 * (score.accuracy - accuracy))
        low, high = score.change_interval
        assert low <= score.change_points <= high
        assert score.metal is None


def test_rock_and_metal_are_counted_by_hand(predictions, predictors, monkeypatch):
    """Three songs each; under the change all rock is metal, one metal is rock, one other metal."""
    named = replace(predictions, labels=("metal", "other", "rock"))
    changed = {0: [0, 0, 2], 1: [1, 0, 1], 2: [0, 0, 0]}
    predicted = np.zeros(len(named.true), int)
    for genre, column in changed.items():
        predicted[named.true == genre] = column
    monkeypatch.setattr(
        "melonnx.train.evaluate.robustness.predict_corrupted",
        lambda corruptions, *_: np.stack([predicted] * len(corruptions), axis=1),
    )
    score = measure_robustness(predictors, named, quiet)[1]
    assert score.metal is not None
    assert (score.metal.rock_songs, score.metal.rock_as_metal) == (3, 3)
    assert (score.metal.metal_songs, score.metal.metal_as_rock) == (3, 1)
    assert (score.metal.other_songs, score.metal.others_as_metal) == (3, 1)
    assert score.accuracy == pytest.approx(4 / 9)
