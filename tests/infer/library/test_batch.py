"""Answers come in the order of the songs, from the journal where it has them."""

from array import array

import pytest

from melonnx.infer.errors import NoMusicError
from melonnx.infer.library import batch
from melonnx.infer.library.batch import answer_in_order, match_journal
from melonnx.infer.library.journal import ModelKey, file_identity, open_journal, pack
from melonnx.infer.library.workers import Answer
from melonnx.infer.prediction import Prediction

FAILED = Prediction.failed("empty", NoMusicError("empty: is a folder without music"))


@pytest.fixture
def songs(tmp_path):
    paths = [tmp_path / f"{i}.mp3" for i in range(9)]
    for path in paths:
        path.write_bytes(b"x")
    return [*map(str, paths), FAILED]


def answer(path):
    return Prediction(path, label="rock", score=0.5, probabilities={"rock": 0.5}, model="m 0")


def hear_backwards(limit=99):
    """The last job first, as far as jobs are to be had."""
    heard = []

    def hear(jobs):
        while True:
            now = []
            while (job := next(jobs, None)) is not None:
                now.append(job)
            if not now:
                return
            for job in reversed(now):
                if len(heard) == limit:
                    return
                heard.append(job.number)
                yield Answer(job, pack(answer(job.path)))

    hear.heard = heard
    return hear


def test_answers_keep_the_order_of_the_songs(songs):
    predictions = list(answer_in_order(songs, hear_backwards()))
    assert predictions == [*map(answer, songs[:-1]), FAILED]


def test_no_more_than_so_many_answers_wait_for_a_slow_song(songs, monkeypatch):
    monkeypatch.setattr(batch, "_AHEAD", 3)
    heard = []

    def hear(jobs):
        slow = next(jobs)
        while job := next(jobs, None):
            heard.append(job.number)
            yield Answer(job, pack(answer(job.path)))
        yield Answer(slow, pack(answer(slow.path)))
        for job in jobs:
            yield Answer(job, pack(answer(job.path)))

    assert list(answer_in_order(songs, hear)) == [*map(answer, songs[:-1]), FAILED]
    assert heard == [1, 2, 3]


def test_what_the_journal_holds_does_not_hold_up_what_is_new(songs, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "_AT_ONCE", 1)
    monkeypatch.setattr(batch, "_AHEAD", 4)
    with open_journal(tmp_path / "x.journal", ModelKey("m 0", "00")) as journal:
        for song in songs[:4]:
            journal.add(file_identity(song), pack(answer(song)))
    with open_journal(tmp_path / "x.journal", ModelKey("m 0", "00")) as journal:
        offsets = match_journal(songs, journal)
        rows = answer_in_order(songs, hear_backwards(), journal, offsets)
        assert list(rows) == [*map(answer, songs[:-1]), FAILED]


def test_what_is_heard_is_in_the_journal_and_not_heard_again(songs, tmp_path):
    def run(hear):
        with open_journal(tmp_path / "x.journal", ModelKey("m 0", "00")) as journal:
            offsets = match_journal(songs, journal)
            calls = []
            rows = answer_in_order(songs, hear, journal, offsets, progress=lambda: calls.append(1))
            rows = list(rows)
            assert len(calls) == len(hear.heard)
            return rows

    first = hear_backwards(limit=4)
    assert first.heard == []
    assert [row.path for row in run(first)] == [*songs[5:9], "empty"]
    assert first.heard == [8, 7, 6, 5]
    second = hear_backwards()
    assert run(second) == [*map(answer, songs[:-1]), FAILED]
    assert second.heard == [4, 3, 2, 1, 0]
    third = hear_backwards()
    assert run(third) == [*map(answer, songs[:-1]), FAILED]
    assert third.heard == []


def test_an_answer_for_what_a_file_was_is_none_for_what_it_is(songs, tmp_path):
    def hear(jobs):
        for job in jobs:
            with open(job.path, "ab") as file:  # while it is heard
                file.write(b"more")
            yield Answer(job, pack(answer(job.path)))

    for _ in range(2):
        with open_journal(tmp_path / "x.journal", ModelKey("m 0", "00")) as journal:
            offsets = match_journal(songs, journal)
            assert offsets == array("q", [-1]) * len(songs)
            assert len(list(answer_in_order(songs, hear, journal, offsets))) == len(songs)
