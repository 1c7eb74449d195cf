"""Raw PCM is samples in blocks; what is an audio file is none."""

import io

import numpy as np
import pytest

from melonnx.infer.audio.pcm import read_pcm
from melonnx.infer.errors import EmptyAudioError, UnreadableAudioError
from tests.conftest import RATE, encode, make_song


def read(data, channels=1, encoding="s16le"):
    return list(read_pcm(io.BytesIO(data), 1000, channels, encoding, "<stdin>"))


@pytest.mark.parametrize(("encoding", "dtype"), [("s16le", "<i2"), ("f32le", "<f4")])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_samples_come_back_in_blocks_of_a_tenth_of_a_second(encoding, dtype, channels):
    samples = np.arange(250 * channels).astype(dtype).reshape(250, channels)
    blocks = read(samples.tobytes(), channels, encoding)
    assert [len(block) for block in blocks] == [100, 100, 50]
    np.testing.assert_array_equal(np.concatenate(blocks), samples)


def test_half_a_sample_at_the_end_is_left_out():
    (block,) = read(b"\1\0\2\0\3\0\4", channels=2)
    np.testing.assert_array_equal(block, [[1, 2]])


@pytest.mark.parametrize("data", [b"", b"\1"])
def test_nothing_is_an_error(data):
    with pytest.raises(EmptyAudioError, match="<stdin>: holds no samples"):
        read(data)


@pytest.mark.parametrize(
    ("format_", "prefix"),
    [
        ("WAV", b""), ("FLAC", b""), ("OGG", b""), ("AIFF", b""), ("MP3", b""),
        ("MP3", b"ID3\4\0\0\0\0\0\0"),
    ],
)  # fmt: skip
def test_a_file_is_refused(format_, prefix):
    data = prefix + encode(make_song(12), RATE, format_)
    with pytest.raises(UnreadableAudioError, match="is an audio file, not raw PCM"):
        list(read_pcm(io.BytesIO(data), 44100, 2, "s16le", "<stdin>"))


@pytest.mark.parametrize("seed", range(40))
def test_samples_are_not_taken_for_a_file(seed):
    rng = np.random.default_rng(seed)
    quiet = rng.integers(-3, 3, 20_000).astype("<i2")
    quiet[0] = -3585  # FF F1: AAC's first two bytes
    loud = rng.integers(-32768, 32767, 20_000).astype("<i2")
    for samples in (quiet, loud):
        assert sum(map(len, read(samples.tobytes()))) == 20_000
