"""What a song is besides its genre: from the file's heads to every form of an answer."""

import csv
import json
from dataclasses import replace

import numpy as np
import onnx
import pytest

from melonnx.export.attach_head import attach_head
from melonnx.export.seal import seal
from melonnx.infer import Predictor
from melonnx.infer.cli.group import app
from melonnx.infer.model.heads import HeadInfo, song_values
from melonnx.infer.model.listener_tags import TAG_GROUPS, group_of
from melonnx.infer.model.session import find_model, load_model
from melonnx.infer.prediction import Prediction
from melonnx.infer.results.reading import read_results
from tests.conftest import encode, make_song

TAGS = ("alternative rock", "sad", "instrumental", "80s", "own word")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """genre-small with heads that say the same of every song: their biases."""
    base, info = onnx.load(find_model("genre-small")), load_model("genre-small", device="cpu").info
    d = len(Predictor("genre-small", device="cpu").predict_array(make_song(3), 22050).embedding)
    bars = {"alternative rock": 0.5, "sad": 0.6, "instrumental": 0.9, "80s": 0.2, "own word": 0.1}
    heads = {
        "tags": (HeadInfo("multi", TAGS, bars=bars), [0, 1, 2, -1, -1]),
        "energy": (HeadInfo("scale", ("energy",), temperature=2.0), [-4]),
        "valence": (HeadInfo("scale", ("valence",)), [3]),
        "beat": (HeadInfo("multi", ("straight", "swing")), [-1, 1]),
    }
    for name, (about, biases) in heads.items():
        layer = np.zeros((d, len(biases)), np.float32), np.array(biases, np.float32)
        base = attach_head(base, info, name, layer, about)
        info = replace(info, heads={**info.heads, name: about})
    path = tmp_path_factory.mktemp("heads") / "more.onnx"
    path.write_bytes(seal(base))
    return path


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "song.wav"
    path.write_bytes(encode(make_song(4), 22050, "WAV", "PCM_16"))
    return path


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_an_answer_holds_what_each_head_says(model, song):
    answer = Predictor(model, device="cpu").predict(song)
    assert list(answer.tags) == ["instrumental", "sad", "alternative rock", "80s", "own word"]
    assert answer.tags["sad"] == pytest.approx(sigmoid(1))
    assert answer.said == ("sad", "alternative rock", "80s", "own word")
    groups = (answer.styles, answer.moods, answer.voices, answer.eras)
    assert [list(group) for group in groups] == [["alternative rock"], ["sad"], [], ["80s"]]
    assert answer.energy == pytest.approx(sigmoid(-2))
    assert answer.valence == pytest.approx(sigmoid(3))
    assert answer.mood == "calm"
    assert list(answer.heads) == ["beat"]
    assert list(answer.heads["beat"]) == ["swing", "straight"]


def test_the_genre_is_that_of_the_model_whatever_its_heads(model, song):
    answers = (Predictor(one, device="cpu").predict(song) for one in (model, "genre-small"))
    ours, released = (
        replace(
            answer, tags={}, said=(), energy=None, valence=None, heads={},
            timeline=tuple(part[:4] for part in answer.timeline),
        )
        for answer in answers
    )  # fmt: skip
    assert ours == released


@pytest.mark.parametrize(
    ("energy", "valence", "mood"),
    [
        (0.9, 0.8, "happy"), (0.9, 0.1, "tense"), (0.1, 0.2, "sad"), (0.2, 0.9, "calm"),
        (0.6, 0.6, None), (0.5, 1.0, "happy"), (None, 0.9, None), (0.9, None, None),
    ],
)  # fmt: skip
def test_the_mood_is_the_quadrants_word_where_its_chance_is_half(energy, valence, mood):
    assert Prediction("a", energy=energy, valence=valence).mood == mood


def test_values_are_of_the_mean_logit_and_extremes_are_numbers():
    logits = np.array([[0.0, -1e4], [2.0, -1e4]], np.float32)
    assert song_values(logits, 2.0) == pytest.approx([sigmoid(0.5), 0], abs=1e-9)


