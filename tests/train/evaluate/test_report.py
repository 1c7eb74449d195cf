"""A report has all its parts, and its words say the same figures as its JSON."""

import csv
import json
import re
from dataclasses import replace

import pytest

from melonnx.infer import Predictor
from melonnx.train.evaluate.corruptions import CORRUPTIONS
from melonnx.train.evaluate.evaluation import evaluate_model, read_test_songs
from melonnx.train.evaluate.predictions import predict_tracks
from melonnx.train.evaluate.report import write_report
from melonnx.train.evaluate.robustness import MetalScore
from melonnx.train.evaluate.scores import score_predictions

SECTIONS = ["Scores", "Genres", "Calibration", "Changed audio", "Sources", "Left out"]


def quiet(line):
    del line


@pytest.fixture(scope="module")
def whole(genres, tiny_model, tmp_path_factory):
    """An evaluation of thirty songs from two sources."""
    table = tmp_path_factory.mktemp("table") / "table.csv"
    with (genres / "tracks.csv").open() as old, table.open("w") as new:
        rows = csv.writer(new)
        rows.writerow(["path", "artist", "source"])
        for row in csv.DictReader(old):
            source = "left" if int(row["path"][-5]) < 5 else "right"
            rows.writerow([row["path"], row["artist"], source])
    predictor = Predictor(tiny_model)
    songs = read_test_songs(genres, table, subgenres=False, say=quiet)
    predictions = predict_tracks(predictor, songs.tracks, quiet)
    return evaluate_model(
        tiny_model,
        [(predictor, songs.tracks)],
        songs,
        predictions,
        score_predictions(predictions, [("drone", "noise")]),
        random=None,
        command="melonnx evaluate this",
        say=quiet,
    )


def written(evaluation, folder):
    write_report(evaluation, folder)
    return (folder / "report.md").read_text(), json.loads((folder / "report.json").read_text())


def cells(markdown, heading):
    """The rows of all tables under a heading, by their first cell."""
    part = markdown.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("|")]
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}


def numbers(text):
    return [float(number) for number in re.findall(r"-?\d+\.?\d*", text)]


def test_all_sections_and_figures_are_there(whole, tmp_path):
    markdown, values = written(whole, tmp_path / "new" / "report")
    assert re.findall(r"^## (.*)$", markdown, re.MULTILINE) == SECTIONS
    for name in ("confusion", "reliability", "conditions"):
        assert f"({name}.png)" in markdown
        assert (tmp_path / f"new/report/{name}.png").read_bytes().startswith(b"\x89PNG")
    for fact in ("melonnx evaluate this", values["model"]["sha256"], values["data"]):
        assert fact in markdown
    assert "broken.mp3" in markdown
    first = markdown.splitlines()[2]
    assert first.startswith("Whether tiny 0 has learnt from some of these")
    assert values["learnt"]["told"] is None


def test_words_and_json_say_the_same(whole, tmp_path):
    markdown, values = written(whole, tmp_path)
    scores = values["scores"]
    table = cells(markdown, "Scores")
    low, high = scores["accuracy_interval"]
    expected = [100 * scores["accuracy"], 100 * low, 100 * high]
    assert numbers(table["accuracy"][0]) == pytest.approx(expected, abs=0.06)
    assert numbers(table["macro-F1"][0])[0] == pytest.approx(scores["macro_f1"], abs=6e-4)
    assert numbers(table["accuracy"][1]) == pytest.approx([100 / 3], abs=0.06)
    assert numbers(table["macro-F1"][1]) == pytest.approx([0.5 / 3], abs=6e-4)
    ece = numbers(table["expected calibration error"][0])
    assert ece == pytest.approx([100 * scores["ece"]], abs=0.06)
    merged = table["accuracy with drone and noise as one"]
    assert numbers(merged[0])[0] == pytest.approx(100 * scores["merged"][0]["accuracy"], abs=0.06)

    genres = cells(markdown, "Genres")
    for genre, score in scores["genres"].items():
        row = [float(cell) for cell in genres[f"{genre} *"]]
        assert row[:3] == pytest.approx([score["precision"], score["recall"], 10], abs=6e-3)
        assert row[3:] == [0.99, score["sure_answers"], score["sure_right"]]

    corruptions = cells(markdown, "Changed audio")
    assert [row["name"] for row in values["conditions"]] == [
        "unchanged",
        *(corruption.name for corruption in CORRUPTIONS),
    ]
    for row in values["conditions"]:
        accuracy, change, interval, other = (numbers(cell) for cell in corruptions[row["name"]])
        assert accuracy == pytest.approx([100 * row["accuracy"]], abs=0.06)
        assert change == pytest.approx([row["change_points"]], abs=0.06)
        assert interval == pytest.approx(row["change_interval"], abs=0.06)
        assert other == pytest.approx([100 * row["changed_share"]], abs=0.06)

    reliability = cells(markdown, "Calibration")
    assert sum(row["songs"] for row in scores["reliability"]) == 30
    for row in scores["reliability"]:
        songs, mean, right = reliability[f"{row['low']:.2f} to {row['high']:.2f}"]
        assert int(songs) == row["songs"]
        assert numbers(mean + " " + right) == pytest.approx(
            [100 * row["score"], 100 * row["accuracy"]], abs=0.06
        )

    sources = cells(markdown, "Sources")
    for name in ("left", "right"):
        assert sources[name][0] == "15"
    for genre, test in values["sources"]["genres"].items():
        told = numbers(sources[genre][1])
        assert told == pytest.approx([test["balanced_accuracy"], *test["interval"]], abs=6e-3)


