"""The bench times what it says, in this process and from the prompt."""

import json

import pytest

from melonnx.infer import MelonnxError, Predictor
from melonnx.infer.diagnostics.timing import STAGES, time_cold, time_warm


@pytest.fixture
def song_file(make_file):
    return make_file("mp3")


def test_stages_are_parts_of_the_answer(tiny_model, song_file):
    timings = {one.name: one for one in time_warm(Predictor(tiny_model), song_file, 5)}
    assert tuple(timings) == ("answer", *STAGES)
    assert all(len(one.seconds) == 5 and min(one.seconds) > 0 for one in timings.values())
    assert max(timings[name].median_s for name in STAGES) < 2 * timings["answer"].median_s


def test_cold_says_why_it_failed(tmp_path):
    with pytest.raises(MelonnxError, match="no such file"):
        time_cold(tmp_path / "none.mp3", [], 1)


def test_command_prints_every_stage(melonnx, tiny_model, song_file):
    result = melonnx("bench", song_file, "--model", tiny_model, "--times", 2)
    assert result.returncode == 0, result.stderr
    for words in ("from the prompt, cold", "an answer, warm", *STAGES, "songs a second"):
        assert words in result.stdout


def test_json_has_all_seconds(melonnx, tiny_model, song_file):
    result = melonnx("bench", song_file, "--model", tiny_model, "--times", 2, "--json")
    seconds = json.loads(result.stdout)["seconds"]
    assert {name: len(figures) for name, figures in seconds.items()} == {
        "answer": 2, **dict.fromkeys(STAGES, 2), "cold": 3,
    }  # fmt: skip
    assert min(seconds["cold"]) > max(seconds["answer"])


def test_a_song_that_is_not_there_costs_one_line(melonnx, tmp_path):
    result = melonnx("bench", tmp_path / "none.mp3")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"melonnx: {tmp_path / 'none.mp3'}: no such file\n"