def test_each_tag_of_the_table_is_in_one_group():
    tags = [tag for group in TAG_GROUPS.values() for tag in group]
    assert len(tags) == len(set(tags)) == 50
    assert group_of("Mellow") == "moods"
    assert group_of("shoegaze") == ""


def test_an_answer_travels_as_json(model, song):
    answer = Predictor(model, device="cpu").predict(song)
    values = json.loads(json.dumps(answer.to_dict()))
    assert values["moods"] == {"sad": answer.tags["sad"]}
    assert values["mood"] == "calm"
    assert Prediction.from_dict(values) == replace(answer, embedding=None)


def test_plain_models_say_nothing_more(song):
    answer = Predictor("genre-small", device="cpu").predict(song)
    if not Predictor("genre-small", device="cpu").info.heads:
        assert not {"tags", "energy", "mood", "heads"} & answer.to_dict().keys()


def run(capsys, *arguments):
    app(list(map(str, arguments)), standalone_mode=False)
    return capsys.readouterr().out


def test_classify_shows_them_where_asked(model, song, capsys):
    line = run(capsys, "classify", song, "--model", model, "--tags").rstrip("\n").split("\t")
    shown = "calm (energy 12%, valence 95%); alternative rock, sad, 80s; beat: swing 73%"
    assert line[-1] == shown
    assert shown not in run(capsys, "classify", song, "--model", model)


def test_tables_hold_them_and_are_read_again(model, song, capsys, tmp_path):
    rows = list(
        csv.DictReader(
            run(capsys, "classify", song, "--model", model, "--tags", "--csv").splitlines()
        )
    )
    assert [rows[0][name] for name in ("styles", "moods", "voices", "eras", "mood")] == [
        *("alternative rock", "sad", "", "80s", "calm"),
    ]
    assert float(rows[0]["energy"]) == pytest.approx(sigmoid(-2), abs=1e-5)
    line = run(capsys, "classify", song, "--model", model, "--format", "{mood} {valence:.2f}")
    assert line == "calm 0.95\n"
    for suffix in ("jsonl", "csv", "parquet"):
        out = tmp_path / f"found.{suffix}"
        run(capsys, "classify", song, "--model", model, "--tags", "-o", out)
        (read,) = read_results(out)
        assert read.mood == "calm"
        groups = (read.styles, read.moods, read.voices, read.eras)
        assert [list(group) for group in groups] == [["alternative rock"], ["sad"], [], ["80s"]]


def test_a_model_of_genres_only_says_so(song):
    from tests.conftest import SMALL_1

    with pytest.raises(Exception, match="tells genres only"):
        app(["classify", str(song), "--tags", "--model", str(SMALL_1)], standalone_mode=False)


def test_info_lists_the_heads(model, capsys):
    told = run(capsys, "info", model)
    assert "heads:\n" in told
    assert "  tags (multi): alternative rock, sad" in told
    assert "  energy (scale): energy" in told
    assert "  music (scale): music\n    does not sound like music below: 0" in told
    assert "music_bar" not in told


def test_info_lists_music_among_them_wherever_the_network_tells_it(full_model, tiny_model, capsys):
    told = run(capsys, "info", full_model)
    assert told.endswith(
        "heads:\n  music (scale): music\n    does not sound like music below: 0.3\n"
    )
    assert "heads" not in run(capsys, "info", tiny_model)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": []}, "one or more"),
        ({"labels": ["a", "b"]}, "a scale has one label"),
        ({"bars": {"b": 0.5}}, "none of the head's labels"),
        ({"temperature": 0}, "0.01 to 100"),
        ({"temperature": "1"}, "wrong type"),
        ({"metrics": None}, "wrong type"),
        ({"extra": 1}, "missing or unknown"),
        ({"labels": ["a\x1b"]}, "cannot be printed"),
    ],
)
def test_a_head_that_is_not_of_the_format_is_refused(change, message):
    from dataclasses import asdict

    values = json.loads(json.dumps(asdict(HeadInfo("scale", ("a",))))) | change
    with pytest.raises(ValueError, match=message):
        HeadInfo.from_dict(values)
