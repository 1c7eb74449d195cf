"""Decisions as data: nothing lost, nothing twice, whoever writes and whatever is cut short."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys

import pytest

from melonnx.infer.errors import OutputError, ResultsFileError
from melonnx.infer.prediction import Prediction
from melonnx.infer.results.decisions import (
    Decision,
    Undo,
    append,
    as_decided,
    decisions_beside,
    key_of,
    read_decisions,
    read_from,
)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "library.decisions.jsonl"


def genres_in(file):
    return {song: decision.genres for song, decision in read_decisions(file).items()}


def test_the_last_decision_counts_and_an_undo_brings_back_the_one_before(file):
    append(file, [Decision("a", ("/x", "/y"), ("rock",)), Decision("b", ("/x",), ("pop", "folk"))])
    assert genres_in(file) == {"/x": ("pop", "folk"), "/y": ("rock",)}
    append(file, [Undo("c", "b")])
    assert genres_in(file) == {"/x": ("rock",), "/y": ("rock",)}
    append(file, [Undo("d", "a"), Undo("e", "unknown")])
    assert genres_in(file) == {}


def test_a_line_that_is_there_twice_counts_once(file):
    first = Decision("a", ("/x",), ("rock",))
    append(file, [first, Undo("u", "a"), first])
    assert genres_in(file) == {}


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_torn_last_line_is_passed_over_and_the_next_begins_anew(file, cut):
    append(file, [Decision("a", ("/x",), ("rock",))])
    whole = file.read_bytes()
    append(file, [Decision("b", ("/y",), ("pop",))])
    file.write_bytes(file.read_bytes()[: len(whole) + cut])
    assert genres_in(file) == {"/x": ("rock",)}
    append(file, [Decision("c", ("/z",), ())])
    assert genres_in(file) == {"/x": ("rock",), "/z": ()}


def test_a_line_that_lacks_its_end_only_is_whole(file):
    append(file, [Decision("a", ("/x",), ("rock",))])
    file.write_bytes(file.read_bytes().rstrip(b"\n"))
    assert genres_in(file) == {"/x": ("rock",)}
    append(file, [Decision("b", ("/y",), ("pop",))])
    assert genres_in(file) == {"/x": ("rock",), "/y": ("pop",)}


def test_reading_goes_on_where_it_was(file):
    append(file, [Decision("a", ("/x",), ("rock",))])
    first, at = read_from(file, 0)
    append(file, [Undo("b", "a")])
    more, _ = read_from(file, at)
    assert (first, more) == ([Decision("a", ("/x",), ("rock",))], [Undo("b", "a")])


def test_what_is_no_file_of_decisions_is_refused(file):
    file.write_text(json.dumps(Prediction("x", label="rock", score=1.0).to_dict()) + "\n")
    with pytest.raises(ResultsFileError, match="line 1: is no decision of melonnx review"):
        read_decisions(file)
    file.write_text("a\nb\n")
    with pytest.raises(ResultsFileError, match="holds no decisions"):
        read_decisions(file)
    with pytest.raises(ResultsFileError, match="cannot be read"):
        read_decisions(file.with_name("none"))
    with pytest.raises(OutputError, match="cannot be written"):
        append(file.parent / "no folder" / "x", [Undo("a", "b")])


def _write_many(file, writer):
    for number in range(50):
        append(file, [Decision(f"{writer}-{number}", (f"/{writer}/{number}",), ("rock",))])


def test_two_writers_lose_nothing(file):
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else None)
    writers = [context.Process(target=_write_many, args=(file, name)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert len(read_decisions(file)) == 100
    assert file.read_bytes().count(b"\n") == 100


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_what_was_said_to_be_written_survives_a_kill(file):
    program = (
        "import sys\nfrom pathlib import Path\nfrom itertools import count\n"
        "from melonnx.infer.results.decisions import Decision, append\n"
        "for n in count():\n"
        "    append(Path(sys.argv[1]), [Decision(str(n), (f'/{n}',), ('rock',))])\n"
        "    print(n, flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(file)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for _ in range(20):
        said = int(process.stdout.readline())
    os.kill(process.pid, signal.SIGKILL)
    rest = process.stdout.read().split("\n")
    said = max([said, *(int(line) for line in rest[:-1])])
    process.wait()
    assert set(read_decisions(file)) >= {f"/{n}" for n in range(said + 1)}


def test_a_decided_song_is_sure(tmp_path):
    song = Prediction("x.mp3", label="rock", score=0.4, unsure=True, probabilities={"rock": 0.4})
    made = {key_of("x.mp3"): Decision("a", (key_of("x.mp3"),), ("pop", "folk"))}
    found = as_decided(song, made)
    assert (found.label, found.score, found.unsure) == ("pop", 1.0, False)
    assert found.decided == ("pop", "folk")
    assert as_decided(Prediction("y.mp3", label="a"), made).label == "a"
    assert Prediction.from_dict(found.to_dict()) == found
    failed = Prediction("x.mp3", status="unreadable", error="x.mp3: is damaged")
    assert as_decided(failed, made).ok
    none = {key_of("x.mp3"): Decision("a", (key_of("x.mp3"),), ())}
    assert not as_decided(song, none).is_music


def test_decisions_lie_beside_results(tmp_path):
    assert decisions_beside(tmp_path / "a.b.jsonl") == tmp_path / "a.b.decisions.jsonl"
