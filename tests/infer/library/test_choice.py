"""Songs that nobody wants to be asked about are left out, and counted."""

from collections import Counter

import pytest

from melonnx.infer.audio.length import length_s
from melonnx.infer.library.choice import Choice, passed_over
from melonnx.infer.prediction import Prediction
from melonnx.infer.units import read_clock
from tests.conftest import RATE, encode, make_song


def left_out(choice, *songs):
    left = Counter()
    kept = {song if isinstance(song, str) else song.path for song in choice.of(songs, left)}
    names = [song if isinstance(song, str) else song.path for song in songs]
    return [name for name in names if name not in kept], left


@pytest.mark.parametrize(
    ("glob", "hits"),
    [
        ("*.demo.mp3", ["Queen/Live/a.demo.mp3"]),
        ("Live", ["Queen/Live/a.demo.mp3", "Queen/Live/b.mp3"]),
        ("Live/", ["Queen/Live/a.demo.mp3", "Queen/Live/b.mp3"]),
        ("Queen/*.mp3", ["Queen/Live/a.demo.mp3", "Queen/Live/b.mp3", "Queen/c.mp3"]),
        ("Queen/Live", ["Queen/Live/a.demo.mp3", "Queen/Live/b.mp3"]),
        ("ueen/*", []),
        ("Caf\u00e9*", ["Cafe\u0301 Tacvba/d.mp3"]),
    ],
)
def test_globs_are_of_names_or_of_ends_of_paths(glob, hits):
    songs = ("Queen/Live/a.demo.mp3", "Queen/Live/b.mp3", "Queen/c.mp3", "Cafe\u0301 Tacvba/d.mp3")
    found, left = left_out(Choice(exclude=(glob,)), *songs)
    assert found == hits
    assert left == Counter({"by --exclude": len(hits)} if hits else {})


def test_books_are_left_out_unless_they_are_named():
    songs = ("a/b/book.M4B", "a/song.m4a")
    assert left_out(Choice(), *songs)[0] == ["a/b/book.M4B"]
    assert left_out(Choice.asked(None, None, None, ["a//b/book.M4B"]), *songs)[0] == []


def test_length_is_told_by_headers_and_by_answers(tmp_path):
    paths = []
    for name, seconds, kind in (("short", 2, "MP3"), ("long", 6, "OGG"), ("even", 4, "WAV")):
        paths.append(tmp_path / f"{name}.{kind.lower()}")
        paths[-1].write_bytes(encode(make_song(seconds, 44100), 44100, kind))
    (tmp_path / "noise.mp3").write_text("only words")
    songs = [*map(str, paths), str(tmp_path / "noise.mp3")]
    assert length_s(songs[0]) == pytest.approx(2, abs=0.1)
    assert length_s(songs[3]) is None
    found, left = left_out(Choice(longer_than=3, shorter_than=5), *songs)
    assert found == songs[:2]
    assert passed_over(left) == "passed over: 1 not longer than 0:03, 1 not shorter than 0:05"
    heard = Prediction("known.mp3", label="rock", score=0.9, duration_s=4000.0)
    failed = Prediction("bad.mp3", status="unreadable", error="bad.mp3: is damaged")
    assert left_out(Choice(shorter_than=1200), heard, failed)[0] == ["known.mp3"]


def test_lengths_are_written_as_people_do():
    assert list(map(read_clock, ("90", "1:30", "1:00:00", "0.5"))) == [90, 90, 3600, 0.5]
    for text in ("", "x", "-1", "1:2:3:4", "1e9", "nan"):
        with pytest.raises(ValueError, match="is no length"):
            read_clock(text)


def test_at_the_prompt(melonnx, tmp_path, tiny_model):
    for name in ("a.wav", "Live/b.wav", "book.m4b"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(encode(make_song(12), RATE, "WAV"))
    options = ("-r", "--model", tiny_model, "--exclude", "Live", "--longer-than", "0:05")
    run = melonnx("classify", tmp_path, *options)
    assert [line.partition("\t")[0] for line in run.stdout.splitlines()] == [
        str(tmp_path / "a.wav")
    ]
    assert run.stderr.startswith("melonnx: passed over: 1 audiobooks (.m4b), 1 by --exclude\n")
    run = melonnx("classify", tmp_path, "--shorter-than", "soon")
    assert run.returncode == 2
    assert '"soon" is no length' in run.stderr
