"""Parts of Vorbis and Opus are those of the whole, wherever they begin."""

import io
from contextlib import ExitStack

import numpy as np
import pytest
import soundfile

from melonnx.infer.audio.decoders.decoder import DecodeError
from melonnx.infer.audio.decoders.lapped import vorbis_part
from melonnx.infer.audio.decoders.libsndfile import open_plain
from melonnx.infer.audio.ogg import find_links, is_all_celt
from tests.conftest import encode, make_song

RATE = 48000


def places(data):
    decoder = open_plain(io.BytesIO(data), "ogg", len(data), 0.0, ExitStack())
    assert decoder is not None
    assert decoder.places is not None
    return decoder.places


@pytest.mark.parametrize("codec", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("channels", [1, 2])
def test_parts_are_those_of_the_whole_to_the_bit(codec, channels):
    data = encode(make_song(20, RATE, channels), RATE, "OGG", codec)
    whole, _ = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    ours = places(data)
    assert ours.n_samples == len(whole)
    steps = np.arange(0, len(whole) - 2000, 9973 if codec == "OPUS" else 1999).tolist()
    for first in (*steps, 1, 17_999, 18_000, len(whole) - 2000):
        assert np.array_equal(ours.read(first, 2000), whole[first : first + 2000])


def test_plain_seeks_in_vorbis_are_not_to_be_trusted():
    """If this fails, libsndfile was mended, and one reading of a part is enough."""
    data = encode(make_song(20, RATE, 2), RATE, "OGG", "VORBIS")
    whole, _ = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    missed = 0
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        for first in range(50_000, len(whole) - 2000, 499):
            file.seek(first)
            missed += not np.array_equal(file.read(2000, "float32"), whole[first:][:2000])
    assert missed


def test_a_part_that_two_readings_do_not_agree_on_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(DecodeError, match="agree"):
        vorbis_part(lambda first, n: rng.random((n, 2), np.float32), 99_000, 50_000, 3000)


def test_a_last_page_that_cannot_be_is_refused_before_memory_is_asked_for():
    with pytest.raises(DecodeError, match="last page"):
        vorbis_part(lambda first, n: np.zeros((n, 2), np.float32), -(1 << 50), 1 << 45, 3000)


def test_one_wrong_reading_is_outvoted():
    song = make_song(3, RATE, 2)
    asked = []

    def part(first, n_samples):
        asked.append(first)
        first += 448 * (len(asked) == 1)
        return song[first : first + n_samples]

    assert np.array_equal(vorbis_part(part, 99_000, 60_000, 3000), song[60_000:63_000])


def test_silence_proves_no_place():
    with pytest.raises(DecodeError, match="silence"):
        vorbis_part(lambda first, n: np.zeros((n, 1), np.float32), 99_000, 50_000, 3000)


@pytest.mark.parametrize(("quality", "celt"), [(1.0, False), (0.0, True)])
def test_silk_is_told(quality, celt):
    data = encode(make_song(5, 24000), 24000, "OGG", "OPUS", compression_level=quality)
    file = io.BytesIO(data)
    (link,) = find_links(file, len(data))
    assert is_all_celt(file, link) == celt
