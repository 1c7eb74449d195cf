"""The rest of a file is a file of its own."""

import io
import os
import zipfile

import numpy as np
import pytest

from melonnx.infer.audio.joined import Joined, from_byte
from melonnx.infer.audio.reader import load_audio
from tests.conftest import encode, make_song

DATA = bytes(range(256)) * 4


@pytest.fixture(params=["file", "memory", "stream"])
def rest(request, tmp_path):
    """From byte 100 on."""
    if request.param == "memory":
        yield from_byte(io.BytesIO(DATA), 100)
        return
    path = tmp_path / "data"
    path.write_bytes(DATA)
    with open(path, "rb", buffering=0 if request.param == "stream" else -1) as file:
        yield from_byte(file, 100)


def test_it_begins_and_ends_where_the_rest_does(rest):
    assert rest.tell() == 0
    assert rest.read(3) == DATA[100:103]
    assert rest.tell() == 3
    assert rest.seek(-2, os.SEEK_END) == len(DATA) - 102
    buffer = bytearray(5)
    assert rest.readinto(buffer) == 2
    assert bytes(buffer[:2]) == DATA[-2:]
    assert rest.seek(10) == rest.seek(0, os.SEEK_CUR) == 10
    assert rest.read() == DATA[110:]


def test_nothing_lies_before_it(rest):
    for offset, whence in ((-1, os.SEEK_SET), (-925, os.SEEK_END), (-1, os.SEEK_CUR)):
        rest.seek(0)
        with pytest.raises(ValueError, match="before the start"):
            rest.seek(offset, whence)


def test_a_view_of_it_has_its_bytes(rest):
    view = Joined(b"abc", rest, 7)
    assert view.read() == b"abc" + DATA[107:]


def test_an_id3_tag_changes_no_sample(tmp_path):
    song = encode(make_song(3, 44100, 2), 44100, "MP3")
    tagged = b"ID3\4\0\0\0\0\2\0" + bytes(256) + song
    path = tmp_path / "song.mp3"
    path.write_bytes(tagged)
    with zipfile.ZipFile(tmp_path / "songs.zip", "w") as file:
        file.writestr("song.mp3", tagged)
    expected = load_audio(song, 16000)
    for source in (path, tagged, zipfile.Path(tmp_path / "songs.zip", "song.mp3")):
        assert np.array_equal(load_audio(source, 16000), expected)
