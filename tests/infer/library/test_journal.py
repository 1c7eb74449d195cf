"""What was heard is there after any kill, and never another file's or model's."""

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from melonnx.infer.errors import EmptyAudioError, JournalError, UnreadableAudioError
from melonnx.infer.library.journal import (
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


NAMES = st.one_of(st.text(max_size=9), st.binary(max_size=9).map(os.fsdecode))
"""Of files: any bytes."""
IDENTITIES = st.builds(Identity, NAMES, st.integers(-1), st.integers())


@st.composite
def answers(draw):
    """An answer or a failure that lasts, with anything in it."""
    if draw(st.booleans()):
        return Prediction.failed("x", EmptyAudioError(f"x: {draw(NAMES)}"), draw(st.text()))
    finite = st.floats(allow_nan=False, allow_infinity=False)
    genres = draw(st.dictionaries(st.text(max_size=5), finite, min_size=1, max_size=3))
    label, score = next(iter(genres.items()))
    mood = st.none() | finite
    segments = st.builds(Segment, finite, finite, st.just(label), finite, mood, mood)
    return Prediction(
        "x", label=label, score=score, unsure=draw(st.booleans()), probabilities=genres,
        timeline=tuple(draw(st.lists(segments, max_size=2))), duration_s=draw(finite),
        embedding=np.array(draw(st.lists(st.floats(width=32), max_size=3)), np.float32),
        warnings=tuple(draw(st.lists(NAMES, max_size=2))),
    )  # fmt: skip


@pytest.fixture(scope="module")
def quick():
    """No waiting for the disk: hundreds of journals are written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("melonnx.infer.library.journal.os.fsync", lambda _: None)
        yield


@pytest.fixture(scope="module")
def damaged(tmp_path_factory, quick):
    return tmp_path_factory.mktemp("damaged") / "x.journal"


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


@pytest.mark.usefixtures("quick")
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


@given(
    rows=st.lists(st.tuples(IDENTITIES, answers()), max_size=4, unique_by=lambda row: row[0].path),
    embedding=st.booleans(),
    cut=st.floats(0, 1),
    tail=st.binary(max_size=40),
    later=st.tuples(IDENTITIES, answers()),
)
def test_any_rows_cut_anywhere_with_any_tail_are_the_whole_rows_before(
    damaged, rows, embedding, cut, tail, later
):
    damaged.unlink(missing_ok=True)
    ends = []
    with open_journal(damaged, MODEL, embedding=embedding) as journal:
        for identity, answer in rows:
            journal.add(identity, pack(answer, embedding=embedding))
            ends.append(damaged.stat().st_size)
    whole = damaged.read_bytes()
    least = whole.index(b"\n") + 1
    kept = whole[: least + round(cut * (len(whole) - least))] + tail
    damaged.write_bytes(kept)
    expected = {
        identity: answer
        for (identity, answer), end in zip(rows, ends, strict=True)
        if kept[:end] == whole[:end]
    }
    assert read_back(damaged, [identity for identity, _ in rows], embedding) == expected
    identity, answer = later
    with open_journal(damaged, MODEL, embedding=embedding) as journal:
        journal.add(identity, pack(answer, embedding=embedding))
    others = {i: a for i, a in expected.items() if i.path != identity.path}
    expected = others | {identity: answer}
    assert read_back(damaged, list(expected), embedding) == expected


def read_back(path, identities, embedding):
    """The answers that are known; each is asked for twice and says the same."""
    with open_journal(path, MODEL, embedding=embedding) as journal:
        offsets = journal.match(identities * 2, 2 * len(identities)).tolist()
        known = {}
        for identity, offset in zip(identities * 2, offsets, strict=True):
            if offset >= 0:
                packed = journal.read(offset)
                assert known.setdefault(identity, unpack(packed, "x")) == unpack(packed, "x")
                assert (packed.embedding is None) != (embedding and packed.status == "ok")
    return known


@pytest.mark.usefixtures("quick")
def test_a_bit_that_the_disk_has_changed_costs_its_row(path):
    songs = [SONG._replace(path=f"/m/{i}") for i in range(3)]
    put(path, *songs, embedding=True)
    whole = path.read_bytes()
    at = whole.index(b"/m/1")
    for place in range(at, whole.index(b"\n", at), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        path.write_bytes(damaged)
        with open_journal(path, MODEL) as journal:
            first, _, last = offsets = journal.match(songs, 3).tolist()
            assert min(first, last) >= 0
            for offset in offsets:
                assert offset < 0 or unpack(journal.read(offset), "x") == replace(ANSWER, path="x")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("row", [b"[" * 99_999, b'[[],1,2,"ok","",null]', b'["a",1,2,"ok",7,{}]'])
def test_what_is_json_but_no_row_is_skipped(path, row):
    put(path, SONG)
    with path.open("ab") as file:
        file.write(row + b"\n")
    put(path, SONG._replace(path="/m/b"))
    assert heard(path, SONG, SONG._replace(path="/m/b"), Identity("a", 1, 2)) == [1, 1, 0]


@pytest.mark.parametrize("notes", ["my notes\nof songs\n", "no line", '{"json": 1}\n', "\n"])
@pytest.mark.parametrize("fresh", [False, True])
def test_a_file_that_is_no_journal_is_left_alone(path, notes, fresh):
    path.write_text(notes)
    with pytest.raises(JournalError, match="is no journal"):
        offsets(path, fresh=fresh)
    assert path.read_text() == notes


def test_a_journal_that_is_moved_away_is_missed_within_a_second(path, monkeypatch):
    monkeypatch.setattr("melonnx.infer.library.journal._SYNC_S", -1)
    songs = [SONG._replace(path=f"/m/{i}") for i in range(3)]
    opened = open_journal(path, MODEL)
    journal = opened.__enter__()
    journal.add(songs[0], pack(ANSWER))
    path.rename(path.with_name("elsewhere"))
    with pytest.raises(JournalError, match="moved or removed"):
        journal.add(songs[1], pack(ANSWER))
    with pytest.raises(JournalError, match="put it back"):
        opened.__exit__(None, None, None)
    path.with_name("elsewhere").rename(path)
    assert heard(path, *songs) == [1, 1, 0]


def test_a_disk_that_fails_as_the_journal_is_closed_is_one_line(path, monkeypatch):
    def fail(_):
        raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(JournalError) as caught, open_journal(path, MODEL):
        monkeypatch.setattr("melonnx.infer.library.journal.os.fsync", fail)
    assert str(caught.value) == f"{path}: cannot be written (Input/output error)"


def test_a_disk_too_full_for_a_header_is_one_line(path):
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (9, limits[1]))
    try:
        with pytest.raises(JournalError, match=r"cannot be written \(File too large\)"):
            offsets(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert heard(path, SONG) == [0]


def test_the_journal_of_a_link_is_its_targets(tmp_path, monkeypatch):
    (tmp_path / "link.csv").symlink_to("there.csv")
    assert journal_path(tmp_path / "link.csv") == tmp_path / "there.csv.journal"
    monkeypatch.chdir(tmp_path)
    assert journal_path(Path()) == Path(f"{tmp_path}.journal")


def test_two_runs_do_not_write_one_journal(path):
    program = (
        "import sys; from pathlib import Path\n"
        "from melonnx.infer.library.journal import ModelKey, open_journal\n"
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


def test_what_was_moved_is_found_by_its_digest_and_then_by_its_path(path):
    here, there, other, new = (Identity(f"/m/{name}.mp3", 10, 20) for name in "abcd")
    with open_journal(path, MODEL) as journal:
        journal.add(here, pack(ANSWER), "digest of a")
        journal.add(other, pack(ANSWER))
    asked = []

    def digest(path):
        asked.append(path)
        return {there.path: "digest of a"}.get(path)

    with open_journal(path, MODEL) as journal:
        found = journal.match([there, other, new], 3, digest)
        assert journal.read(found[0]) == journal.read(found[1]) == pack(ANSWER)
        assert found[2] == -1
    assert asked == [there.path, new.path]
    assert offsets(path, there)[0] > 0
