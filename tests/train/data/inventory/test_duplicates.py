"""Copies are found across codecs, levels and rates; different songs are not copies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from melonnx.train.data.inventory.duplicates import (
    Decoded,
    decode_song,
    find_duplicates,
    fingerprint,
)
from tests.conftest import encode, make_song

CD = 44100
STEREO = make_song(30, CD, 2, seed=1)


def decoded(path, data):
    path.write_bytes(data)
    _, result = decode_song(path)
    assert isinstance(result, Decoded)
    return path, result


@pytest.mark.parametrize(
    ("rate", "format_", "subtype", "how"),
    [
        (CD, "MP3", "MPEG_LAYER_III", {"bitrate_mode": "CONSTANT", "compression_level": 0.6}),
        (CD, "MP3", "MPEG_LAYER_III", {}),
        (CD, "OGG", "VORBIS", {}),
        (CD, "FLAC", "PCM_24", {}),
    ],
)
def test_a_copy_in_another_codec_is_the_same_recording(tmp_path, rate, format_, subtype, how):
    original = decoded(tmp_path / "a.wav", encode(STEREO, CD, "WAV", "PCM_16"))
    copy = decoded(tmp_path / "b", encode(STEREO * 0.5, rate, format_, subtype, **how))
    other = decoded(tmp_path / "c.wav", encode(make_song(30, CD, 2, seed=2), CD, "WAV", "PCM_16"))
    same_audio, same_recording = find_duplicates(dict([other, copy, original]))
    assert same_audio == []
    assert same_recording == [[original[0], copy[0]]]


def test_a_copy_at_another_rate_that_starts_late_is_the_same_recording(tmp_path):
    original = decoded(tmp_path / "a.wav", encode(STEREO, CD, "WAV", "PCM_16"))
    late = np.concatenate((np.zeros((CD // 20, 2), np.float32), STEREO))[::2]
    copy = decoded(tmp_path / "b.wav", encode(late, CD // 2, "WAV", "PCM_16"))
    assert find_duplicates(dict([original, copy]))[1] == [[original[0], copy[0]]]


def test_the_same_samples_in_another_file_are_the_same_audio(tmp_path):
    mono = (make_song(12, seed=3) * 32000).astype(np.int16)
    files = dict(
        [
            decoded(tmp_path / "a.wav", encode(mono, 22050, "WAV", "PCM_16")),
            decoded(tmp_path / "b.flac", encode(mono, 22050, "FLAC", "PCM_16")),
            decoded(tmp_path / "c.mp3", encode(mono, 22050, "MP3", "MPEG_LAYER_III")),
        ]
    )
    a, b, c = files
    assert find_duplicates(files) == ([[a, b]], [[a, c]])


def test_songs_of_one_making_are_different(tmp_path):
    songs = dict(
        decoded(tmp_path / f"{seed}.wav", encode(make_song(12, seed=seed), 22050, "WAV", "PCM_16"))
        for seed in range(8)
    )
    assert find_duplicates(songs) == ([], [])


def test_steady_sounds_are_like_nothing(tmp_path):
    time = np.arange(12 * 22050) / 22050
    hums = dict(
        decoded(tmp_path / f"{hertz}.wav", encode(np.sin(time * hertz * 6.28) / 2, 22050, "WAV"))
        for hertz in (70, 75, 80)
    )
    rng = np.random.default_rng(0)
    noises = dict(
        decoded(tmp_path / f"noise {n}.wav", encode(rng.normal(0, 0.1, len(time)), 22050, "WAV"))
        for n in range(3)
    )
    assert find_duplicates(hums | noises) == ([], [])


def test_what_cannot_be_heard_says_why(tmp_path):
    (tmp_path / "a.mp3").write_text("only words\n" * 99)
    (tmp_path / "b.wav").write_bytes(encode(np.zeros(22050), 22050, "WAV"))
    assert (
        decode_song(tmp_path / "a.mp3")[1] == f"{tmp_path}/a.mp3: is not audio: it looks like text"
    )
    assert decode_song(tmp_path / "b.wav")[1] == f"{tmp_path}/b.wav: is silence, so it has no genre"
    assert decode_song(tmp_path / "gone")[1] == f"{tmp_path}/gone: no such file"


@given(st.integers(1, 200), st.integers(0, 99))
def test_any_length_has_a_fingerprint(frames, seed):
    picture = np.random.default_rng(seed).random((frames, 128), np.float32)
    values = fingerprint(picture)
    assert values.shape == (1024,)
    assert values.dtype == np.float32
    assert np.linalg.norm(values) == pytest.approx(0 if frames == 1 else 1, abs=1e-5)
    np.testing.assert_allclose(fingerprint(picture * 0.5 + 0.1), values, atol=1e-4)


def test_no_songs_have_no_duplicates():
    assert find_duplicates({}) == ([], [])
