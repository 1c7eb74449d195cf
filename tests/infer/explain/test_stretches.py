"""Predictions of a stream become stretches of one label, and a line that sums them up."""

from dataclasses import replace

import pytest

from melonnx.infer import Prediction
from melonnx.infer.explain.stretches import Stretches


def said(end_s, label, score=0.5):
    if label is None:
        return Prediction("x", status="silent", start_s=end_s - 3, duration_s=3)
    return Prediction(
        "x", label=label, score=score, start_s=max(0, end_s - 30), duration_s=min(30, end_s)
    )


def fill(*answers):
    stretches = Stretches()
    for answer in answers:
        stretches.add(said(*answer))
    return stretches


def test_neighbours_of_one_label_are_one_stretch_with_its_highest_score():
    stretches = fill((3, "rock", 0.4), (6, "rock", 0.9), (9, "pop"), (12, None), (13.5, "rock"))
    assert [part[:4] for part in stretches.latest] == [
        (0, 6, "rock", 0.9), (6, 9, "pop", 0.5), (9, 12, "silent", 0), (12, 13.5, "rock", 0.5),
    ]  # fmt: skip


def test_summary_is_seconds_by_label_longest_first():
    stretches = fill((3, "rock"), (69, "pop"), (72, None), (75, "rock"))
    assert stretches.summary() == "heard 1:15: pop 1:06, rock 0:06, silent 0:03"
    assert fill().summary() == "heard 0:00: nothing"


def test_speech_between_songs_is_no_genre():
    stretches = fill((3, "rock"))
    noise = ("does not sound like music (0.04): speech, noise or effects?",)
    stretches.add(replace(said(9, "metal"), warnings=noise))
    assert stretches.summary() == "heard 0:09: no music 0:06, rock 0:03"


def test_a_stream_without_end_needs_no_more_memory():
    stretches = Stretches()
    for hop in range(1, 5000):
        stretches.add(said(hop * 3, ("rock", "pop")[hop % 2]))
    assert len(stretches.latest) == 64
    assert sum(stretches.seconds.values()) == 4999 * 3
    assert stretches.latest[-1].end_s == 4999 * 3


def test_a_prediction_of_no_stream_is_refused():
    with pytest.raises(ValueError, match="no prediction of a stream"):
        Stretches().add(Prediction("song.mp3", label="rock"))
