"""Which songs get a genre, and that a kill at any moment loses nothing."""

import hashlib
import os
import signal
import sys
from pathlib import Path

import pytest

from melonnx.infer import system
from melonnx.infer.errors import UnreadableAudioError
from melonnx.infer.prediction import Prediction
from melonnx.infer.tags.fields import read_genres, write_genres
from melonnx.infer.tags.log import restore
from melonnx.infer.tags.tagging import Rules, tag_songs
from tests.infer.conftest import packets_and_samples


def answer(label, *, unsure=False):
    return lambda songs: (Prediction(song, label=label, unsure=unsure) for song in songs)


def never(songs):
    assert songs == [], "the model was asked in vain"
    return iter(())


def tag(paths, hear, log=None, **rules):
    songs = [path if isinstance(path, Prediction) else str(path) for path in paths]
    return list(tag_songs(songs, hear, Rules(**rules), log))


def outcome(path, hear, log=None, **rules):
    (row,) = tag([path], hear, log, **rules)
    return row.outcome


def test_nothing_is_written_without_a_log(make_file):
    path = make_file("mp3")
    before = path.read_bytes(), path.stat()
    (row,) = tag([path], answer("metal"))
    assert (row.old, row.new, row.outcome) == ((), "Metal", "tag")
    assert (path.read_bytes(), path.stat()) == before


def test_a_genre_is_kept_and_the_model_not_asked(make_file, tmp_path):
    path = make_file("ogg")
    write_genres(path, ["Polka"])
    assert outcome(path, never, tmp_path / "log") == "kept"
    assert read_genres(path) == ["Polka"]
    assert outcome(path, answer("metal"), tmp_path / "log", overwrite=True) == "tagged"
    assert read_genres(path) == ["Metal"]
    assert outcome(path, answer("metal"), tmp_path / "log", overwrite=True) == "same"


def test_an_unsure_answer_is_written_only_where_asked_for(make_file, tmp_path):
    path = make_file("m4a")
    assert outcome(path, answer("pop", unsure=True), tmp_path / "log") == "unsure"
    assert read_genres(path) == []
    assert outcome(path, answer("pop", unsure=True), tmp_path / "log", unsure=True) == "tagged"
    assert read_genres(path) == ["Pop"]


def test_the_map_names_genres_or_leaves_them_out(make_file, tmp_path):
    path, names = make_file("flac"), {"metal": "Heavy Metal", "pop": ""}
    assert outcome(path, answer("pop"), tmp_path / "log", names=names) == "unnamed"
    assert outcome(path, answer("metal"), tmp_path / "log", names=names) == "tagged"
    assert read_genres(path) == ["Heavy Metal"]


def test_bad_files_are_rows_and_the_rest_go_on(make_file, tmp_path):
    good, text, locked = make_file("mp3"), tmp_path / "words.mp3", make_file("mp3", "locked")
    text.write_text("only words")
    locked.chmod(0o444)
    loop = tmp_path / "loop.mp3"
    loop.symlink_to(loop)
    failed = Prediction.failed("far.mp3", UnreadableAudioError("far.mp3: is damaged"))
    songs = [text, tmp_path / "gone.mp3", loop, failed, "a\0b.mp3", locked, good]
    rows = tag(songs, answer("metal"), tmp_path / "log")
    assert [row.outcome for row in rows] == ["failed"] * 6 + ["tagged"]
    assert rows[0].error.startswith(f"{text}: no tags can be written")
    assert rows[3].error == "far.mp3: is damaged"
    assert rows[5].error == f"{locked}: is read-only"
    assert all("\n" not in row.error for row in rows)


def test_a_link_stays_a_link_and_its_file_is_tagged_once(make_file, tmp_path):
    path, link = make_file("mp3"), tmp_path / "link.mp3"
    link.symlink_to(path)
    rows = tag([link, path], answer("metal"), tmp_path / "log")
    assert [row.path for row in rows] == [str(link)]
    assert link.is_symlink()
    assert read_genres(path) == ["Metal"]


