"""``melonnx classify --per``: songs that belong together get one answer, from a journal or not."""

import json

import pytest

from tests.conftest import RATE, encode, make_song


@pytest.fixture(scope="module")
def albums(tmp_path_factory):
    """Two folders of three songs each, and one that is nothing to hear."""
    music = tmp_path_factory.mktemp("albums")
    for number in range(6):
        path = music / f"album {number % 2}" / f"{number}.wav"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encode(make_song(3 + number), RATE, "WAV"))
    (music / "album 1" / "words.wav").write_text("only words")
    return music


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


def test_an_album_has_one_answer_on_stdout_and_from_a_journal(
    melonnx, albums, tiny_model, tmp_path
):
    options = ("-r", "--model", tiny_model, "--per", "folder")
    alone = rows(melonnx("classify", albums, *options[:3], "--json").stdout)
    shown = rows(melonnx("classify", albums, *options, "--json").stdout)
    file = tmp_path / "out.jsonl"
    first = melonnx("classify", albums, *options, "-o", file)
    assert rows(file.read_text()) == shown
    assert "7 heard now" in first.stderr
    again = melonnx("classify", albums, *options, "-o", file)
    assert rows(file.read_text()) == shown
    assert "1 heard now" in again.stderr  # what could not be read is tried again
    for name in ("album 0", "album 1"):
        told = [row for row in shown if name in row["path"] and row["status"] == "ok"]
        assert len(told) == 3
        assert len({(row["label"], row["score"]) for row in told}) == 1
    assert [row["path"] for row in shown] == [row["path"] for row in alone]
    assert [row["error"] for row in shown] == [row["error"] for row in alone]
    assert [row["score"] for row in shown] != [row["score"] for row in alone]


def test_it_goes_with_other_genres_but_not_with_their_timeline(melonnx, albums, tiny_model):
    options = ("-r", "--model", tiny_model, "--per", "folder", "--genres", "drone,noise")
    told = rows(melonnx("classify", albums, *options, "--json").stdout)
    assert {row["label"] for row in told if row["label"]} <= {"drone", "noise"}
    assert melonnx("classify", albums, *options, "--timeline").returncode == 2
