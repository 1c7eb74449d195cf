"""What pictures show is what librosa and scipy compute; hours are no larger than minutes."""

import librosa
import numpy as np
import pytest
import scipy.signal

from melonnx.infer.explain.stages import HOP_LENGTH, N_FFT, Listener, decibels
from melonnx.infer.frontend.mel import MelSpec, mel_power
from tests.conftest import RATE, make_song

SPEC = MelSpec()


def listen(waveform, block=10_000):
    listener = Listener(RATE, SPEC)
    blocks = (waveform[at : at + block] for at in range(0, len(waveform), block))
    frames = sum(len(power) for power in listener.mel(mel_power(listener.samples(blocks), SPEC)))
    return listener, frames


@pytest.fixture(scope="module")
def song():
    return make_song(5)[:, 0]


@pytest.fixture(scope="module")
def listener(song):
    return listen(song)[0]


def test_spectrogram_is_librosas(song, listener):
    raster = listener.spectrogram
    expected = np.abs(librosa.stft(song, n_fft=N_FFT, hop_length=HOP_LENGTH)) ** 2
    np.testing.assert_allclose(raster.power.T, expected, rtol=1e-3, atol=1e-6 * expected.max())
    assert raster.column_s == HOP_LENGTH / RATE
    assert raster.start_s == -raster.column_s / 2
    np.testing.assert_allclose(raster.hz, librosa.fft_frequencies(sr=RATE, n_fft=N_FFT))


def test_decibels_are_librosas(listener):
    power = listener.spectrogram.power
    expected = librosa.power_to_db(power, ref=np.max, amin=1e-20, top_db=80)
    np.testing.assert_allclose(decibels(power), expected, atol=1e-3)


def test_silence_is_the_floor():
    assert (decibels(np.zeros((3, 4), np.float32)) == -80).all()


def test_mel_spectrogram_is_librosas(song, listener):
    raster = listener.mel_spectrogram
    expected = librosa.feature.melspectrogram(
        y=song, sr=RATE, n_fft=SPEC.n_fft, hop_length=SPEC.hop_length, n_mels=SPEC.n_mels
    )
    np.testing.assert_allclose(raster.power.T, expected, rtol=1e-4, atol=1e-7 * expected.max())
    assert raster.column_s == pytest.approx(SPEC.hop_length / RATE)
    assert len(raster.hz) == SPEC.n_mels


def test_periodogram_is_welchs(song, listener):
    padded = np.pad(song, N_FFT // 2)
    hz, density = scipy.signal.welch(
        padded, RATE, "hann", N_FFT, N_FFT - HOP_LENGTH, detrend=False, scaling="density"
    )
    spectrum = listener.spectrum
    np.testing.assert_allclose(spectrum.hz, hz)
    np.testing.assert_allclose(spectrum.density, density, rtol=1e-3, atol=1e-6 * density.max())


def test_power_density_of_a_sine_is_its_power():
    sine = np.sin(2 * np.pi * 1000 * np.arange(RATE * 3) / RATE).astype(np.float32)
    spectrum = listen(sine)[0].spectrum
    assert spectrum.hz[spectrum.density.argmax()] == pytest.approx(1000, abs=RATE / N_FFT)
    assert spectrum.density.sum() * spectrum.hz[1] == pytest.approx(0.5, rel=0.01)


def test_envelope_holds_every_sample(song, listener):
    envelope = listener.waveform
    every = round(envelope.column_s * RATE)
    assert len(envelope.low) <= 2049
    for number in (0, 7, len(envelope.low) - 1):
        samples = song[number * every : (number + 1) * every]
        assert envelope.low[number] == samples.min()
        assert envelope.high[number] == samples.max()


def test_size_of_blocks_changes_nothing(song, listener):
    other, frames = listen(song, block=777)
    assert frames == SPEC.n_frames(len(song))
    np.testing.assert_allclose(other.spectrogram.power, listener.spectrogram.power, rtol=1e-4)
    np.testing.assert_allclose(other.spectrum.density, listener.spectrum.density, rtol=1e-6)
    np.testing.assert_array_equal(other.waveform.high, listener.waveform.high)


def test_long_songs_make_no_larger_pictures(song):
    long, _ = listen(np.tile(song, 30), block=1 << 16)
    for raster in (long.spectrogram, long.mel_spectrogram):
        assert 1000 < len(raster.power) <= 2049
        assert len(raster.power) * raster.column_s == pytest.approx(150, rel=0.01)
    assert len(long.waveform.low) * long.waveform.column_s == pytest.approx(150, rel=0.01)


@pytest.mark.parametrize("n_samples", [1, 500, 1025])
def test_a_moment_is_enough(n_samples):
    listener, _ = listen(np.full(n_samples, 0.5, np.float32))
    assert len(listener.waveform.low) == n_samples
    assert np.isfinite(listener.spectrum.density).all()
    assert len(listener.spectrogram.power) == 1 + n_samples // HOP_LENGTH