def test_a_random_split_stands_beside_and_is_said_to_flatter(whole, tmp_path):
    figures = whole.scores.summary() | {"accuracy": 0.98765}  # as a model file holds them
    beside = replace(whole, split="artist", random=figures)
    markdown, values = written(beside, tmp_path / "two")
    head = cells(markdown, "Scores")[""]
    assert head[0] == "artists parted"
    assert "flatters" in head[1]
    assert numbers(cells(markdown, "Scores")["accuracy"][1])[0] == 98.8
    assert values["random"]["accuracy"] == 0.98765
    own = written(replace(whole, split="random"), tmp_path / "three")[0]
    assert "flatters" in cells(own, "Scores")[""][0]


def test_metal_has_a_section_where_there_is_metal(whole, tmp_path):
    metal = MetalScore(7, 1, 5, 2, 18, 3)
    rows = tuple(replace(row, metal=metal) for row in whole.corruptions)
    table = cells(written(replace(whole, corruptions=rows), tmp_path)[0], "Is loud metal?")
    assert table["unchanged"] == ["1 of 7", "2 of 5", "3 of 18"]
    assert table["limiter, raised by 6 dB"] == ["1 of 7", "2 of 5", "3 of 18"]
    assert "mp3, 64 kbit/s mono" not in table


def test_sources_are_left_out_where_none_are_named(whole, tmp_path):
    assert "## Sources" not in written(replace(whole, sources=None), tmp_path)[0]


@pytest.fixture(scope="module")
def few_songs(genres, tmp_path_factory):
    root = tmp_path_factory.mktemp("few")
    for genre in ("drone", "noise"):
        (root / genre).mkdir()
        for name in ("0.wav", "1.wav"):
            (root / genre / name).symlink_to(genres / genre / name)
    return root


def test_the_command_writes_a_folder_and_makes_it_again(melonnx, few_songs, tiny_model, tmp_path):
    out = tmp_path / "my report"
    line = ["evaluate", tiny_model, few_songs, "--merge", "drone,noise", "--out", out]
    result = melonnx(*line)
    assert result.returncode == 0, result.stderr
    assert "with drone and noise as one" in result.stdout
    values = json.loads((out / "report.json").read_text())
    assert values["command"].endswith(f"--merge drone,noise --out '{out}'")
    assert values["sources"] is None
    first = (out / "report.md").read_text()
    assert melonnx(*line).returncode == 0
    assert (out / "report.md").read_text() == first


def test_a_released_model_is_taken_by_its_name(melonnx, few_songs, tmp_path):
    for genre, other in (("drone", "classical"), ("noise", "metal")):
        (tmp_path / "songs" / other).mkdir(parents=True)
        (tmp_path / "songs" / other / "0.wav").symlink_to(few_songs / genre / "0.wav")
    result = melonnx("evaluate", "genre-small", tmp_path / "songs", "--out", tmp_path / "report")
    assert result.returncode == 0, result.stderr
    values = json.loads((tmp_path / "report" / "report.json").read_text())
    assert values["model"]["file"].endswith("models/genre-small.onnx")
    assert values["command"].startswith("melonnx evaluate genre-small ")


def test_without_out_it_only_prints(melonnx, few_songs, tiny_model):
    result = melonnx("evaluate", tiny_model, few_songs)
    assert result.returncode == 0, result.stderr
    assert "calibration error" in result.stdout
    assert "changed audio" not in result.stderr


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--merge", "drone,polka"], "cannot count drone,polka as one genre"),
        (["--merge", "drone"], "cannot count drone as one genre"),
        (["--random", "{here}/tracks.csv"], "needs --out"),
        (["--out", "{here}/tracks.csv"], "is a file"),
        (["--out", "{here}/tracks.csv/report"], "Not a directory"),
    ],
)
def test_bad_options_are_one_clear_line(melonnx, genres, tiny_model, options, reason):
    result = melonnx("evaluate", tiny_model, genres, *(o.format(here=genres) for o in options))
    assert result.returncode != 0
    assert reason in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.stderr
    assert "accuracy" not in result.stdout  # no song was asked
