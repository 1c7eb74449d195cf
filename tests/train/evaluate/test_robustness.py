"""Changed audio is classified as the user would hear it, and compared song by song."""

from dataclasses import replace

import numpy as np
import pytest

from melonnx.infer import Predictor
from melonnx.train.data.corruptions import CONDITIONS, Condition
from melonnx.train.data.readers.dataset import read_folder
from melonnx.train.evaluate.predictions import ask, ask_panel
from melonnx.train.evaluate.robustness import answers_under, measure_conditions
from tests.conftest import write_tiny_model


@pytest.fixture(scope="module")
def predictor(tiny_model):
    return Predictor(tiny_model)


@pytest.fixture(scope="module")
def answers(genres, predictor):
    tracks = [track for track in read_folder(genres) if track.path.stem in ("0", "1", "2")]
    return ask(predictor, tracks, lambda line: None)


@pytest.fixture(scope="module")
def panel(predictor, answers):
    return [(predictor, answers.tracks)]


def condition(change):
    return Condition("x", "level", change)


def quiet(line):
    del line


def test_answers_are_those_of_the_runtime_on_the_changed_songs(answers, predictor, panel):
    half = condition(lambda waveform, rate: waveform[: rate * 6])
    table = answers_under([half], panel, answers, quiet)
    for track, found in zip(answers.tracks, table[:, 0], strict=True):
        assert predictor.predict(track.path, duration=6).label == answers.labels[found]


def test_each_model_of_a_panel_is_asked_of_its_own_songs(answers, predictor, tmp_path):
    other = Predictor(write_tiny_model(tmp_path / "other.onnx", answers.labels, seed=2))
    own, others = answers.tracks[::2], answers.tracks[1::2]
    joined = ask_panel([(predictor, own), (other, others)], quiet)
    assert joined.tracks == (*own, *others)
    plain = condition(lambda waveform, _: waveform)
    table = answers_under([plain], [(other, others), (predictor, own)], joined, quiet)
    assert table[:, 0].tolist() == joined.answer.tolist()
    assert table[: len(own), 0].tolist() == answers.answer[::2].tolist()
    assert table[len(own) :, 0].tolist() != answers.answer[1::2].tolist()


def test_no_change_changes_no_answer_and_silence_has_none(answers, panel):
    plain = condition(lambda waveform, _: waveform)
    silence = condition(lambda waveform, _: waveform * 0)
    table = answers_under([plain, silence], panel, answers, quiet)
    assert table[:, 0].tolist() == answers.answer.tolist()
    assert set(table[:, 1]) == {-1}


def test_every_condition_is_scored_against_the_unchanged_songs(answers, panel):
    scores = measure_conditions(panel, answers, quiet)
    assert [score.name for score in scores] == ["unchanged", *(c.name for c in CONDITIONS)]
    unchanged, accuracy = scores[0], float((answers.answer == answers.true).mean())
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


def test_rock_and_metal_are_counted_by_hand(answers, panel, monkeypatch):
    """Three songs each; under the change all rock is metal, one metal is rock, one other metal."""
    named = replace(answers, labels=("metal", "other", "rock"))
    changed = {0: [0, 0, 2], 1: [1, 0, 1], 2: [0, 0, 0]}
    answer = np.zeros(len(named.true), int)
    for genre, column in changed.items():
        answer[named.true == genre] = column
    monkeypatch.setattr(
        "melonnx.train.evaluate.robustness.answers_under",
        lambda conditions, *_: np.stack([answer] * len(conditions), axis=1),
    )
    score = measure_conditions(panel, named, quiet)[1]
    assert score.metal is not None
    assert (score.metal.rock_songs, score.metal.rock_as_metal) == (3, 3)
    assert (score.metal.metal_songs, score.metal.metal_as_rock) == (3, 1)
    assert (score.metal.other_songs, score.metal.others_as_metal) == (3, 1)
    assert score.accuracy == pytest.approx(4 / 9)
