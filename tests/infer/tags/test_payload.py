"""The digest is of the audio, the whole audio and nothing but the audio."""

import mutagen
import pytest

from melonnx.infer.tags.payload import audio_digest, tag_container
from tests.infer.conftest import KINDS

CONTAINERS = dict(zip(KINDS, ("mpeg", "flac", "ogg", "ogg", "mp4", "riff", "aiff"), strict=True))


def digest(path):
    with path.open("rb") as file:
        kind = tag_container(file)
        return kind, audio_digest(file, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_tags_are_no_part_of_it(make_file, kind):
    path = make_file(kind)
    before = digest(path)
    assert before[0] == CONTAINERS[kind]
    song = mutagen.File(path, easy=kind in {"mp3", "m4a"})
    if song.tags is None:
        song.add_tags()
    if kind in {"wav", "aiff"}:
        song.tags.add(mutagen.id3.TIT2(text="t" * 9000))
    else:
        song["title"] = "t" * 90_000
    song.save()
    assert digest(path) == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_every_bit_of_audio_is_part_of_it(make_file, kind, part):
    path = make_file(kind)
    before = digest(path)
    data = bytearray(path.read_bytes())
    end = data.index(b"moov") if kind == "m4a" else len(data)
    data[int(end * part)] ^= 1
    path.write_bytes(data)
    assert digest(path)[1] != before[1]


def test_lost_audio_is_not_the_same_audio(make_file):
    path = make_file("mp3")
    before = digest(path)
    path.write_bytes(path.read_bytes()[:-1])
    assert digest(path) != before
