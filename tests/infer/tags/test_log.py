"""Undo gives every file back to the byte, or leaves it alone and says why."""

import errno
import json
import os

import pytest

from melonnx.infer.errors import ResultsFileError, TagError
from melonnx.infer.prediction import Prediction
from melonnx.infer.tags.log import default_log, read_log, restore
from melonnx.infer.tags.tagging import Rules, tag_songs
from tests.infer.conftest import KINDS


def write(paths, log, label="metal", **rules):
    """Tag the songs for good, and return the outcomes."""

    def hear(songs):
        return (Prediction(song, label=label) for song in songs)

    rows = tag_songs(map(str, paths), hear, Rules(**rules), log)
    return [row.outcome for row in rows]


@pytest.fixture
def log(tmp_path):
    return tmp_path / "state" / "log.jsonl"


def contents(paths):
    return [(path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) for path in paths]


def test_every_format_comes_back_to_the_byte(make_file, log):
    paths = [make_file(kind) for kind in KINDS]
    before = contents(paths)
    assert write(paths, log) == ["tagged"] * len(KINDS)
    assert write(paths, log, "rock", overwrite=True) == ["tagged"] * len(KINDS)
    assert all(new[0] != old[0] for new, old in zip(contents(paths), before, strict=True))
    assert [row.outcome for row in restore(log)] == ["restored"] * 2 * len(KINDS)
    assert contents(paths) == before
    assert {row.outcome for row in restore(log)} == {"failed", "same"}  # the first is as it was


def test_the_log_is_small(make_file, log):
    """Nine tenths of a file with tags of 300 kB are a picture, which is not in the log."""
    from mutagen.id3 import APIC, ID3, TIT2

    path = make_file("mp3")
    tags = ID3()
    tags.add(APIC(encoding=0, mime="image/jpeg", type=3, desc="", data=os.urandom(300_000)))
    tags.add(TIT2(encoding=3, text="Title"))
    tags.save(path)
    before = path.read_bytes()
    write([path], log)
    assert log.stat().st_size < 2500
    assert [row.outcome for row in restore(log)] == ["restored"]
    assert path.read_bytes() == before


def test_a_file_that_was_changed_since_is_left_alone(make_file, log):
    paths = [make_file("mp3", "one"), make_file("mp3", "two"), make_file("mp3", "three")]
    before = contents(paths)
    write(paths, log)
    theirs = paths[1].read_bytes() + b"more"
    paths[1].write_bytes(theirs)
    paths[2].unlink()
    rows = {row.path: row for row in restore(log)}
    assert [rows[str(path)].outcome for path in paths] == ["restored", "failed", "failed"]
    assert "changed since" in rows[str(paths[1])].error
    assert rows[str(paths[2])].error == os.strerror(errno.ENOENT)
    assert paths[0].read_bytes() == before[0][0]
    assert paths[1].read_bytes() == theirs


def test_a_line_that_a_kill_cut_short_hides_no_other(make_file, log):
    paths = [make_file("mp3", "one"), make_file("mp3", "two")]
    before = contents(paths)
    write(paths[:1], log)
    with log.open("ab") as file:
        file.write(b'{"format": 1, "path": "/half')
    write(paths[1:], log)
    assert len(read_log(log)) == 2
    assert [row.outcome for row in restore(log)] == ["restored", "restored"]
    assert contents(paths) == before


def test_a_log_that_cannot_be_written_stops_the_change(make_file, log, monkeypatch):
    paths = [make_file("mp3", "one"), make_file("mp3", "two")]
    write(paths[:1], log)
    logged, before = log.read_bytes(), contents(paths)

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert write(paths[1:], log) == ["failed"]
    assert (log.read_bytes(), contents(paths)) == (logged, before)


def test_a_damaged_log_does_no_harm(make_file, log):
    path = make_file("flac")
    write([path], log)
    tagged = path.read_bytes()
    entry = json.loads(log.read_text())
    entry["delta"] = [[0, 100]]
    log.write_text(json.dumps(entry) + "\n")
    (row,) = restore(log)
    assert "log is damaged" in row.error
    assert path.read_bytes() == tagged


@pytest.mark.parametrize("text", ["words\n", '{"path": "song.mp3", "label": "rock"}\n', "[1]\n"])
def test_what_is_no_log_is_an_error(tmp_path, text):
    path = tmp_path / "results.jsonl"
    path.write_text(text)
    with pytest.raises(ResultsFileError, match="is no log"):
        list(restore(path))
    with pytest.raises(ResultsFileError, match="cannot be read"):
        list(restore(tmp_path / "gone"))


def test_each_run_has_a_log_of_its_own_in_the_users_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_log().parent == tmp_path / "melonnx"
    assert default_log().name.startswith("tags-2")


@pytest.mark.parametrize(
    "change",
    [
        {"path": None},
        {"path": "a\0b.flac"},
        {"old": {}},
        {"old": {"sha256": "x", "mtime_ns": "then"}},
        {"new": []},
        {"delta": 3},
        {"delta": [["a", "b"]]},
        {"delta": [[1]]},
        {"delta": [[-5, 10]]},
        {"delta": ["no base64"]},
        {"delta": [None]},
    ],
)
def test_no_entry_of_a_log_is_a_traceback(make_file, log, change):
    path = make_file("flac")
    write([path], log)
    tagged = path.read_bytes()
    log.write_text(json.dumps(json.loads(log.read_text()) | change) + "\n")
    try:
        assert [row.outcome for row in restore(log)] == ["failed"]
    except ResultsFileError as error:
        assert "line 1" in str(error)
    assert path.read_bytes() == tagged


def test_a_log_that_has_no_place_is_named(make_file, log):
    path = make_file("flac")
    before = path.read_bytes()
    log.parent.parent.mkdir(exist_ok=True)
    log.parent.write_text("no folder")
    rows = list(
        tag_songs([str(path)], lambda songs: iter([Prediction(*songs, label="x")]), Rules(), log)
    )
    assert [row.outcome for row in rows] == ["failed"]
    assert str(log) in rows[0].error
    assert path.read_bytes() == before


def test_without_a_home_a_log_must_be_named(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr("pathlib.Path.home", homeless)
    with pytest.raises(TagError, match="--log"):
        default_log()
