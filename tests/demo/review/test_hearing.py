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
from melonnx.infer.prediction import Prediction
from melonnx.infer.results.decisions import Decision, decisions_beside
from melonnx.infer.results.rows import View
from tests.conftest import encode, make_song
from tests.demo.running import run_page

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


def test_stopped_and_started_again_it_goes_on(tmp_path, monkeypatch):
    import httpx

    monkeypatch.chdir(tmp_path)
    music, results = tmp_path / "Music", tmp_path / "Music.jsonl"
    for run, numbers in enumerate(((1, 2), (3,))):
        add_songs(music, *numbers)
        with (
            (tmp_path / f"said {run}").open("w") as log,
            run_page(
                tmp_path, str(music), "--model", "genre-small", page="review", log=log
            ) as running,
            httpx.Client(follow_redirects=True, timeout=60) as client,
        ):
            client.get(running.address)
            address = running.address.partition("?")[0]
            for _ in range(600):
                told = client.get(f"{address}api/songs").json()
                if told["hearing"]["done"]:
                    break
                time.sleep(0.1)
            assert sorted(told["names"]) == ["1.wav", "2.wav", "3.wav"][: 2 + run]
        said = (tmp_path / f"said {run}").read_text()
        assert f"{len(numbers)} heard now" in said
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    assert [Path(row["path"]).name for row in rows] == ["1.wav", "2.wav", "3.wav"]
    assert all(row["embedding"] for row in rows)
