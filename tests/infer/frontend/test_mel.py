"""The front end equals librosa's, whatever comes in."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import librosa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from melonnx.infer.audio.reader import load_audio, open_array
from melonnx.infer.frontend.mel import MelSpec, log_mel, mel_filterbank, mel_power, normalise
from tests.conftest import RATE, examples, make_song

SPECS = {
    "released": MelSpec(),
    "fine hop": MelSpec(hop_length=512),
    "16 kHz": MelSpec(sample_rate=16000, n_fft=512, hop_length=256, n_mels=96, fmax=8000),
}

LEVELLED = replace(SPECS["16 kHz"], log_gain=10000.0, level=0.5)


def reference_power(waveform, spec):
    return librosa.feature.melspectrogram(
        y=waveform,
        sr=spec.sample_rate,
        n_fft=spec.n_fft,
        hop_length=spec.hop_length,
        n_mels=spec.n_mels,
        fmin=spec.fmin,
        fmax=spec.fmax,
    ).T


def power(waveform, spec):
    return np.concatenate(list(mel_power([waveform], spec)))


def clicks():
    waveform = np.zeros(3 * RATE, np.float32)
    waveform[:: RATE // 3] = 1
    return waveform


SIGNALS = {
    "noise": lambda: np.random.default_rng(0).standard_normal(3 * RATE).astype(np.float32),
    "tone": lambda: np.sin(2 * np.pi * 440 * np.arange(3 * RATE) / RATE).astype(np.float32),
    "high tone": lambda: np.sin(2 * np.pi * 9000 * np.arange(RATE) / RATE).astype(np.float32),
    "clicks": clicks,
    "song": lambda: make_song(5)[:, 0],
    "quiet song": lambda: make_song(5)[:, 0] * np.float32(1e-3),
    "short": lambda: make_song(0.2)[:, 0],
}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
@pytest.mark.parametrize("signal", SIGNALS.values(), ids=SIGNALS)
def test_power_equals_librosa_in_every_bin(signal, spec):
    waveform = signal()
    expected = reference_power(waveform, spec)
    got = power(waveform, spec)
    assert got.dtype == np.float32
    assert got.shape == expected.shape == (spec.n_frames(len(waveform)), spec.n_mels)
    # Relative in each bin; bins below the reach of float32 samples themselves need not agree.
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-15 * expected.max())


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
@pytest.mark.parametrize("signal", ["noise", "tone", "clicks", "song"])
def test_log_mel_equals_librosa_decibels_scaled_to_their_range(signal, spec):
    waveform = SIGNALS[signal]()
    decibels = librosa.power_to_db(reference_power(waveform, spec), ref=np.max, top_db=80)
    expected = (decibels - decibels.min()) / -decibels.min()
    np.testing.assert_allclose(log_mel(waveform, spec), expected, atol=1e-5)


@pytest.mark.parametrize("signal", ["noise", "tone", "clicks", "song", "quiet song"])
def test_levelled_log_equals_librosa_at_the_same_mean_power(signal):
    waveform = SIGNALS[signal]()
    power = reference_power(waveform, LEVELLED)
    expected = np.log10(1 + 10000 * power * (0.5 / power.sum(axis=1).mean()))
    np.testing.assert_allclose(log_mel(waveform, LEVELLED), expected, atol=1e-5)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_filterbank_equals_librosa(spec):
    expected = librosa.filters.mel(
        sr=spec.sample_rate, n_fft=spec.n_fft, n_mels=spec.n_mels, fmin=spec.fmin, fmax=spec.fmax
    ).T
    np.testing.assert_allclose(mel_filterbank(spec), expected, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000, 96000, 192000])
def test_any_rate_and_channels_equal_librosa_end_to_end(rate, channels):
    spec = MelSpec()
    samples = make_song(2, rate, channels)
    mono = librosa.to_mono(samples.T)
    resampled = librosa.resample(mono, orig_sr=rate, target_sr=RATE, res_type="soxr_hq")
    expected = reference_power(resampled, spec)
    with open_array(samples, rate, RATE) as reader:
        got = np.concatenate(list(mel_power(reader, spec)))
    n_frames = min(len(got), len(expected))  # soxr rounds the last sample up, librosa fixes it
    assert abs(len(got) - len(expected)) <= 1
    loud = expected[: n_frames - 2]  # bins 90 dB down are below every floor
    np.testing.assert_allclose(got[: n_frames - 2], loud, rtol=1e-5, atol=1e-9 * loud.max())


def test_real_music_equals_librosa(originals):
    spec = MelSpec()
    for path in sorted(originals.glob("*.mp3"))[::3] + sorted(originals.glob("*.au")):
        waveform = load_audio(path, RATE)
        np.testing.assert_allclose(
            power(waveform, spec), reference_power(waveform, spec), rtol=1e-5, atol=1e-12
        )


@examples(25)
@given(cuts=st.lists(st.integers(0, 2 * RATE), max_size=8), hop=st.integers(1, 2048))
def test_any_blocks_give_the_same_frames(cuts, hop):
    spec = MelSpec(hop_length=max(hop, 200))
    waveform = make_song(2)[:, 0]
    blocks = np.split(waveform, sorted(cuts))
    joined = np.concatenate(list(mel_power(blocks, spec)))
    np.testing.assert_allclose(joined, power(waveform, spec), rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("kernels", ["", "Prescott", "Sandybridge", "Haswell"])
def test_a_frame_is_the_same_to_the_bit_wherever_its_block_begins(kernels):
    """With this processor's BLAS, and with that of others."""
    program = (
        "import numpy as np\n"
        "from melonnx.infer.frontend.mel import MelSpec, mel_power\n"
        "waveform = np.random.default_rng(0).standard_normal(100_000).astype(np.float32)\n"
        f"for spec in {[*SPECS.values()]!r}:\n"
        "    whole = np.concatenate(list(mel_power([waveform], spec)))\n"
        "    for length in (777, 4096, 11_000):\n"
        "        blocks = np.split(waveform, range(length, len(waveform), length))\n"
        "        assert (np.concatenate(list(mel_power(blocks, spec))) == whole).all(), spec\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | ({"OPENBLAS_CORETYPE": kernels} if kernels else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if kernels and result.returncode == -signal.SIGILL:
        pytest.skip(f"this processor does not run the instructions of {kernels}")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("spec", [MelSpec(), LEVELLED], ids=["decibels", "levelled"])
@pytest.mark.parametrize("gain_db", [-80, -40, -6, 6, 40])
def test_gain_cancels(gain_db, spec):
    waveform = make_song(3)[:, 0]
    louder = waveform * np.float32(10 ** (gain_db / 20))
    np.testing.assert_allclose(log_mel(louder, spec), log_mel(waveform, spec), atol=1e-5)


def test_range_is_zero_to_one_and_silence_all_zero():
    values = log_mel(make_song(3)[:, 0], MelSpec())
    assert values.min() == 0
    assert values.max() == pytest.approx(1)
    for spec in (MelSpec(), LEVELLED):
        assert not log_mel(np.zeros(RATE, np.float32), spec).any()


def test_floor_is_the_clips_own_where_it_is_above_80_db():
    power_of_two_levels = np.array([[1.0, 1e-3]], np.float32)
    assert normalise(power_of_two_levels, MelSpec(n_mels=2)).tolist() == [[1.0, 0.0]]


def test_spec_survives_its_dictionary_and_refuses_nonsense():
    spec = MelSpec(hop_length=512, fmin=30.0)
    assert MelSpec.from_dict(spec.to_dict()) == spec
    with pytest.raises(ValueError, match="unknown"):
        MelSpec.from_dict(spec.to_dict() | {"colour": 1})
    for name, value in (("n_fft", 2048.9), ("n_mels", "128"), ("hop_length", True), ("fmin", None)):
        with pytest.raises(ValueError, match=f"{name} is .*, not of type"):
            MelSpec.from_dict(spec.to_dict() | {name: value})
    with pytest.raises(ValueError, match="hop_length=4096"):
        MelSpec(hop_length=4096)
    with pytest.raises(ValueError, match="fmax=12000"):
        MelSpec(fmax=12000)
