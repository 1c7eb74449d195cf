"""Energy and valence along a song: in timelines, in streams and in every form of an answer."""

import csv
import json

import numpy as np
import onnx
import pytest

from melonnx.export.attach_head import attach_head
from melonnx.export.seal import seal
from melonnx.infer import Predictor, Segment
from melonnx.infer.cli.group import app
from melonnx.infer.model.heads import HeadInfo
from melonnx.infer.model.session import find_model, load_model
from melonnx.infer.prediction import SILENT, Prediction
from melonnx.infer.results.rows import segments_text
from tests.conftest import RATE, encode, make_song


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """genre-small with an energy that goes by the first number of its embedding."""
    base, info = onnx.load(find_model("genre-small")), load_model("genre-small", device="cpu").info
    d = len(Predictor("genre-small", device="cpu").predict_array(make_song(3), RATE).embedding)
    first = np.zeros((d, 1), np.float32)
    first[:8] = 3
    for name, biases in (("energy", [-3]), ("valence", [1])):
        about = HeadInfo("scale", (name,), temperature=2.0)
        layer = first if name == "energy" else 0 * first, np.array(biases, np.float32)
        base = attach_head(base, info, name, layer, about)
    path = tmp_path_factory.mktemp("heads") / "moving.onnx"
    path.write_bytes(seal(base))
    return path


@pytest.fixture
def song(tmp_path):
    sound = make_song(14, RATE)[:, 0]
    path = tmp_path / "song.wav"
    path.write_bytes(
        encode(np.concatenate((sound[: 7 * RATE], np.zeros(5 * RATE), sound)), RATE, "WAV")
    )
    return path  # fmt: skip


def test_each_stretch_has_its_own_and_the_song_their_mean_logit(model, song):
    answer = Predictor(model, device="cpu").predict(song)
    heard = [part for part in answer.timeline if part.label != SILENT]
    by_window = {part.energy for part in heard}  # one may lie on both sides of the silence
    assert len(by_window) > 1
    logits = [2 * np.log(energy / (1 - energy)) for energy in by_window]
    mean = np.mean(logits)
    assert answer.energy == pytest.approx(1 / (1 + np.exp(-mean / 2)))
    assert {round(part.valence, 9) for part in heard} == {round(answer.valence, 9)}
    silent = [part for part in answer.timeline if part.label == SILENT]
    assert [(part.energy, part.valence) for part in silent] == [(None, None)]
    assert "energy" not in silent[0].to_dict()


def test_merged_stretches_have_means_over_time():
    parts = (
        Segment(0, 10, "rock", 1, 0.8, 0.2),
        Segment(10, 40, "rock", 1, 0.4, 0.6),
        Segment(40, 50, SILENT, 0),
        Segment(50, 51, "rock", 1, 0.1, 0.1),
        Segment(51, 52, "rock", 1),
    )
    merged = Prediction("a", timeline=parts).segments()
    assert [(part.energy, part.valence) for part in merged] == [
        (pytest.approx(0.5), pytest.approx(0.5)), (None, None), (None, None),
    ]  # fmt: skip
    assert segments_text(merged[:2], moods=True) == (
        "0:00-0:40 rock (energy 50%, valence 50%); 0:40-0:50 silence"
    )


def test_a_timeline_travels_as_json_and_in_rows_of_older_journals(model, song):
    answer = Predictor(model, device="cpu").predict(song)
    values = json.loads(json.dumps(answer.to_dict()))
    assert Prediction.from_dict(values).timeline == answer.timeline
    rows = [[0.0, 2.0, "rock", 0.5], [2.0, 3.0, "pop", 0.5, 0.25, 0.75]]
    old = Prediction.from_dict(values | {"timeline": rows}).timeline
    assert old == (Segment(0, 2, "rock", 0.5), Segment(2, 3, "pop", 0.5, 0.25, 0.75))


def test_a_stream_says_what_a_file_says(model):
    predictor = Predictor(model, device="cpu")
    sound = make_song(8, RATE)[:, 0]
    (now,) = predictor.stream(RATE, length=8, hop=8).push(sound)
    alone = predictor.predict_array(sound, RATE)
    assert (now.energy, now.valence, now.mood) == (alone.energy, alone.valence, alone.mood)
    assert now.timeline == alone.timeline


def run(capsys, *arguments):
    app(list(map(str, arguments)), standalone_mode=False)
    return capsys.readouterr().out


def test_tables_have_them_beside_the_genre_where_tags_are_asked_for(model, song, capsys, tmp_path):
    from pyarrow import parquet

    answer = Predictor(model, device="cpu", threads=1).predict(song)
    expected = answer.segments()
    asked = ("classify", song, "--model", model, "--timeline")
    (row,) = csv.DictReader(run(capsys, *asked, "--tags", "--csv").splitlines())
    assert row["timeline"] == segments_text(expected, moods=True)
    assert "(energy " in row["timeline"]
    (plain,) = csv.DictReader(run(capsys, *asked, "--csv").splitlines())
    assert plain["timeline"] == segments_text(expected)
    lines = run(capsys, *asked, "--tags").split("\t")
    assert row["timeline"] in lines
    for wanted in ([], ["--tags"]):
        run(capsys, *asked, *wanted, "-o", tmp_path / "out.parquet")
        (told,) = parquet.read_table(tmp_path / "out.parquet").to_pylist()
        has = [part.get("energy") for part in told["timeline"]]
        assert has == [part.energy if wanted else None for part in expected]


def test_listen_shows_them_where_asked_and_json_always(model, song, capsys):
    asked = ("listen", song, "--model", model, "--hop", 9)
    plain, tagged = (run(capsys, *asked, *more).splitlines() for more in ([], ["--tags"]))
    assert all("energy" in line.split("\t")[-1] for line in tagged)
    assert [line.rpartition("\t")[0] for line in tagged] == plain
    rows = [json.loads(line) for line in run(capsys, *asked, "--json").splitlines()]
    assert all(0 <= row["energy"] <= 1 and row["timeline"][0]["valence"] for row in rows)


def test_listen_to_a_model_of_genres_only_says_so(song):
    from tests.conftest import SMALL_1

    with pytest.raises(Exception, match="tells genres only"):
        app(["listen", str(song), "--tags", "--model", str(SMALL_1)], standalone_mode=False)