def test_another_hard_link_keeps_the_old_content_and_it_is_said(make_file, tmp_path):
    path, other = make_file("mp3"), tmp_path / "seed.mp3"
    other.hardlink_to(path)
    before = other.read_bytes()
    (row,) = tag([path], answer("metal"), tmp_path / "log")
    assert row.other_links
    assert read_genres(path) == ["Metal"]
    assert other.read_bytes() == before


def test_the_time_of_change_is_new_unless_it_is_kept(make_file, tmp_path):
    path = make_file("mp3")
    os.utime(path, ns=(5, 5_000_000_000))
    outcome(path, answer("metal"), tmp_path / "log", keep_mtime=True)
    assert path.stat().st_mtime_ns == 5_000_000_000
    outcome(path, answer("rock"), tmp_path / "log", overwrite=True)
    assert path.stat().st_mtime_ns > 10**18


EVENTS = ("open", "os.", "shutil.", "tempfile.", "mmap.")


def killed_at(event_number, work):
    """Fork, do the work, and die by SIGKILL at that touch of the file system; True if it died."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    left = event_number

    def watch(event, _):
        nonlocal left
        if event.startswith(EVENTS):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    try:
        sys.addaudithook(watch)
        work()
    finally:
        os._exit(0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_kill_at_any_moment_leaves_whole_files_and_a_whole_log(make_file, tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    paths = [make_file("mp3", f"music/{number}") for number in (1, 2)]
    audio = [packets_and_samples(path) for path in paths]
    originals = [path.read_bytes() for path in paths]
    log = tmp_path / "log"

    def work():
        tag(paths, answer("metal"), log)

    def digests():
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]

    old = digests()
    work()
    new = digests()
    assert [row.outcome for row in restore(log)] == ["restored"] * 2
    log.unlink()
    moment, strays, mixed = 1, 0, 0
    while killed_at(moment, work):
        moment += 2
        now = digests()
        assert all(is_ in pair for is_, pair in zip(now, zip(old, new, strict=True), strict=True))
        mixed += old[0] != now[0] and old[1] == now[1]
        strays += len([*folder.iterdir()]) > len(paths)
        work()  # the same command again
        assert digests() == new
        assert len([*folder.iterdir()]) == len(paths)
        assert {row.outcome for row in restore(log)} <= {"restored", "same"}
        assert digests() == old
        log.unlink(missing_ok=True)
    assert moment > 40
    assert strays > 5
    assert mixed > 5
    assert [path.read_bytes() for path in paths] != originals  # the last one was not killed
    assert [packets_and_samples(path) for path in paths] == audio


def test_a_path_too_long_for_windows_is_tagged_and_undone(make_file, tmp_path, monkeypatch):
    song, log = make_file("mp3"), tmp_path / "log.jsonl"
    before = song.read_bytes()
    told = str(tmp_path / "too long" / song.name)
    # As the system does: the file is found by the longer form alone.
    monkeypatch.setattr(system, "reachable", lambda path: path.replace("/too long", ""))
    monkeypatch.setattr("melonnx.infer.tags.log.reachable", system.reachable)
    monkeypatch.setattr("melonnx.infer.tags.log.spelt_short", lambda path: told)
    assert outcome(told, answer("metal"), log) == "tagged"
    assert read_genres(song) == ["Metal"]
    assert [(row.path, row.outcome) for row in restore(log)] == [(told, "restored")]
    assert song.read_bytes() == before


def test_paths_may_be_of_any_letters(make_file, tmp_path):
    path = make_file("mp3").rename(tmp_path / "Ö\n流 #1.mp3")
    assert outcome(path, answer("metal"), tmp_path / "log") == "tagged"
    if os.name == "posix":
        odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.mp3"))
        path.rename(odd)
        assert outcome(odd, answer("rock"), tmp_path / "log", overwrite=True) == "tagged"
        assert [row.outcome for row in restore(tmp_path / "log")] == ["restored", "failed"]
