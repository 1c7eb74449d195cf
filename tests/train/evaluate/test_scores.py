"""The report's figures are those of a count by hand, its intervals those of whole artists."""

from dataclasses import replace

import numpy as np
import pytest

from melonnx.infer import Predictor
from melonnx.train.data.readers.dataset import read_folder
from melonnx.train.data.tracks import DataSetError, Track
from melonnx.train.evaluate.predictions import predict_tracks
from melonnx.train.evaluate.reliability import calibration_error
from melonnx.train.evaluate.scores import require_merges, score_predictions


def quiet(line):
    pass


def test_report_equals_a_count_by_hand(genres, tiny_model):
    predictor = Predictor(tiny_model)
    tracks = read_folder(genres)
    report = score_predictions(predict_tracks(predictor, tracks, quiet))
    songs = [track for track in tracks if track.path.suffix == ".wav"]
    right = [predictor.predict(track.path).label == track.genre for track in songs]
    assert report.songs == 30
    assert report.groups == 15
    assert report.accuracy == pytest.approx(np.mean(right))
    assert report.majority_baseline == pytest.approx(1 / 3)
    assert np.trace(report.confusion) == sum(right)
    assert np.sum(report.confusion, axis=1).tolist() == [10, 10, 10]
    assert report.top3_accuracy == 1
    assert report.sure_share == 0
    assert list(report.failures) == [str(genres / "drone/broken.mp3")]
    low, high = report.accuracy_interval
    assert low <= report.accuracy <= high
    scores = [max(predictor.predict(track.path).probabilities.values()) for track in songs]
    assert report.ece == pytest.approx(calibration_error(np.array(scores), np.array(right)))
    assert sum(one.songs for one in report.reliability) == 30
    assert report.summary()["ece"] == round(report.ece, 6)
    for name in ("macro-F1", f"{report.ece:.1%}"):
        assert any(name in line for line in report.lines())


def test_merged_genres_count_as_one(genres, tiny_model):
    predictor = Predictor(tiny_model)
    tracks = [track for track in read_folder(genres) if track.path.suffix == ".wav"]
    report = score_predictions(predict_tracks(predictor, tracks, quiet), [("drone", "pulse")])
    counts = np.array(report.confusion)
    assert report.labels == ("drone", "noise", "pulse")
    right = np.trace(counts) + counts[0, 2] + counts[2, 0]
    assert report.merged[0].accuracy == pytest.approx(right / 30)
    low, high = report.merged[0].accuracy_interval
    assert low <= report.merged[0].accuracy <= high
    with pytest.raises(DataSetError, match="cannot count noise,polka"):
        require_merges([("noise", "polka")], report.labels)


def test_sure_answers_are_counted_by_genre(genres, tiny_model):
    predictor = Predictor(tiny_model)
    predictions = predict_tracks(predictor, read_folder(genres), quiet)
    sure = replace(predictions, unsure=np.arange(30) % 2 == 0)
    for index, score in enumerate(score_predictions(sure).genres.values()):
        said = (predictions.predicted == index) & (np.arange(30) % 2 == 1)
        assert score.sure_answers == said.sum()
        assert score.sure_right == (said & (predictions.true == index)).sum()


def test_unknown_genre_and_nothing_left_are_errors(genres, tiny_model):
    predictor = Predictor(tiny_model)
    with pytest.raises(DataSetError, match="polka"):
        predict_tracks(predictor, [Track(genres / "x.wav", "polka")], quiet)
    with pytest.raises(DataSetError, match="none of the songs"):
        predict_tracks(predictor, [Track(genres / "x.wav", "drone")], quiet)


def test_below_the_genres_a_label_the_model_lacks_is_its_genres_own(genres, tree_model):
    predictor = Predictor(tree_model)
    subgenres = ("hum", "slow", "fast", "waltz", "")
    tracks = [
        replace(track, subgenre=subgenres[number % 5])
        for number, track in enumerate(read_folder(genres))
        if track.genre != "noise" and track.path.suffix == ".wav"
    ]
    report = score_predictions(predict_tracks(predictor, tracks, quiet))
    predictions = [predictor.predict(track.path).subgenre for track in tracks]
    labels = predictor.info.labels
    expected = [track.label if track.label in labels else track.genre for track in tracks]
    assert report.labels == ("drone", "pulse")
    assert report.subgenres is not None
    assert (report.subgenres.songs, report.subgenres.labels) == (20, 6)
    assert report.subgenres.accuracy == pytest.approx(np.mean(np.equal(predictions, expected)))
    low, high = report.subgenres.accuracy_interval
    assert low <= report.subgenres.accuracy <= high
    assert any(line.startswith("sub-genre macro-F1") for line in report.lines())
    assert report.summary()["subgenre_labels"] == 6
    flat = score_predictions(
        predict_tracks(predictor, [replace(t, subgenre="") for t in tracks], quiet)
    )
    assert replace(report, subgenres=None) == flat
    assert "subgenres" not in flat.to_dict()


def test_each_draw_is_scored_over_all_genres(genres, tiny_model):
    """Each answer is right, and one artist has all the noise: a draw without it lacks a genre."""
    predictions = predict_tracks(Predictor(tiny_model), read_folder(genres), quiet)
    tracks = [replace(t, artist="one") if t.genre == "noise" else t for t in predictions.tracks]
    right = replace(predictions, probabilities=np.eye(3)[predictions.true], tracks=tuple(tracks))
    report = score_predictions(right)
    assert report.macro_f1 == 1
    assert report.accuracy_interval == (1, 1)
    assert report.macro_f1_interval == (pytest.approx(2 / 3), 1)
