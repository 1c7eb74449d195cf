"""Folders are searched, and a bad file is a row among good ones."""

import io
import os
from pathlib import Path

import numpy as np
import pytest

from melonnx.infer import Predictor
from melonnx.infer.errors import NoMusicError
from melonnx.infer.library.find import AUDIO_SUFFIXES, classify_files, expand, find_music
from tests.conftest import RATE, encode, make_song

EMPTY = "empty: is a folder without music; --recursive looks in its subfolders too"


@pytest.fixture
def folder(tmp_path):
    song = encode(make_song(11), RATE, "WAV", "PCM_16")
    (tmp_path / "deep").mkdir()
    (tmp_path / "empty").mkdir()
    for name in ("b.wav", "A.WAV", "deep/c.wav", "._b.wav", "cover.jpg"):
        (tmp_path / name).write_bytes(song)
    return tmp_path


def test_find_music_is_sorted_and_leaves_out_what_is_no_song(folder):
    assert [path.name for path in find_music(folder)] == ["A.WAV", "b.wav"]
    assert [path.name for path in find_music(folder, recursive=True)] == ["A.WAV", "b.wav", "c.wav"]


def test_folder_without_music_says_where_to_look(folder):
    with pytest.raises(NoMusicError, match=r"without music; --recursive"):
        find_music(folder / "empty")


@pytest.fixture
def nobody(folder, monkeypatch):
    """Be a user who may be locked out, in ``folder``: root may open anything."""
    folder.chmod(0o755)
    monkeypatch.chdir(folder)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    yield
    if is_root:
        os.seteuid(0)


@pytest.fixture
def locked(folder):
    (folder / "locked").mkdir()
    (folder / "locked" / "d.wav").touch()
    (folder / "link.wav").symlink_to("locked/d.wav")
    (folder / "nowhere.wav").symlink_to("gone.wav")
    (folder / "locked").chmod(0)
    yield
    (folder / "locked").chmod(0o755)


def told(paths, *, recursive=False):
    return [
        getattr(item, "error", None) or str(item) for item in expand(paths, recursive=recursive)
    ]


@pytest.mark.usefixtures("locked", "nobody")
def test_what_is_locked_costs_only_itself_and_is_told():
    assert told(["locked/d.wav", "b.wav"]) == ["locked/d.wav", "b.wav"]
    assert told(["."]) == ["A.WAV", "b.wav", "link.wav"]
    refused = "locked: cannot be listed (Permission denied)"
    assert told(["locked"]) == told(["locked"], recursive=True) == [refused]
    assert told(["."], recursive=True) == [
        "A.WAV",
        "b.wav",
        "deep/c.wav",
        "link.wav",
        f"./{refused}",
    ]
    with pytest.raises(NoMusicError, match=r"^locked: cannot be listed \(Permission denied\)$"):
        find_music(Path("locked"), recursive=True)


def test_globs_that_no_shell_has_expanded_find_music(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "[1].wav").write_bytes(b"")
    assert told(["*"]) == ["A.WAV", "[1].wav", "b.wav", "deep/c.wav", EMPTY]
    assert told(["**/c.*", "co*.jpg"]) == ["deep/c.wav", "cover.jpg"]
    assert told(["[1].wav"]) == ["[1].wav"]
    assert told(["*.xyz"]) == ["*.xyz: no file is called so"]


def test_playlists_and_stdin_are_replaced_by_what_they_name(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "list.M3U").write_text("#EXTM3U\nb.wav\ndeep\ngone.wav\nhttp://radio/live\n")
    radio = "http://radio/live: is on the web; only files can be heard: download it first"
    assert told(["list.M3U"]) == ["b.wav", "deep/c.wav", "gone.wav", radio]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"b.wav\0deep\0")))
    assert told(["-"]) == ["b.wav", "deep/c.wav"]
    assert told(["gone.m3u"]) == ["gone.m3u: cannot be read (No such file or directory)"]


def test_paths_that_cannot_be_cost_only_themselves(folder, tiny_model):
    endless = "a" * 300
    paths = [endless, "", folder / "b.wav"]
    rows = list(classify_files(Predictor(tiny_model), expand(paths)))
    assert [row.error for row in rows] == [
        f"{endless}: cannot be opened (File name too long)",
        "an empty path names no file",
        None,
    ]


