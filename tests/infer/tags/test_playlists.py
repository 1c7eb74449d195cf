"""Playlists lead to their songs, in every kind, and back."""

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from melonnx.infer.library.playlist import read_playlist
from melonnx.infer.prediction import Prediction
from melonnx.infer.tags.playlists import FORMATS, write_playlists


@pytest.fixture
def music(tmp_path):
    """Three songs, two of one name."""
    paths = [tmp_path / "music" / name for name in ("a/song.mp3", "b/song.mp3", "b/Ö #1.flac")]
    for number, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"audio %d" % number)
    return paths


def heard(path, **facts):
    return Prediction(str(path), label="metal", duration_s=30.2, **facts)


def playlists(songs, folder, kind="m3u8", *, write=True):
    return list(write_playlists(songs, folder, kind, write=write))


def test_playlists_name_songs_from_where_they_lie(music, tmp_path):
    out = tmp_path / "lists"
    songs = [(heard(music[0]), "metal"), (heard(music[2]), "pop"), (heard(music[1]), "metal")]
    shown = playlists(songs, out, write=False)
    assert not out.exists()
    done = playlists(songs, out)
    assert [(row.path, row.songs) for row in shown] == [("metal.m3u8", 2), ("pop.m3u8", 1)]
    assert [row.outcome for row in done] == ["placed"] * 2
    text = (out / "metal.m3u8").read_text("utf-8")
    assert text == (
        "#EXTM3U\n#EXTINF:30,song\n../music/a/song.mp3\n#EXTINF:30,song\n../music/b/song.mp3\n"
    )
    for line in (out / "pop.m3u8").read_text("utf-8").splitlines()[2::2]:
        assert (out / line).samefile(music[2])
    assert [row.outcome for row in playlists(songs, out)] == ["same"] * 2


def test_another_list_of_the_name_is_numbered(music, tmp_path):
    (tmp_path / "metal.m3u8").write_text("mine")
    (row,) = playlists([(heard(music[0]), "metal")], tmp_path)
    assert row.target.endswith("metal (2).m3u8")
    assert (tmp_path / "metal.m3u8").read_text() == "mine"
    assert (tmp_path / "metal (2).m3u8").stat().st_mode & 0o777 == 0o666 & ~umask()


def umask():
    old = os.umask(0)
    os.umask(old)
    return old


def test_names_that_a_playlist_cannot_hold_fail_and_odd_ones_do_not(tmp_path):
    songs = [
        (heard(tmp_path / name), "metal") for name in ("two\nlines.mp3", "#1.mp3", "\udcff.mp3")
    ]
    for song, _ in songs:
        Path(song.path).touch()
    failed, row = playlists(songs, tmp_path)
    assert "two lines" in failed.error
    assert row.songs == 2
    lines = (tmp_path / "metal.m3u8").read_bytes().splitlines()
    assert lines[2] == b"./#1.mp3"
    assert lines[4] == b"\xff.mp3"


@pytest.mark.parametrize("kind", ["m3u8", "pls", "xspf"])
def test_every_kind_is_read_back_as_the_same_songs(tmp_path, kind):
    names = ["a.mp3", "100%25 R&B <1>.mp3", "Ö #1.flac", "\udcff.mp3", "  spaces .mp3"]
    names += ["two\nlines.mp3"] if kind == "xspf" else []
    paths = [tmp_path / "music" / name for name in names]
    paths[0].parent.mkdir()
    for path in paths:
        path.touch()
    (row,) = playlists([(heard(path), "R&B") for path in paths], tmp_path / "lists", kind)
    assert (row.outcome, row.songs, row.path) == ("placed", len(paths), f"R&B.{kind}")
    found = read_playlist(tmp_path / "lists" / row.path)
    assert [os.path.realpath(name) for name in found] == [str(path) for path in paths]


def test_xspf_is_xml_with_what_its_players_read(music, tmp_path):
    playlists([(heard(music[2]), "R&B\x01")], tmp_path, "xspf")
    space = "{http://xspf.org/ns/0/}"
    root = ElementTree.parse(tmp_path / "R&B_.xspf").getroot()
    track = root.find(f"{space}trackList/{space}track")
    assert [(part.tag.removeprefix(space), part.text) for part in track] == [
        ("location", "music/b/%C3%96%20%231.flac"), ("title", "Ö #1"), ("duration", "30200"),
    ]  # fmt: skip


def test_a_smart_playlist_asks_for_the_genre(music, tmp_path):
    playlists([(heard(path), "Hip-Hop") for path in music], tmp_path, "nsp")
    rules = json.loads((tmp_path / "Hip-Hop.nsp").read_text("utf-8"))
    assert (rules["name"], rules["all"]) == ("Hip-Hop", [{"is": {"genre": "Hip-Hop"}}])


@pytest.mark.parametrize("kind", FORMATS)
def test_songs_that_are_not_there_are_rows_and_in_no_list(music, tmp_path, kind):
    songs = [(heard(tmp_path / "gone.mp3"), "metal"), (heard(music[0]), "metal")]
    songs += [(heard("s3://bucket/a.mp3"), "metal")]
    failed, row = playlists(songs, tmp_path, kind)
    assert failed.error == f"{tmp_path / 'gone.mp3'}: is not there"
    assert row.songs == 2
    text = (tmp_path / f"metal.{kind}").read_text()
    assert "gone" not in text
    assert ("s3://bucket/a.mp3" in text) == (kind != "nsp")


def test_where_no_song_is_there_nothing_is_made(tmp_path):
    (row,) = playlists([(heard(tmp_path / "gone.mp3"), "metal")], tmp_path / "out")
    assert row.outcome == "failed"
    assert not (tmp_path / "out").exists()
