"""Each change does to the audio what its name says, and nothing else."""

import numpy as np
import pytest
import soundfile

from melonnx.infer.audio.reader import load_audio
from melonnx.train.data.degradations import band_limit
from melonnx.train.evaluate.corruptions import CORRUPTIONS, as_16_bits, as_mp3, first, gain, limit
from tests.conftest import RATE, make_song

_MPEG1_KBPS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG2_KBPS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


@pytest.fixture(scope="module")
def song():
    return make_song(6)[:, 0]


def share_above(waveform, rate, hertz):
    power = np.abs(np.fft.rfft(waveform)) ** 2
    return power[np.fft.rfftfreq(len(waveform), 1 / rate) > hertz].sum() / power.sum()


def crest(waveform):
    return np.abs(waveform).max() / np.sqrt(np.mean(waveform.astype(float) ** 2))


def test_gain_is_what_it_says(song):
    np.testing.assert_allclose(gain(song, -20), song / 10, rtol=1e-6)
    assert gain(song, 0).tobytes() == song.tobytes()


def test_16_bits_round_and_clip():
    steps = as_16_bits(np.array([0.4, 1.4, 2.6, 40000, -40000], np.float32) / 32768) * 32768
    assert steps.tolist() == [0, 1, 3, 32767, -32768]


@pytest.mark.parametrize("level", [0.01, 1, 3])
def test_limiter_bites_at_any_level_and_no_peak_passes(song, level):
    limited = limit(song * np.float32(level), RATE, 6)
    assert np.abs(limited).max() <= 1
    assert crest(limited) < 0.8 * crest(song)
    np.testing.assert_allclose(limited, limit(song, RATE, 6), atol=1e-5)


def test_limiter_leaves_alone_what_stays_in_range(song):
    np.testing.assert_allclose(limit(song, RATE, 0), song / np.abs(song).max(), atol=1e-6)
    quiet = np.full(RATE, 0.1, np.float32)
    quiet[0] = 1.0
    limited = limit(quiet, RATE, 6)
    far = round(0.02 * RATE)
    np.testing.assert_allclose(limited[far:], 0.1 * 10 ** (6 / 20), rtol=1e-5)
    assert not limit(np.zeros(100, np.float32), RATE, 12).any()


def test_limiter_works_by_a_smooth_gain_and_not_by_clipping():
    time = np.arange(RATE) / RATE
    tone = np.sin(2 * np.pi * 441 * time).astype(np.float32)
    limited = limit(tone, RATE, 12)[2000:-2000]
    assert np.abs(limited).max() > 0.99
    assert share_above(limited * np.hanning(len(limited)), RATE, 800) < 1e-6


@pytest.mark.parametrize("kbps", [128, 64, 32])
@pytest.mark.parametrize("rate", [11025, 16000, 22050, 44100])
def test_mp3_has_the_bit_rate_that_is_said(song, kbps, rate):
    data = as_mp3(song[: rate * 3], rate, kbps)
    start = next(i for i in range(len(data)) if data[i] == 0xFF and data[i + 1] & 0xE6 == 0xE2)
    mpeg1 = data[start + 1] >> 3 & 3 == 3
    assert (_MPEG1_KBPS if mpeg1 else _MPEG2_KBPS)[data[start + 2] >> 4] == kbps
    assert data[start + 3] >> 6 == 3  # mono
    seconds = len(song[: rate * 3]) / rate
    assert len(data) * 8 / seconds / 1000 == pytest.approx(kbps, rel=0.05)
    assert len(load_audio(data, rate)) == pytest.approx(seconds * rate, abs=2 * 1152)


def test_mp3_is_encoded_at_the_songs_own_rate(song, tmp_path):
    path = tmp_path / "song.mp3"
    path.write_bytes(as_mp3(song, RATE, 64))
    assert soundfile.info(path).samplerate == RATE


def test_band_limit_takes_the_top_and_leaves_the_rest(song):
    noise = np.random.default_rng(0).standard_normal(5 * RATE).astype(np.float32)
    limited = band_limit(noise, RATE, 8000)
    assert len(limited) == pytest.approx(len(noise), abs=2)
    assert share_above(limited, RATE, 8050) < 1e-6
    assert share_above(noise, RATE, 8050) > 0.2
    assert share_above(limited, RATE, 4000) == pytest.approx(0.47, abs=0.03)
    assert band_limit(noise, 16000, 8000) is noise


def test_length_cuts_and_never_pads(song):
    assert len(first(song, RATE, 3)) == 3 * RATE
    assert len(first(song, RATE, 30)) == len(song)


def test_all_that_the_report_promises_is_there(song):
    names = [corruption.name for corruption in CORRUPTIONS]
    assert len(set(names)) == len(names)
    assert [name for name in names if name.startswith("gain")] == [
        *("gain -40 dB", "gain -20 dB", "gain -10 dB", "gain -6 dB", "gain 0 dB"),
        "gain -40 dB, in 16 bits",
    ]
    lengths = {c.name: len(c.change(song, RATE)) for c in CORRUPTIONS if c.family == "length"}
    assert lengths == {
        "first 3 s": 3 * RATE,
        "first 10 s": len(song),
        "first 30 s": len(song),
    }
    sizes = {c.name: len(c.change(song, RATE)) for c in CORRUPTIONS if c.name.startswith("mp3")}
    assert list(sizes) == [f"mp3, {kbps} kbit/s mono" for kbps in (128, 64, 32)]
    raised = {c.name: c.change(song, RATE) for c in CORRUPTIONS if c.family == "limiter"}
    plain, more = raised.values()
    assert crest(more) < crest(plain) < crest(song)
