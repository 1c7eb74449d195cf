"""The stages of a song on its way to the network, as arrays that a picture can show.

Waveform, mean power spectrum and spectrogram of what the model hears: mono, at its sample
rate. Computed block by block and pooled in time, so that hours need no more memory than minutes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.arrays import MelPower, Waveform
from melonnx.infer.explain.columns import Columns
from melonnx.infer.frontend.mel import MelSpec, band_centres, hann

__all__ = [
    "HOP_LENGTH",
    "N_FFT",
    "Envelope",
    "Listener",
    "Raster",
    "Spectrum",
    "decibels",
]

N_FFT = 2048
HOP_LENGTH = 512
"""Samples; librosa's defaults."""

_HANN = hann(N_FFT).astype(np.float32)
_COLUMNS = 2048
"""At most so many of a picture: more than a screen has."""


@dataclass(frozen=True)
class Envelope:
    """The least and the greatest sample of each column of a waveform."""

    low: NDArray[np.float32]
    """(columns,), full scale is -1 to 1."""
    high: NDArray[np.float32]
    """(columns,)."""
    column_s: float
    """Seconds a column."""


@dataclass(frozen=True)
class Spectrum:
    """Mean power density over a song: Welch's periodogram."""

    hz: NDArray[np.floating]
    """(bins,)."""
    density: NDArray[np.float64]
    """(bins,), square of full scale per Hz."""


@dataclass(frozen=True)
class Raster:
    """Power by time and frequency."""

    power: NDArray[np.float32]
    """(columns, bands): the mean over a column's frames."""
    column_s: float
    """Seconds a column."""
    start_s: float
    """Where the first column begins: half a frame before the first sample."""
    hz: NDArray[np.floating]
    """(bands,): the middle of each."""


def decibels(power: NDArray[np.floating], top_db: float = 80.0) -> NDArray[np.float32]:
    """Power in dB below its maximum, at least ``-top_db``; silence is all ``-top_db``.

    As ``librosa.power_to_db(power, ref=np.max, top_db=top_db)``, without its absolute floor.
    """
    loudest = float(power.max(initial=0.0))
    if not loudest > 0:
        return np.full(power.shape, -top_db, np.float32)
    floor = 10 ** (-top_db / 10)
    return (10 * np.log10(np.maximum(power / loudest, floor))).astype(np.float32)


def _frame_spectra(signal: NDArray[np.floating]) -> NDArray[np.float32]:
    """Power [frames, N_FFT // 2 + 1] of whole frames ``HOP_LENGTH`` apart, periodic Hann."""
    frames = np.lib.stride_tricks.sliding_window_view(signal, N_FFT)[::HOP_LENGTH]
    spectrum = np.fft.rfft(frames * _HANN, axis=-1)
    return np.square(spectrum.real) + np.square(spectrum.imag)


class Listener:
    """Listens in while a song is read: pass its blocks and its mel power through.

    ``sample_rate``: Hz of the blocks. ``spec``: of the mel power.
    """

    def __init__(self, sample_rate: int, spec: MelSpec) -> None:
        self._rate, self._spec = sample_rate, spec
        self._low = Columns(1, _COLUMNS, np.minimum)
        self._high = Columns(1, _COLUMNS, np.maximum)
        self._spectra = Columns(N_FFT // 2 + 1, _COLUMNS)
        self._mel = Columns(spec.n_mels, _COLUMNS)
        self._sum = np.zeros(N_FFT // 2 + 1)
        self._n_frames = 0

    def samples(self, blocks: Iterable[Waveform]) -> Iterator[Waveform]:
        """Yield ``blocks`` as they are."""
        padding = np.zeros(N_FFT // 2, np.float32)
        pending = padding
        for block in blocks:
            yield block
            self._low.append(block[:, None])
            self._high.append(block[:, None])
            pending = self._transform(np.concatenate((pending, block)))
        self._transform(np.concatenate((pending, padding)))

    def _transform(self, pending: Waveform) -> Waveform:
        """Take the whole frames of ``pending``; returns the samples that the next one needs."""
        if len(pending) < N_FFT:
            return pending
        power = _frame_spectra(pending)
        self._sum += power.sum(axis=0, dtype=np.float64)
        self._n_frames += len(power)
        self._spectra.append(power)
        return pending[len(power) * HOP_LENGTH :]

    def mel(self, powers: Iterable[MelPower]) -> Iterator[MelPower]:
        """Yield mel power [frames, n_mels] as it is."""
        for power in powers:
            self._mel.append(power)
            yield power

    @property
    def waveform(self) -> Envelope:
        """Of what was read so far."""
        low, high = (one.pooled()[:, 0] for one in (self._low, self._high))
        return Envelope(low, high, self._low.every / self._rate)

    @property
    def spectrum(self) -> Spectrum:
        """As ``scipy.signal.welch`` of the signal padded with half a frame at both ends."""
        density = self._sum / max(1, self._n_frames) / np.square(_HANN).sum() / self._rate
        density[1:-1] *= 2  # a real signal's negative frequencies
        return Spectrum(np.fft.rfftfreq(N_FFT, 1 / self._rate), density)

    @property
    def spectrogram(self) -> Raster:
        """Frames of ``N_FFT`` samples, ``HOP_LENGTH`` apart."""
        hop_s = HOP_LENGTH / self._rate
        power, hz = self._spectra.pooled(), np.fft.rfftfreq(N_FFT, 1 / self._rate)
        return Raster(power, self._spectra.every * hop_s, -hop_s / 2, hz)

    @property
    def mel_spectrogram(self) -> Raster:
        """The bands that the model looks at."""
        spec = self._spec
        hz = band_centres(spec.n_mels, spec.fmin, spec.fmax)
        frame_s = spec.frame_seconds
        return Raster(self._mel.pooled(), self._mel.every * frame_s, -frame_s / 2, hz)