def test_each_bad_file_is_a_row_and_the_others_are_answered(folder, tiny_model):
    bad = {
        "text.mp3": b"no music " * 99,
        "empty.mp3": b"",
        "silent.wav": encode(np.zeros((11 * RATE, 1)), RATE, "WAV", "PCM_16"),
        "nan.wav": encode(np.full((RATE, 1), np.nan, np.float32), RATE, "WAV", "FLOAT"),
        "one.wav": encode(np.ones((1, 1)), RATE, "WAV", "PCM_16"),
        "song.m4a": b"\0\0\0\x20ftypM4A \0\0\0\0" + bytes(999),
    }
    for name, data in bad.items():
        (folder / name).write_bytes(data)
    paths = [folder, *(folder / name for name in bad), folder / "gone.mp3", folder / "empty"]
    rows = list(classify_files(Predictor(tiny_model), expand(paths)))
    status = {row.path.rpartition("/")[2]: row.status for row in rows}
    assert status == {
        "A.WAV": "ok",
        "b.wav": "ok",
        "text.mp3": "unreadable",
        "empty.mp3": "empty",
        "silent.wav": "silent",
        "nan.wav": "invalid_samples",
        "one.wav": "empty",
        "song.m4a": "unreadable",
        "gone.mp3": "no_music",
        "empty": "no_music",
    }
    for row in rows:
        assert row.ok == (row.error is None)
        assert row.error is None or row.error.startswith(row.path)


def test_folders_behind_links_are_searched_once_each(tmp_path, monkeypatch):
    """~/Music is often a folder of links to other disks."""
    music, disk = tmp_path / "music", tmp_path / "disk"
    for place in (music / "a", disk / "b"):
        place.mkdir(parents=True)
        (place / "song.wav").touch()
    (music / "far").symlink_to(disk)
    (music / "also far").symlink_to(disk / "b")
    (music / "again").symlink_to(music / "a")
    (disk / "loop").symlink_to(music)
    (disk / "itself").symlink_to("itself")
    monkeypatch.chdir(tmp_path)
    songs = list(expand(["music"], recursive=True))
    assert songs == ["music/a/song.wav", "music/also far/song.wav"]
    assert list(expand(["music/far"], recursive=True)) == [
        "music/far/b/song.wav",
        "music/far/loop/a/song.wav",
    ]


def test_bins_previews_and_hidden_folders_are_never_entered(tmp_path, monkeypatch):
    kept = ["#recycle", "$RECYCLE.BIN", "@eaDir", "__MACOSX", "lost+found"]
    hidden = [".AppleDouble", ".Trash-1000", ".Trashes", ".stversions"]
    for place in (*kept, *hidden, "album/@eaDir/deep", "album", "#1 hits", "@home"):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / place / "song.mp3").touch()
    monkeypatch.chdir(tmp_path)
    songs = ["#1 hits/song.mp3", "@home/song.mp3", "album/song.mp3"]
    assert list(expand(["."], recursive=True)) == songs
    assert [str(path) for path in find_music(Path(), recursive=True)] == songs
    assert told(["*", "**/deep"], recursive=True) == [*songs, "**/deep: no file is called so"]
    # A shell writes out its "*" itself; what is hidden it leaves out, the others it does not.
    for name in kept:
        assert told([name], recursive=True) == [
            f"{name}: is a folder of the system, passed over; name files in it"
        ]
        assert told([f"{name}/song.mp3"]) == [f"{name}/song.mp3"]
    assert told([".stversions", ".Trashes/*.mp3"]) == [
        ".stversions/song.mp3",
        ".Trashes/song.mp3",
    ]


def test_videos_are_heard_where_they_are_asked_for(tmp_path, monkeypatch):
    for name in ("song.mka", "book.m4b", "rip.wv", "film.mkv", "clip.mov", "talk.avi"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    assert list(expand(["."])) == ["book.m4b", "rip.wv", "song.mka"]
    assert list(expand(["*.mkv", "clip.mov"])) == ["film.mkv", "clip.mov"]


def test_the_list_of_suffixes_is_in_the_docs():
    docs = (Path(__file__).parents[3] / "docs" / "library.md").read_text("utf-8")
    listed = docs.partition("searched for these suffixes")[2].partition(": ")[2].partition(".")[0]
    assert {f".{name.strip()}" for name in listed.split(",")} == AUDIO_SUFFIXES
