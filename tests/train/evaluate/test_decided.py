"""A model on somebody's own library, against what was decided there."""

import json

import pytest

from melonnx.infer.errors import ResultsFileError
from melonnx.infer.model.session import load_model
from melonnx.infer.prediction import Prediction
from melonnx.infer.results.decisions import Decision, append, key_of, replay
from melonnx.train.evaluate.decided import score_decided

GENRES = ("rock", "pop")


def song(number, *, unsure, label="rock"):
    path = f"/music/{number // 2}/{number}.mp3"
    return Prediction(path, label=label, score=0.4 if unsure else 0.9, unsure=unsure)


def decided(numbers, *genres):
    songs = tuple(key_of(f"/music/{number // 2}/{number}.mp3") for number in numbers)
    return Decision(f"{numbers}{genres}", songs, genres)


def test_sure_and_unsure_answers_weigh_as_many_as_the_library_has():
    songs = [song(number, unsure=number >= 80) for number in range(100)]
    made = replay(
        [decided(range(30), "rock"), decided(range(30, 40), "pop"),
         decided(range(80, 85), "pop", "rock"), decided(range(85, 90), "pop"),
         decided([44], "polka"), decided([55])]
    )  # fmt: skip
    score = score_decided(songs, made, GENRES)
    assert (score.songs, score.sure, score.unknown, score.no_music) == (50, 40, 1, 1)
    assert (score.sure_accuracy, score.unsure_accuracy) == (0.75, 0.5)
    assert score.library == pytest.approx(0.8 * 0.75 + 0.2 * 0.5)
    assert score.interval[0] <= score.accuracy <= score.interval[1]
    assert sum(one.songs for one in score.reliability) == 50
    assert any("70.0%" in line for line in score.lines())


def test_nothing_is_said_of_a_library_of_which_one_half_was_not_asked():
    songs = [song(number, unsure=number >= 2) for number in range(4)]
    score = score_decided(songs, replay([decided([2, 3], "rock")]), GENRES)
    assert "the whole library cannot be told" in "\n".join(score.lines())
    few = [song(number, unsure=number >= 2) for number in range(40)]  # two sure ones have no spread
    score = score_decided(few, replay([decided(range(40), "rock")]), GENRES)
    assert "decide on 10 sure and 10 unsure songs at least" in "\n".join(score.lines())
    with pytest.raises(ResultsFileError, match="no decision is on a song"):
        score_decided(songs, replay([decided([2], "polka")]), GENRES)


def test_the_command_takes_what_lies_beside_the_results(melonnx, tmp_path):
    info = load_model("genre-small").info
    rows = [
        Prediction(
            f"{number}.mp3", label=info.genres[0], score=0.9, unsure=number > 2,
            model=f"{info.name} {info.version}",
        ).to_dict()
        for number in range(4)
    ]  # fmt: skip
    results = tmp_path / "library.jsonl"
    results.write_text("".join(json.dumps(row) + "\n" for row in rows))
    songs = [key_of(str(number) + ".mp3") for number in range(4)]
    append(
        tmp_path / "library.decisions.jsonl",
        [Decision("a", tuple(songs[:3]), (info.genres[0],)), Decision("b", (songs[3],), ("x",))],
    )
    run = melonnx("evaluate", "genre-small", results, "--out", tmp_path / "out")
    assert run.returncode == 0, run.stderr
    assert "right answers     100.0%" in run.stdout
    assert "1 of genres that the model does not tell" in run.stdout
    assert (tmp_path / "out" / "reliability.png").stat().st_size > 1000
