"""Playlists of many programs, and lists on stdin, name the files that are there."""

import os

import pytest

from melonnx.infer.library.playlist import read_list, read_playlist


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in (b"a.mp3", b"sub/b c.mp3", b"caf\xe9.mp3", "naïve.mp3".encode(), b"100%25.mp3"):
        (tmp_path / os.fsdecode(name)).touch()
    return tmp_path


def named(folder, data, name="list.m3u"):
    (folder / name).write_bytes(data)
    return [path.removeprefix(f"{folder}/") for path in read_playlist(folder / name)]


def test_entries_are_relative_to_the_playlist_and_comments_are_left_out(folder):
    data = b"#EXTM3U\r\n#EXTINF:12,Somebody\r\na.mp3\r\n\r\n  sub/b c.mp3  \r\n/else/where.mp3\r\n"
    assert named(folder, data) == ["a.mp3", "sub/b c.mp3", "/else/where.mp3"]


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        (b"\xef\xbb\xbfa.mp3", "a.mp3"),
        ("a.mp3\n".encode("utf-16"), "a.mp3"),
        (b"sub\\b c.mp3", "sub/b c.mp3"),
        (b"sub/b%20c.mp3", "sub/b c.mp3"),
        (b"100%25.mp3", "100%25.mp3"),
        ("naïve.mp3".encode(), "naïve.mp3"),
        ("naïve.mp3".encode("cp1252"), "naïve.mp3"),
        (b"caf\xe9.mp3", "caf\udce9.mp3"),
        (b"gone.mp3", "gone.mp3"),
        (b"http://radio/live.mp3", "http://radio/live.mp3"),
    ],
)
def test_an_entry_is_read_as_what_exists(folder, entry, path):
    assert named(folder, entry) == [path]


def test_file_urls_are_paths(folder):
    for start in (f"file://{folder}", f"file://localhost{folder}", f"file:{folder}"):
        assert named(folder, f"{start}/sub/b%20c.mp3".encode()) == ["sub/b c.mp3"]


def test_a_list_is_lines_or_ends_in_nul():
    assert read_list(b"a.mp3\nb c.mp3\r\n\ncaf\xe9.mp3") == ["a.mp3", "b c.mp3", "caf\udce9.mp3"]
    assert read_list(b"a\nb.mp3\0c.mp3\0") == ["a\nb.mp3", "c.mp3"]
    assert read_list(b"") == []


@pytest.mark.parametrize("entry", [b"file://[x", b"file://", b"file:", b"file:///%00.mp3"])
def test_a_url_that_is_none_names_what_is_not_there(folder, entry):
    (path,) = named(folder, entry)
    assert not os.path.lexists(path)


def test_a_url_may_have_signs_that_it_should_have_escaped(folder):
    for name in ("Symphony #1?.mp3", "50% off.mp3"):
        (folder / name).touch()
        assert named(folder, f"file://{folder}/{name}".encode()) == [name]
