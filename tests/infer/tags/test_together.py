"""Which songs are one album's, one artist's or one folder's, by the tags of every container."""

import mutagen
import pytest
from mutagen.id3 import TALB, TPE1, TPE2

from melonnx.infer.tags.together import group_by
from tests.infer.conftest import KINDS

pytest.importorskip("mutagen", reason="needs the tags extra")


def fill(path, **fields):
    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    frames = {"album": TALB, "albumartist": TPE2, "artist": TPE1}
    atoms = {"album": "\xa9alb", "albumartist": "aART", "artist": "\xa9ART"}
    for name, text in fields.items():
        if path.suffix == ".m4a":
            file.tags[atoms[name]] = [text]
        elif path.suffix in (".mp3", ".wav", ".aiff"):
            file.tags.add(frames[name](encoding=3, text=[text]))
        else:
            file.tags[name] = [text]
    file.save()
    return str(path)


def test_an_album_is_one_in_every_container_and_spelling(make_file):
    album, artist = group_by("album"), group_by("artist")
    songs = [
        fill(make_file(kind), album=f"Best{' ' * number}Of", albumartist="Y", artist="Z")
        for number, kind in enumerate(KINDS, 1)
    ]
    assert {album(path) for path in songs} == {("best of", "y")}
    assert {artist(path) for path in songs} == {"z"}


def test_greatest_hits_of_two_folders_are_two_albums(make_file, tmp_path):
    album, folder = group_by("album"), group_by("folder")
    one = fill(make_file("mp3"), album="Greatest Hits")
    (tmp_path / "other").mkdir()
    two = fill(make_file("flac", "other/song"), album="Greatest Hits")
    same = fill(make_file("ogg", "other/song"), album="greatest hits")
    assert album(one) != album(two) == album(same)
    assert folder(one) == str(tmp_path)
    assert folder(two) == folder(same) == str(tmp_path / "other")


def test_what_has_no_tags_or_is_not_there_stands_alone(make_file, tmp_path):
    (tmp_path / "words.mp3").write_text("only words")
    for path in (str(make_file("wav")), str(tmp_path / "words.mp3"), "nowhere.flac"):
        assert group_by("album")(path) is None
        assert group_by("artist")(path) is None
