"""An answer survives its dictionary, and can be shown in part."""

import json

import numpy as np
import pytest

from melonnx.infer.prediction import Prediction, Segment

ANSWER = Prediction(
    path="a.mp3",
    label="rock",
    score=0.6,
    probabilities={"rock": 0.6, "pop": 0.4},
    subgenre="punk",
    subgenres={"punk": 0.5, "indie": 0.4, "grunge": 0.1},
    timeline=(
        Segment(0, 10, "rock", 0.9),
        Segment(10, 40, "rock", 0.5),
        Segment(40, 50, "pop", 0.7),
        Segment(50, 51, "rock", 0.4),
    ),
    embedding=np.array([0.1, 2], np.float32),
    warnings=("short",),
)


def test_a_dictionary_of_it_makes_it_again():
    again = Prediction.from_dict(json.loads(json.dumps(ANSWER.to_dict(embedding=True))))
    assert again == ANSWER
    assert (again.embedding == ANSWER.embedding).all()


def test_shown_in_part_it_keeps_its_first_genres_and_their_sub_genres():
    parents = {"punk": "rock", "indie": "pop", "grunge": "rock"}
    shown = ANSWER.shown(1, parents=parents)
    assert shown.probabilities == {"rock": 0.6}
    assert shown.subgenres == {"punk": 0.5, "grunge": 0.1}
    assert ANSWER.shown(parents=parents) == ANSWER


@pytest.mark.parametrize(("least", "unsure"), [(0.0, False), (0.6, False), (0.61, True)])
def test_below_the_least_score_it_is_unsure(least, unsure):
    assert ANSWER.shown(min_score=least).unsure is unsure


def test_neighbours_of_one_label_are_one_segment():
    assert ANSWER.segments() == (
        Segment(0, 40, "rock", pytest.approx(0.6)),
        Segment(40, 50, "pop", pytest.approx(0.7)),
        Segment(50, 51, "rock", pytest.approx(0.4)),
    )
    assert Prediction("a").segments() == ()


def test_a_stream_s_comes_back_too():
    now = Prediction("<stream>", label="rock", score=0.5, start_s=3.0, duration_s=30.0)
    assert Prediction.from_dict(now.to_dict()) == now


def test_repr_is_one_short_line():
    song = Prediction(
        "a.mp3", label="rock", score=0.62, unsure=True, duration_s=65, model="tiny 0",
        probabilities={"rock": 0.6, "pop": 0.3, "jazz": 0.08, "folk": 0.02},
    )  # fmt: skip
    assert repr(song) == "<a.mp3: rock? 62%, pop 30%, jazz 8%; 1:05, tiny 0>"
    failed = Prediction("b.mp3", status="silent", error="b.mp3: is silent")
    assert repr(failed) == "<b.mp3: is silent>"


def test_a_notebook_shows_bars_and_the_timeline_and_names_are_text():
    song = Prediction(
        "<b>.mp3", label="rock", score=0.5, duration_s=20, model="tiny 0",
        probabilities={"rock": 0.5, "pop": 0.25},
        timeline=(Segment(0, 5, "rock", 0.6), Segment(5, 20, "pop", 0.7)),
    )  # fmt: skip
    html = song._repr_html_()
    assert "<b>" not in html
    assert "width:100px" in html
    assert "width:50px" in html
    assert 'title="pop" style="width:75.00%' in html
