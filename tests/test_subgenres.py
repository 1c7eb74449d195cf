"""From a data set with sub-genres to answers at both levels, by the doors that users take."""

import csv
import functools
import json

import pytest
from typer.testing import CliRunner

from melonnx.export.keras.run import export_run
from melonnx.infer import Predictor
from melonnx.train.cli import data as cli
from melonnx.train.cli.train import app
from melonnx.train.data.readers.dataset import read_dataset
from melonnx.train.run import RunError, read_run
from melonnx.train.settings import Settings
from melonnx.train.train import train
from tests.conftest import RATE, encode, make_song
from tests.train.data.readers.test_fma import row, write_fma

TINY = {"epochs": 2, "batches_per_epoch": 2, "batch_size": 8, "copies": 0}


@pytest.fixture(scope="module")
def fma(tmp_path_factory):
    """FMA in miniature: a tree of three levels, with one sub-genre of two artists only."""
    named = ["[17]"] * 3 + ["[12]"] * 3 + ["[25]"] * 2 + ["[12, 109]"] * 2 + ["[31]"] * 2
    rows = [
        row(number, "Folk" if ids == "[17]" else "Rock", f"Artist {number}", named=ids)
        for number, ids in enumerate(named, 1)
    ]
    root = write_fma(tmp_path_factory.mktemp("fma"), rows)
    for number in range(1, len(rows) + 1):
        song = encode(make_song(11, seed=number), RATE, "MP3", "MPEG_LAYER_III")
        (root / f"fma_small/000/{number:06}.mp3").write_bytes(song)
    return root


@pytest.fixture(scope="module")
def trained(fma, tmp_path_factory):
    """A run on it, with what was said."""
    tracks = list(read_dataset(fma, subgenres=True).tracks)
    folder = tmp_path_factory.mktemp("runs") / "run"
    lines: list[str] = []
    train(fma, tracks, folder, Settings(**TINY), folder.parent / "cache", lines.append)
    return read_run(folder), lines


def test_a_run_knows_its_tree_and_says_what_it_left_of_it(trained):
    run, lines = trained
    assert run.labels == ("Folk", "Rock", "Rock > Punk")
    assert run.parents == {"Folk": "Folk", "Rock": "Rock", "Rock > Punk": "Rock"}
    assert run.genres == ("Folk", "Rock")
    assert [line for line in lines if "counted as their genre" in line] == [
        "too few to be in each part, so counted as their genre (1): "
        "Rock > Metal (artists or blocks 2, tracks 2)"
    ]
    with (run.folder / "tracks.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [track["subgenre"] for track in rows] == [""] * 6 + ["Punk"] * 4 + [""] * 2
    assert {(r["genre"], r["subgenre"], r["part"]) for r in rows} == {
        (genre, subgenre, part)
        for genre, subgenre in (("Folk", ""), ("Rock", ""), ("Rock", "Punk"))
        for part in ("train", "valid", "test")
    }


def test_the_exported_model_answers_at_both_levels(trained, melonnx, tmp_path):
    run, _ = trained
    out = tmp_path / "tree.onnx"
    exported = export_run(
        run, out, name="tree", version="1", dataset="FMA in miniature", license_name="",
        attribution="", measure=True, say=lambda line: None,
    )  # fmt: skip
    info = Predictor(out).info
    assert (info.labels, info.parents, info.genres) == (run.labels, run.parents, run.genres)
    assert info.bars["90"].keys() == {"Folk", "Rock"}
    assert exported.report is not None
    assert exported.report.labels == ("Folk", "Rock")
    assert exported.report.subgenres is not None
    assert exported.report.subgenres.songs == len(run.songs("test"))
    assert info.metrics["subgenre_accuracy"] == round(exported.report.subgenres.accuracy, 6)
    songs = [track.path for track in run.songs("test")]
    result = melonnx("classify", "--json", "--model", out, *songs)
    assert result.returncode == 0
    for line in result.stdout.splitlines():
        answer = json.loads(line)
        probabilities, leaves = answer["probabilities"], answer["subgenres"]
        assert set(leaves) == set(run.labels)
        assert probabilities["Folk"] == pytest.approx(leaves["Folk"], abs=1e-12)
        assert probabilities["Rock"] == pytest.approx(
            leaves["Rock"] + leaves["Rock > Punk"], abs=1e-12
        )
        assert run.parents[answer["subgenre"]] == answer["label"]


def test_a_finished_run_is_known_again_and_a_flat_one_is_another(trained, fma):
    run, _ = trained
    lines: list[str] = []
    tracks = list(read_dataset(fma, subgenres=True).tracks)
    train(fma, tracks, run.folder, run.settings, run.folder.parent / "cache", lines.append)
    assert "nothing to do" in lines[-1]
    flat = list(read_dataset(fma).tracks)
    with pytest.raises(RunError, match="other settings or data"):
        train(fma, flat, run.folder, run.settings, run.folder.parent / "cache", lines.append)


def test_folders_below_folders_are_trained_on_when_asked_for(tmp_path, monkeypatch):
    songs = tmp_path / "songs"
    for seed, folder in enumerate(["rock/punk", "rock/metal", "folk"] * 3):
        path = songs / folder / f"song {seed} of its own.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(make_song(3, seed=seed), RATE, "WAV", "PCM_16"))
    (songs / "rock/stray.wav").write_bytes(encode(make_song(3), RATE, "WAV", "PCM_16"))
    arguments = ["train", str(songs), "--out", str(tmp_path / "run"), "--cache", str(tmp_path)]
    with monkeypatch.context() as patch:
        patch.setattr("melonnx.train.settings.Settings", functools.partial(Settings, **TINY))
        result = CliRunner().invoke(app, [*arguments, "--subgenres", "--epochs", "1"])
    assert result.exit_code == 0, result.output
    assert "(1): rock > metal (artists or blocks 3, tracks 3)" in result.output
    run = read_run(tmp_path / "run")
    assert run.labels == ("folk", "rock", "rock > punk")
    assert len(run.tracks) == 10
    counted = CliRunner().invoke(cli.app, ["data", str(songs), "--subgenres", "--json"])
    assert json.loads(counted.stdout)["genres"].keys() == {
        "folk", "rock", "rock > metal", "rock > punk",
    }  # fmt: skip


def test_a_data_set_without_sub_genres_is_refused_in_one_line(genres, melonnx, tmp_path):
    result = melonnx("train", genres, "--out", tmp_path / "run", "--subgenres")
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        f"melonnx: {genres}: names no sub-genres; expected FMA, <genre>/<subgenre>/<file>, or a "
        "column subgenre in the table"
    ]
