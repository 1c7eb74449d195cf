"""``melonnx organize`` as a user meets it."""

import json
import os

import pytest

from melonnx.infer.prediction import Prediction


@pytest.fixture
def results(tmp_path):
    """Four songs, one unsure and one that failed, and what was said of them before."""
    labels = {"a.mp3": "metal", "b.mp3": "pop", "c.mp3": "metal"}
    rows = []
    for name, label in labels.items():
        (tmp_path / name).write_bytes(name.encode())
        path = str(tmp_path / name)
        rows.append(Prediction(path, label=label, score=0.9, unsure=name == "c.mp3").to_dict())
    rows.append(Prediction("d.mp3", status="unreadable", error="d.mp3: is damaged").to_dict())
    file = tmp_path / "results.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_playlists_by_default_and_only_with_write(melonnx, results, tmp_path):
    out = tmp_path / "out"
    run = melonnx("organize", "--from", results, "--to", out)
    assert run.returncode == 1  # one song had failed
    assert "melonnx: d.mp3: is damaged" in run.stderr
    assert "3 playlists would be made (--write does it); 1 failed" in run.stderr
    assert run.stdout.splitlines()[0] == f"metal.m3u8\t{out / 'metal.m3u8'}\t1\tplace"
    assert not out.exists()
    assert (
        "3 playlists made" in melonnx("organize", "--from", results, "--to", out, "--write").stderr
    )
    assert files(out) == ["metal.m3u8", "pop.m3u8", "unsure.m3u8"]


@pytest.mark.parametrize("how", ["--copy", "--link"])
def test_folders_of_songs(melonnx, results, tmp_path, how):
    out = tmp_path / "out"
    (tmp_path / "map.csv").write_text("metal,Heavy Metal\npop,\n")
    options = ("--to", out, how, "--map", tmp_path / "map.csv", "--write")
    run = melonnx("organize", "--from", results, *options, "--leave-unsure")
    assert "1 songs made; 2 songs are left out; 1 failed" in run.stderr
    assert files(out) == ["Heavy Metal/a.mp3"]
    again = melonnx("organize", "--from", results, *options)
    assert "1 songs made; 1 songs are there already; 1 songs are left out" in again.stderr
    assert files(out) == ["Heavy Metal/a.mp3", "unsure/c.mp3"]


def test_songs_are_heard_where_nobody_has_before(melonnx, tmp_path):
    from tests.conftest import RATE, encode, make_song

    (tmp_path / "song.wav").write_bytes(encode(make_song(12), RATE, "WAV", "PCM_16"))
    (tmp_path / "words.mp3").write_text("only words")
    run = melonnx("organize", tmp_path, "--to", tmp_path / "out", "--model", "genre-small")
    assert run.returncode == 1
    assert "1 playlists would be made" in run.stderr
    assert "words.mp3: is not audio" in run.stderr


def test_two_ways_at_once_are_refused(melonnx, results, tmp_path):
    run = melonnx(
        "organize", "--from", results, "--to", tmp_path, "--copy", "--link",
        env=os.environ | {"COLUMNS": "200"},
    )  # fmt: skip
    assert run.returncode == 2
    assert "take one" in run.stderr


def test_results_with_relative_paths_lead_to_their_songs_from_any_folder(melonnx, tmp_path):
    home, away = tmp_path / "home", tmp_path / "away"
    home.mkdir()
    away.mkdir()
    (home / "a.mp3").write_bytes(b"a")
    rows = [Prediction(name, label="metal", score=0.9).to_dict() for name in ("a.mp3", "b.mp3")]
    text = "".join(json.dumps({**row, "folder": str(home)}) + "\n" for row in rows)
    (home / "results.jsonl").write_text(text)
    options = ("--from", home / "results.jsonl", "--to", "out", "--write")
    run = melonnx("organize", *options, cwd=away)
    assert run.returncode == 1
    assert run.stderr == (
        f"melonnx: {home / 'b.mp3'}: is not there\nmelonnx: 1 playlists made; 1 failed\n"
    )
    entry = (away / "out" / "metal.m3u8").read_text().splitlines()[-1]
    assert (away / "out" / entry).samefile(home / "a.mp3")


@pytest.mark.parametrize("kind", ["m3u8", "pls", "xspf", "nsp"])
def test_the_kind_of_playlist(melonnx, results, tmp_path, kind):
    out = tmp_path / "out"
    options = ("--from", results, "--to", out, "--write", "--playlist-format", kind)
    melonnx("organize", *options)
    names = ["metal", "pop", "unsure"] if kind != "nsp" else ["Metal", "Pop"]
    assert files(out) == [f"{name}.{kind}" for name in names]
    if kind != "m3u8":
        assert melonnx("organize", *options, "--copy").returncode == 2
