"""Songs are sorted; what is there is never touched."""

import errno
import os
from pathlib import Path

import pytest

from melonnx.infer import system
from melonnx.infer.tags import organize
from melonnx.infer.tags.organize import folder_name, place_songs


@pytest.fixture
def music(tmp_path):
    """Three songs, two of one name."""
    paths = [tmp_path / "music" / name for name in ("a/song.mp3", "b/song.mp3", "b/Ö #1.flac")]
    for number, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"audio %d" % number)
    return paths


def tree(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def place(paths, folder, how="copy", genre="metal", *, write=True):
    return list(place_songs([(path, genre) for path in paths], folder, how, write=write))


@pytest.mark.parametrize("how", ["copy", "link"])
def test_songs_go_to_their_genre_once_and_taken_names_are_numbered(music, tmp_path, how):
    out = tmp_path / "out"
    shown = place(music, out, how, write=False)
    assert not out.exists()
    done = place(music, out, how)
    expected = {
        "metal/song.mp3": b"audio 0",
        "metal/song (2).mp3": b"audio 1",
        "metal/Ö #1.flac": b"audio 2",
    }
    assert tree(out) == expected
    assert [row.target for row in shown] == [row.target for row in done]
    assert [row.outcome for row in shown + done] == ["place"] * 3 + ["placed"] * 3
    assert [row.outcome for row in place(music, out, how)] == ["same"] * 3
    assert tree(out) == expected
    assert (out / "metal/song.mp3").samefile(music[0]) == (how == "link")
    assert tree(tmp_path / "music").keys() == {"a/song.mp3", "b/song.mp3", "b/Ö #1.flac"}


@pytest.mark.parametrize("how", ["copy", "link"])
def test_paths_too_long_for_windows_are_reached(music, tmp_path, how, monkeypatch):
    far = tmp_path / "too long"
    # As the system does: files and folders are found by the longer form alone.
    monkeypatch.setattr(system, "reachable", lambda path: path.replace("/too long", ""))
    monkeypatch.setattr(organize, "reachable", system.reachable)
    songs = [far / path.relative_to(tmp_path) for path in music]
    rows = place(songs, far / "out", how)
    assert [row.target for row in rows][:2] == [
        f"{far}/out/metal/{name}" for name in ("song.mp3", "song (2).mp3")
    ]
    assert [row.outcome for row in rows] == ["placed"] * 3
    assert {row.outcome for row in place(songs, far / "out", how)} == {"same"}
    assert sorted(tree(tmp_path / "out").values()) == [b"audio 0", b"audio 1", b"audio 2"]
    assert not far.exists()


@pytest.mark.parametrize("how", ["copy", "link"])
def test_what_is_there_is_never_overwritten(music, tmp_path, how):
    out = tmp_path / "out"
    (out / "metal").mkdir(parents=True)
    (out / "metal" / "song.mp3").write_bytes(b"of somebody else")
    (out / "metal" / "song (2).mp3").symlink_to(tmp_path / "nowhere")
    (row,) = place(music[:1], out, how)
    assert row.target == str(out / "metal" / "song (3).mp3")
    assert (out / "metal" / "song.mp3").read_bytes() == b"of somebody else"
    assert not (tmp_path / "nowhere").exists()


def test_names_that_differ_in_case_only_are_one_on_some_disks(music, tmp_path):
    other = music[0].with_name("SONG.mp3")
    other.write_bytes(b"another")
    rows = place([music[0], other], tmp_path / "out")
    assert rows[1].target.endswith("SONG (2).mp3")


def test_copies_within_the_music_are_not_copied_again(music, tmp_path):
    folder = tmp_path / "music"
    place(music, folder)
    before = tree(folder)
    everything = sorted(path for path in folder.rglob("*") if path.is_file())
    assert {row.outcome for row in place(everything, folder)} == {"same"}
    assert tree(folder) == before


def test_a_copy_has_the_time_and_mode_of_the_song(music, tmp_path):
    os.utime(music[0], ns=(1, 2_000_000_000))
    music[0].chmod(0o444)
    place(music[:1], tmp_path / "out")
    copy = tmp_path / "out/metal/song.mp3"
    assert (copy.stat().st_mtime_ns, copy.stat().st_mode & 0o777) == (2_000_000_000, 0o444)


def test_a_link_leads_to_the_file_not_to_a_link(music, tmp_path):
    link = tmp_path / "link.mp3"
    link.symlink_to(music[0])
    place([link], tmp_path / "out", "link")
    target = tmp_path / "out/metal/link.mp3"
    assert not target.is_symlink()
    assert target.samefile(music[0])


def test_another_disk_is_a_row_that_says_what_to_do(music, tmp_path, monkeypatch):
    def other_disk(self, target):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr("pathlib.Path.hardlink_to", other_disk)
    rows = place([*music, tmp_path / "gone.mp3"], tmp_path / "out", "link")
    assert all("use --copy" in row.error for row in rows[:3])
    assert "No such file" in rows[3].error


@pytest.mark.parametrize(
    ("genre", "name"),
    [
        ("metal", "metal"),
        ("Rock > Punk", "Rock _ Punk"),
        ("../up", "_up"),
        ("a/b", "a_b"),
        ("", "_"),
    ],
)
def test_genres_are_names_that_every_disk_takes(genre, name):
    assert folder_name(genre) == name


def test_paths_that_lead_nowhere_are_rows(tmp_path):
    loop = tmp_path / "loop.mp3"
    loop.symlink_to(loop)
    rows = place([loop, Path("a\0b.mp3"), tmp_path / "gone.mp3"], tmp_path / "out")
    assert [row.outcome for row in rows] == ["failed"] * 3
    assert all(row.error.startswith(row.path) for row in rows)


def test_a_new_file_is_on_disk_before_it_has_its_name(music, tmp_path, monkeypatch):
    """By a descriptor that can be written to: Windows brings no other to disk."""
    monkeypatch.setattr("os.fsync", lambda handle: os.write(handle, b""))
    assert [row.outcome for row in place(music, tmp_path / "out")] == ["placed"] * 3
