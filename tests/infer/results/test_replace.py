"""A file is the old one or the new one, and what the new one is not its content is the old's."""

import os
import sys
from pathlib import Path

import pytest

from melonnx.infer.errors import TagError
from melonnx.infer.results import replace
from melonnx.infer.results.replace import create, remove_strays, replacing, write_text, writing


def names(folder):
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "song.mp3"
    path.write_bytes(b"old")
    path.chmod(0o640)
    os.utime(path, ns=(1_000_000_000, 2_000_000_000))
    return path


def test_the_copy_takes_the_place_with_mode_and_a_new_time(song):
    with replacing(song) as copy:
        assert copy.parent == song.parent
        assert copy.read_bytes() == b"old"
        copy.write_bytes(b"new")
        assert song.read_bytes() == b"old"
    status = song.stat()
    assert song.read_bytes() == b"new"
    assert status.st_mode & 0o777 == 0o640
    assert status.st_mtime_ns > 10**18
    assert names(song.parent) == {"song.mp3"}


def test_the_time_of_change_is_kept_where_asked_for(song):
    with replacing(song, 2_000_000_000) as copy:
        copy.write_bytes(b"new")
    assert song.stat().st_mtime_ns == 2_000_000_000


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="this system has no extended attributes")
def test_extended_attributes_are_kept(song):
    try:
        os.setxattr(song, "user.rating", b"5")
    except OSError:
        pytest.skip("this disk has no extended attributes")
    with replacing(song) as copy:
        copy.write_bytes(b"new")
    assert os.getxattr(song, "user.rating") == b"5"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_the_owner_is_kept(song):
    os.chown(song, 1234, 4321)
    with replacing(song) as copy:
        copy.write_bytes(b"new")
    assert (song.stat().st_uid, song.stat().st_gid) == (1234, 4321)


def test_an_owner_that_cannot_be_kept_is_an_error(song, monkeypatch):
    def refuse(*_):
        raise PermissionError

    facts = [*song.stat()]
    facts[4] += 1
    made = os.stat_result(facts)
    monkeypatch.setattr(os, "chown", refuse)
    with pytest.raises(TagError, match="somebody else"):
        replace._dress(song, song, made, None)


def test_an_error_leaves_the_old_file_and_no_other(song):
    def fail():
        with replacing(song) as copy:
            copy.write_bytes(b"new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert song.read_bytes() == b"old"
    assert names(song.parent) == {"song.mp3"}


def test_a_file_that_somebody_changed_meanwhile_stays_theirs(song):
    def be_late():
        with replacing(song) as copy:
            copy.write_bytes(b"new")
            song.write_bytes(b"theirs")

    with pytest.raises(TagError, match="meanwhile"):
        be_late()
    assert song.read_bytes() == b"theirs"
    assert names(song.parent) == {"song.mp3"}


def test_a_read_only_file_is_left_alone(song):
    song.chmod(0o444)
    with pytest.raises(TagError, match="read-only"), replacing(song):
        pass
    assert song.read_bytes() == b"old"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has another limit")
def test_a_name_as_long_as_names_can_be(tmp_path):
    song = tmp_path / ("a" * 251 + ".mp3")
    song.write_bytes(b"old")
    with replacing(song) as copy:
        copy.write_bytes(b"new")
    assert song.read_bytes() == b"new"


def test_strays_are_removed_and_nothing_else(song):
    for name in (".melonnx-abc.part", ".melonnx-notes", "my.part"):
        (song.parent / name).write_bytes(b"")
    remove_strays(song.parent)
    assert names(song.parent) == {".melonnx-notes", "my.part", "song.mp3"}
    remove_strays(song.parent / "gone")


@pytest.mark.parametrize("links", [True, False])
def test_a_new_file_takes_nobodys_name(song, monkeypatch, links):
    if not links:

        def refuse(self, target):
            raise PermissionError

        monkeypatch.setattr(Path, "hardlink_to", refuse)
    with pytest.raises(FileExistsError):
        create(song, lambda part: part.write_bytes(b"new"))
    create(song.with_name("other.mp3"), lambda part: part.write_bytes(b"new"))
    assert song.read_bytes() == b"old"
    assert song.with_name("other.mp3").read_bytes() == b"new"
    assert len(names(song.parent)) == 2


def test_our_own_file_takes_the_place_of_the_old_one_when_all_is_written(tmp_path):
    path = tmp_path / "model.onnx"
    for content in (b"first", b"second"):
        with writing(path) as part:
            assert (part.parent, part.suffix) == (tmp_path, ".onnx")
            part.write_bytes(content)
            assert not path.exists() or path.read_bytes() == b"first"
        assert path.read_bytes() == content
    assert names(tmp_path) == {"model.onnx"}


def test_a_block_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")

    def write_half():
        with writing(path) as part:
            part.write_bytes(b"ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == {"model.onnx"}


def test_a_folder_in_the_way_leaves_no_part(tmp_path):
    (tmp_path / "model.onnx").mkdir()
    with pytest.raises(OSError, match=r"model\.onnx"), writing(tmp_path / "model.onnx") as part:
        part.write_bytes(b"new")
    assert names(tmp_path) == {"model.onnx"}


def test_text_keeps_its_line_ends_and_names_that_are_no_text(tmp_path):
    text = "a\r\nb\n" + os.fsdecode(b"\xff.mp3")
    write_text(tmp_path / "list.csv", text)
    assert (tmp_path / "list.csv").read_bytes() == b"a\r\nb\n\xff.mp3"
