"""Each distortion does to the sound what it says, and no more."""

import numpy as np
import pytest

from melonnx.train.data.degradations import band_limit, change_speed, distort, limit, through_mp3
from tests.conftest import RATE, make_song

SECONDS = 3


@pytest.fixture(scope="module")
def song():
    return make_song(SECONDS, RATE)[:, 0]


def tone(hz):
    return np.sin(2 * np.pi * hz * np.arange(SECONDS * RATE) / RATE).astype(np.float32)


def pitch(waveform):
    power = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
    return power.argmax() * RATE / len(waveform)


def decibels(waveform, low, high):
    power = np.abs(np.fft.rfft(waveform)) ** 2 / len(waveform) ** 2
    hz = np.fft.rfftfreq(len(waveform), 1 / RATE)
    return 10 * np.log10(power[(hz >= low) & (hz < high)].sum() + 1e-30)


@pytest.mark.parametrize("cut_hz", [5500.0, 8000.0])
def test_a_band_limit_takes_what_is_above_and_leaves_what_is_below(cut_hz):
    noise = np.random.default_rng(0).normal(0, 0.1, SECONDS * RATE).astype(np.float32)
    limited = band_limit(noise, RATE, cut_hz)
    assert limited.dtype == np.float32
    assert abs(len(limited) - len(noise)) <= 4
    above = (cut_hz * 1.02, RATE / 2)
    assert decibels(limited, *above) < decibels(noise, *above) - 60
    below = (100, cut_hz * 0.85)
    assert decibels(limited, *below) == pytest.approx(decibels(noise, *below), abs=0.1)
    assert band_limit(noise, RATE, RATE / 2) is noise


def test_a_limiter_raises_the_quiet_and_bends_the_loud(song):
    loud = limit(song, 12)
    assert 0.99 < np.abs(loud).max() < 1
    quiet = 0.001 * tone(440)
    quiet[0] = 0.5
    factor = 10 ** (12 / 20) / 0.5
    np.testing.assert_allclose(limit(quiet, 12)[1:], quiet[1:] * factor, rtol=0.01)

    def crest(waveform):
        return np.abs(waveform).max() / np.sqrt(np.square(waveform).mean())

    assert crest(limit(song, 12)) < crest(limit(song, 3)) < crest(song)
    np.testing.assert_allclose(limit(song * 0.01, 6), limit(song, 6), atol=1e-5)
    silence = np.zeros(100, np.float32)
    np.testing.assert_array_equal(limit(silence, 12), silence)


@pytest.mark.parametrize("factor", [0.93, 1.07])
def test_speed_changes_length_and_pitch(factor):
    changed = change_speed(tone(1000), factor)
    assert changed.dtype == np.float32
    assert len(changed) == pytest.approx(SECONDS * RATE / factor, abs=4)
    assert pitch(changed) == pytest.approx(1000 * factor, abs=1)


def test_an_mp3_is_nearly_the_same_and_worse_with_fewer_bits(song):
    def lost(compression):
        copy = through_mp3(song, RATE, compression)
        assert copy.dtype == np.float32
        n = min(len(copy), len(song))
        assert n > len(song) - 2000
        shift = np.argmax(np.correlate(copy[: 2 * RATE], song[2000 : RATE + 2000])) - 2000
        assert abs(shift) < 2000
        part = copy[max(0, shift) : n + min(0, shift)]
        other = song[max(0, -shift) :][: len(part)]
        part = part[: len(other)]
        return float(np.square(part - other).mean() / np.square(other).mean())

    fine, poor = lost(0.2), lost(0.85)
    assert 0 < fine < 0.01
    assert 3 * fine < poor < 0.3


def test_an_mp3_does_not_clip_what_is_over_full_scale():
    loud = 4 * tone(440)
    copy = through_mp3(loud, RATE, 0.2)
    assert np.abs(copy).max() == pytest.approx(4, rel=0.05)
    assert decibels(copy, 1000, 9000) < decibels(copy, 400, 500) - 40


def test_a_distorted_copy_is_decided_by_the_random_numbers(song):
    before = song.copy()
    first, same = (distort(song, RATE, np.random.default_rng((1, 5))) for _ in range(2))
    np.testing.assert_array_equal(song, before)
    np.testing.assert_array_equal(first, same)
    copies = [distort(song, RATE, np.random.default_rng((copy, 5))) for copy in range(30)]
    for copy in copies:
        assert copy.dtype == np.float32
        assert copy.ndim == 1
        assert np.isfinite(copy).all()
        assert 0.92 < len(copy) / len(song) < 1.1
    # One in 27 chains is empty: 0.5 × 0.5 × 0.5 × 0.3.
    assert sum(len(c) == len(song) and np.array_equal(c, song) for c in copies) <= 5
    lengths = {len(copy) for copy in copies}
    assert min(lengths) < 0.97 * len(song)
    assert max(lengths) > 1.03 * len(song)
    peaks = sorted(np.abs(copy).max() for copy in copies)
    assert peaks[0] < 0.9 * np.abs(song).max() < peaks[-1]


@pytest.mark.parametrize("n_samples", [512, 2048])
def test_the_shortest_song_that_is_learnt_from_has_copies(n_samples):
    short = tone(440)[:n_samples]
    for seed in range(20):
        assert len(distort(short, RATE, np.random.default_rng(seed))) > 0.9 * n_samples
