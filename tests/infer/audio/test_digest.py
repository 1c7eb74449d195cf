"""A song is known again by its audio, whatever it is called and however it is tagged."""

import os

import pytest

from melonnx.infer.audio.digest import audio_digest
from melonnx.infer.tags.fields import Style, write_genres
from tests.conftest import encode, make_song
from tests.infer.conftest import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_tags_do_not_change_it(make_file, kind, tmp_path):
    path = make_file(kind)
    before = audio_digest(str(path))
    assert before is not None
    write_genres(path, ["Metal"])
    assert audio_digest(str(path)) == before
    write_genres(path, ["Metal " * 20_000], Style("; ", kind == "mp3"))  # over several Ogg pages
    assert audio_digest(str(path)) == before
    moved = path.rename(tmp_path / "other name.bin")
    assert audio_digest(str(moved)) == before


def test_tags_behind_an_mp3_do_not_change_it(make_file):
    mutagen = pytest.importorskip("mutagen.apev2")
    path = make_file("mp3")
    before = audio_digest(str(path))
    path.write_bytes(path.read_bytes() + b"TAG" + bytes(125))
    assert audio_digest(str(path)) == before
    tags = mutagen.APEv2()
    tags["Genre"] = "Rock"
    tags.save(str(path))
    assert audio_digest(str(path)) == before


@pytest.mark.parametrize("kind", KINDS)
def test_other_audio_has_another(encoded, tmp_path, kind):
    data = encoded[kind]
    whole, cut, changed = (tmp_path / name for name in ("whole", "cut", "changed"))
    whole.write_bytes(data)
    cut.write_bytes(data[:-5000])
    at = len(data) * 4 // 7  # within one of the blocks
    changed.write_bytes(data[: at - 9000] + bytes(data[at - 9000 : at])[::-1] + data[at:])
    digests = {audio_digest(str(path)) for path in (whole, cut, changed)}
    assert len(digests) == 3


def test_what_tells_too_little_has_none(tmp_path):
    silence = make_song(4) * 0
    silence[:4000] = 0.5 * make_song(1)[:4000]
    path = tmp_path / "stem.wav"
    path.write_bytes(encode(silence, 22050, "WAV"))
    assert audio_digest(str(path)) is None
    (tmp_path / "empty.mp3").touch()
    for name in ("empty.mp3", "gone.mp3", "a\0b"):
        assert audio_digest(str(tmp_path / name)) is None
    assert audio_digest("s3://bucket/song.mp3") is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("left", [0, 3, 11, 30, 80, 300])
def test_damage_is_no_error(encoded, tmp_path, kind, left):
    path = tmp_path / "cut"
    path.write_bytes(encoded[kind][:left])
    assert audio_digest(str(path)) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a system with pipes that have names")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "fifo.mp3")
    assert audio_digest(str(tmp_path / "fifo.mp3")) is None
    assert audio_digest(f"{tmp_path}/a\0b.mp3") is None
