"""A folder is reviewed while it is heard."""

import json
import time
from pathlib import Path
from queue import Queue

import pytest

from melonnx.demo.review import hearing as hearing_module
from melonnx.demo.review.facts import FactsReader
from melonnx.demo.review.hearing import FolderHearing
from melonnx.demo.review.ledger import Ledger
from melonnx.demo.review.replies import Review
from melonnx.infer.errors import JournalError
from melonnx.infer.library.collection import Outcome
from melonnx.infer.library.workers import Hearing
from melonnx.infer.model.released import find_model
from melonnx.infer.model.session import load_model
from melonnx.infer.prediction import Prediction
from melonnx.infer.results.decisions import Decision, decisions_beside
from melonnx.infer.results.rows import View
from tests.conftest import encode, make_song

GENRES = ("rock", "pop")


@pytest.fixture
def heard():
    """What the test puts in is what comes to be heard; an error ends it."""
    return Queue()


@pytest.fixture
def review(tmp_path, heard, monkeypatch):
    def classify(songs, how, output, *, stop):
        while not stop.poll(0.01):
            if heard.empty():
                continue
            one = heard.get()
            if isinstance(one, Exception):
                raise one
            output.notice(one)
        return Outcome(stopped=True)

    monkeypatch.setattr(hearing_module, "classify_in_processes", classify)
    how = Hearing(Path("none.onnx"), "none 1.0")
    out = tmp_path / "Music.jsonl"
    asked = [str(tmp_path / f"{number}.mp3") for number in range(5)]
    hearing = FolderHearing(asked, how, View(GENRES, {}, embedding=True), out)
    ledger = Ledger(decisions_beside(out))
    ledger.add(Decision("1" * 16, (asked[1],), ("jazz",)))  # of an earlier run
    made = Review(hearing.songs.songs(), ledger, FactsReader(), hearing)
    made.open()
    yield made
    made.close()


def answered(review, number, label="rock", *, unsure=False):
    path = review.ledger.file.with_name(f"{number}.mp3")
    shares = dict.fromkeys(GENRES, 0.5)
    return Prediction(str(path), label=label, score=0.5, unsure=unsure, probabilities=shares)


def news(review, known):
    """What the page is told once there are more songs than it knows."""
    for _ in range(500):
        told = review.changes(0, 0, known)
        if told["songs"]:
            return told
        time.sleep(0.01)
    raise AssertionError("no song has come")


def test_songs_are_told_as_they_come_and_keep_their_place(review, heard):
    empty = json.loads(review.listed())
    assert (empty["ids"], empty["hearing"]["of"], empty["hearing"]["done"]) == ([], 5, False)
    heard.put(answered(review, 0))
    first = news(review, 0)["songs"]
    assert (first["names"], first["labels"]) == (["0.mp3"], ["rock", "pop"])
    damaged = Prediction("4.mp3", status="unreadable", error="4.mp3: is damaged")
    for one in (damaged, answered(review, 1, "pop", unsure=True)):
        heard.put(one)
    told = news(review, 1)
    assert told["songs"]["names"] == ["1.mp3"]
    assert told["songs"]["order"] == [1, 0]  # the unsure one first, though it came last
    assert (told["hearing"]["came"], told["hearing"]["failed"]) == (3, 1)
    (second,) = told["songs"]["ids"]
    assert told["decided"] == {second: {"by": "1" * 16, "genres": ("jazz",)}}
    everything = json.loads(review.listed())
    assert everything["ids"] == [*first["ids"], second]
    assert review.song(second)["shares"] == [["rock", 0.5], ["pop", 0.5]]


def test_why_no_more_songs_come_is_told(review, heard):
    heard.put(JournalError("Music.jsonl.journal: another run writes it"))
    for _ in range(500):
        told = review.changes(0, 0, 0)["hearing"]
        if told["done"]:
            break
        time.sleep(0.01)
    assert told["error"] == "Music.jsonl.journal: another run writes it"


def add_songs(folder, *numbers):
    folder.mkdir(exist_ok=True)
    for number in numbers:
        samples = make_song(4, 8000, seed=number)
        (folder / f"{number}.wav").write_bytes(encode(samples, 8000, "WAV", "PCM_16"))


def test_stopped_and_started_again_it_goes_on(tmp_path, capsys):
    small = find_model("genre-small")
    info = load_model(small, device="cpu", threads=1).info
    how = Hearing(small, f"{info.name} {info.version}", "cpu", 1, True)
    music, out = tmp_path / "Music", tmp_path / "Music.jsonl"
    for numbers in ((1, 2), (3,)):
        add_songs(music, *numbers)
        asked = sorted(map(str, music.glob("*.wav")))
        run = FolderHearing(asked, how, View(info.genres, info.parents, embedding=True), out)
        run.start()
        for _ in range(600):
            if run.told()["done"]:
                break
            time.sleep(0.1)
        run.stop()
        assert [Path(path).name for path in run.songs.songs().paths] == [
            "1.wav", "2.wav", "3.wav"
        ][: len(asked)]  # fmt: skip
        assert f"{len(numbers)} heard now" in capsys.readouterr().err
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [Path(row["path"]).name for row in rows] == ["1.wav", "2.wav", "3.wav"]
    assert all(row["embedding"] for row in rows)
