"""What was heard is there after any kill, and never another file's or model's."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from melonnx.infer.errors import EmptyAudioError, JournalError, UnreadableAudioError
from melonnx.infer.journal import (
    Identity,
    ModelKey,
    file_identity,
    journal_path,
    model_key,
    open_journal,
    pack,
    unpack,
)
from melonnx.infer.prediction import Prediction, Segment

MODEL = ModelKey("tiny 0", "00")
ANSWER = Prediction(
    path="a\n\udcff.mp3",
    label="rock",
    score=0.1 + 0.2,
    probabilities={"rock": 0.1 + 0.2, "pop": 1 / 3},
    subgenre="rock > punk",
    subgenres={"rock > punk": 1 / 7},
    timeline=(Segment(0.0, 1 / 3, "rock", 1 / 9),),
    embedding=np.array([1 / 3, -2], np.float32),
    duration_s=30.1,
    model="tiny 0",
    warnings=("short: 1 s",),
)
SONG = Identity("/m/a\n\udcff.mp3", 10, 20)


@pytest.fixture
def path(tmp_path):
    return journal_path(tmp_path / "genres.csv")


def offsets(path, *identities, model=MODEL, **how):
    with open_journal(path, model, **how) as journal:
        return journal.match(identities, len(identities)).tolist()


def heard(path, *identities, model=MODEL, **how):
    return [offset >= 0 for offset in offsets(path, *identities, model=model, **how)]


def put(path, *identities, answer=ANSWER, embedding=False, model=MODEL):
    with open_journal(path, model, embedding=embedding) as journal:
        for identity in identities:
            journal.add(identity, pack(answer, embedding=embedding))


def test_answers_come_back_whole(path):
    put(path, SONG, embedding=True)
    with open_journal(path, MODEL) as journal:
        (offset,) = journal.match([SONG], 1)
        again = unpack(journal.read(offset), ANSWER.path)
    assert again == ANSWER
    assert again.embedding.tolist() == ANSWER.embedding.tolist()
    assert unpack(pack(ANSWER), ANSWER.path).embedding is None


def test_an_answer_serves_under_another_name_of_the_file():
    failed = Prediction.failed("x/a.mp3", UnreadableAudioError("x/a.mp3: is not audio"), "tiny 0")
    again = unpack(pack(failed), "../y/x/a.mp3")
    assert again == replace(failed, path="../y/x/a.mp3", error="../y/x/a.mp3: is not audio")


def test_changed_files_and_other_models_are_heard_anew(path):
    put(path, SONG)
    assert heard(path, SONG, SONG._replace(size=11), SONG._replace(mtime_ns=21)) == [1, 0, 0]
    assert heard(path, SONG._replace(path="/m/b.mp3")) == [0]
    other = ModelKey("tiny 0", "01")
    assert heard(path, SONG, model=other) == [0]
    put(path, SONG, model=other)
    assert heard(path, SONG) == [1]


def test_an_answer_without_embedding_does_not_do_where_one_is_asked_for(path):
    put(path, SONG)
    assert heard(path, SONG, embedding=True) == [0]
    put(path, SONG, embedding=True)
    assert heard(path, SONG, embedding=True) == [1]
    assert heard(path, SONG) == [1]


def test_what_could_not_be_read_is_tried_again_and_what_is_empty_is_not(path):
    for error, lasts in ((UnreadableAudioError("a: no"), False), (EmptyAudioError("a: no"), True)):
        put(path, SONG, answer=Prediction.failed("a", error))
        assert heard(path, SONG) == [lasts]


def test_what_fails_again_and_again_does_not_fill_the_disk(path):
    sizes = []
    for reason in ("a: no", "a: no", "a: no", "a: never"):
        failed = Prediction.failed("a", UnreadableAudioError(reason))
        put(path, SONG, answer=failed)
        sizes.append(path.stat().st_size)
        with open_journal(path, MODEL) as journal:
            offset = journal.add(SONG, pack(failed))
            assert unpack(journal.read(offset), "a") == failed
    assert sizes[0] == sizes[1] == sizes[2] < sizes[3]


def test_fresh_forgets(path):
    put(path, SONG)
    assert heard(path, SONG, fresh=True) == [0]
    assert heard(path, SONG) == [0]


def test_a_journal_cut_at_any_byte_keeps_its_whole_rows_and_goes_on(path):
    songs = [SONG._replace(path=f"/m/{i}") for i in range(3)]
    put(path, *songs)
    whole = path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")][1:]
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert heard(path, *songs) == [length >= end for end in ends]
        put(path, SONG)
        assert heard(path, *songs, SONG) == [*(length >= end for end in ends), True]


def test_a_damaged_row_costs_itself(path):
    songs = [SONG._replace(path=f"/m/{i}") for i in range(3)]
    put(path, *songs)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = bytes(len(lines[2]) - 1) + b"\n"
    path.write_bytes(b"".join(lines))
    assert heard(path, *songs) == [1, 0, 1]


def test_a_file_that_is_no_journal_is_left_alone(path):
    path.write_text("my notes\nof songs\n")
    with pytest.raises(JournalError, match="is no journal"):
        offsets(path)
    assert path.read_text() == "my notes\nof songs\n"


def test_two_runs_do_not_write_one_journal(path):
    program = (
        "import sys; from pathlib import Path\n"
        "from melonnx.infer.journal import ModelKey, open_journal\n"
        "with open_journal(Path(sys.argv[1]), ModelKey('tiny 0', '00')): pass"
    )
    other = [sys.executable, "-c", program, str(path)]
    with open_journal(path, MODEL):
        result = subprocess.run(other, capture_output=True, text=True, check=False)
        assert "another run writes it" in result.stderr
    assert subprocess.run(other, check=False).returncode == 0


def test_nowhere_to_write_is_one_line(tmp_path):
    with pytest.raises(JournalError, match=r"cannot be written \(No such file or directory\)"):
        offsets(tmp_path / "gone" / "x.journal")


def test_a_full_disk_leaves_whole_rows(path):
    import resource

    put(path, SONG)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 40, limits[1]))
    try:
        with open_journal(path, MODEL) as journal, pytest.raises(OSError, match="too large"):
            journal.add(SONG._replace(path="/m/b"), pack(ANSWER))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes().endswith(b"\n")
    assert heard(path, SONG, SONG._replace(path="/m/b")) == [1, 0]


def test_rows_are_lines_of_json(path):
    put(path, SONG)
    header, row = map(json.loads, path.read_text("ascii").splitlines())
    assert header == {"journal": 1, "model": ["tiny 0", "00"]}
    assert row[:4] == [*SONG, "ok"]


def test_identity_is_of_the_file_however_it_is_named(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"abc")
    os.utime(tmp_path / "a", ns=(5, 7))
    monkeypatch.chdir(tmp_path)
    assert file_identity("a") == file_identity(str(tmp_path / "a")) == (str(tmp_path / "a"), 3, 7)
    assert file_identity("gone")[1:] == (-1, -1)
    assert file_identity("a\0b")[1:] == (-1, -1)
    assert model_key(tmp_path / "a", "m 1").sha256.startswith("ba7816bf")
