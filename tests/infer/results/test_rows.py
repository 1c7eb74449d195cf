"""Columns have one set of names, and templates show them and nothing else."""

import pytest

from melonnx.infer.errors import EmptyAudioError
from melonnx.infer.prediction import Prediction, Segment
from melonnx.infer.results.rows import View, cells, columns, parse_template, segments_text, visible

VIEW = View(("rock", "pop", "jazz", "folk"))
ANSWER = Prediction(
    path="a\t{b}.mp3",
    label="rock",
    score=0.6,
    probabilities={"rock": 0.6, "pop": 0.3, "jazz": 0.08, "folk": 0.02},
    timeline=(Segment(0, 40, "rock", 0.6), Segment(40, 83, "rock", 0.6), Segment(83, 90, "pop", 1)),
    duration_s=90.0,
    model="tiny 0",
)
FAILED = Prediction.failed("b.mp3", EmptyAudioError("b.mp3: is empty"), "tiny 0")


def test_columns_are_cells_and_follow_the_view():
    assert columns(VIEW) == [
        *("path", "status", "error", "label", "score", "unsure", "music"),
        *("label_2", "score_2", "label_3", "score_3", "duration_s", "model", "warnings", "folder"),
    ]
    assert set(columns(VIEW)) < set(cells(ANSWER))
    assert columns(View(VIEW.genres, top=1, timeline=True))[-5:] == [
        *("duration_s", "model", "warnings", "folder", "timeline"),
    ]
    assert "subgenre" in columns(View(VIEW.genres, {"punk": "rock"}))
    assert columns(View(VIEW.genres, top=99)).count("label_4") == 1


def test_what_a_failed_song_lacks_is_none():
    values = cells(FAILED)
    assert (values["path"], values["status"]) == ("b.mp3", "empty")
    assert (values["score"], values["unsure"], values["duration_s"]) == (None, None, None)


def test_segments_are_told_by_the_clock():
    assert segments_text(ANSWER.segments()) == "0:00-1:23 rock; 1:23-1:30 pop"
    assert len(visible(ANSWER, View(VIEW.genres, timeline=True)).timeline) == 2
    assert len(visible(ANSWER, VIEW).timeline) == 3


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        (r"{path}\t{label}\t{score:.2f}", "a\t{b}.mp3\trock\t0.60"),
        (r"{label_2:>5}|{score_2:.0%}|{sure}\\n\0", "  pop|30%|sure\\n\0"),
        ("{{}}{timeline}{error}{subgenre_score:.3f}", "{}0:00-1:23 rock; 1:23-1:30 pop"),
        ("no field", "no field"),
    ],
)
def test_a_template_shows_fields(template, shown):
    assert parse_template(template, VIEW)(ANSWER) == shown


def test_a_failed_song_leaves_fields_empty():
    template = r"{path}|{score:.2f}|{label:>5}|{label_2!r}|{sure}|{error}"
    assert parse_template(template, VIEW)(FAILED) == "b.mp3|||||b.mp3: is empty"


@pytest.mark.parametrize(
    "template",
    [
        *("{path.__class__}", "{label[0]}", "{}", "{0}", "{genre}", "{label_5}", "{score:{score}}"),
        *("{path", "path}", "{label:.2f}", "{score:x}", "{path!z}", "{score:.2f", "{__class__}"),
    ],
)
def test_a_template_that_cannot_be_is_refused_before_any_song(template):
    with pytest.raises(ValueError, match=r"\w"):
        parse_template(template, VIEW)
