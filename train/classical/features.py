"""The 518 hand-made features of FMA: 74 series of a clip, each by seven statistics.

Source: Defferrard, Benzi, Vandergheynst, Bresson, FMA: A Dataset for Music Analysis, ISMIR 2017,
and ``features.py`` of https://github.com/mdeff/fma, whose table has these columns.
"""

import warnings

import librosa
import numpy as np
from librosa import feature
from numpy.typing import NDArray
from scipy.stats import kurtosis, skew

from melonnx.infer.arrays import Waveform
from melonnx.train.classical.feature_names import COLUMNS

__all__ = ["Features", "clip_features", "clip_series"]

Features = NDArray[np.float32]
"""(518,), in the order of ``melonnx.train.classical.feature_names.COLUMNS``."""

_N_FFT = 2048
_HOP = 512
_OCTAVES = 7
_ASSUMED_RATE = 22050
"""Of a spectrogram, where librosa is not told."""


def clip_features(waveform: Waveform, rate: int, *, fma_compatible: bool = False) -> Features:
    """The features of one clip; arguments and errors as for :func:`clip_series`."""
    series = clip_series(waveform, rate, fma_compatible=fma_compatible)
    values = {
        (name, statistic, f"{number:02}"): value
        for name, rows in series.items()
        for statistic, column in _statistics(rows).items()
        for number, value in enumerate(column.tolist(), 1)
    }
    return np.array([values[column] for column in COLUMNS], np.float32)


def clip_series(
    waveform: Waveform, rate: int, *, fma_compatible: bool = False
) -> dict[str, NDArray[np.floating]]:
    """Each feature as series [how many, frames] of ``waveform`` (samples,) at ``rate`` Hz.

    One STFT and one constant-Q transform are the source of all; both begin a semitone grid at
    the tuning that the STFT shows. Tonnetz is that of CENS, as in the published table.

    ``fma_compatible``: as that table was made in 2017. Chroma, centroid, bandwidth, contrast and
    roll-off were not told the rate, so that librosa assumed 22,050 Hz for clips of 44,100;
    frames at the ends saw the clip mirrored instead of silence; and ``rmse`` was the root mean
    square of the spectrum's bins, not of the samples.

    Raises librosa.ParameterError where the clip is too short, or ``rate`` too low, for the seven
    octaves above C1.
    """
    spectral_rate = _ASSUMED_RATE if fma_compatible else rate
    pad_mode = "reflect" if fma_compatible else "constant"
    magnitude = np.abs(librosa.stft(waveform, n_fft=_N_FFT, hop_length=_HOP, pad_mode=pad_mode))
    power = magnitude**2
    constant_q = np.abs(
        librosa.cqt(
            waveform,
            sr=rate,
            hop_length=_HOP,
            n_bins=12 * _OCTAVES,
            tuning=librosa.estimate_tuning(S=magnitude, sr=rate, n_fft=_N_FFT),
            pad_mode=pad_mode,
        )
    )
    octaves = {"C": constant_q, "bins_per_octave": 12, "n_octaves": _OCTAVES}
    cens = feature.chroma_cens(**octaves)
    mel = feature.melspectrogram(S=power, sr=rate)
    return {
        "chroma_cens": cens,
        "chroma_cqt": feature.chroma_cqt(**octaves),
        "chroma_stft": feature.chroma_stft(S=power, sr=spectral_rate),
        "mfcc": feature.mfcc(S=librosa.power_to_db(mel), n_mfcc=20),
        "rmse": (
            np.sqrt(power.mean(axis=0, keepdims=True))
            if fma_compatible
            else feature.rms(S=magnitude, frame_length=_N_FFT)
        ),
        "spectral_bandwidth": feature.spectral_bandwidth(S=magnitude, sr=spectral_rate),
        "spectral_centroid": feature.spectral_centroid(S=magnitude, sr=spectral_rate),
        "spectral_contrast": feature.spectral_contrast(S=magnitude, sr=spectral_rate, n_bands=6),
        "spectral_rolloff": feature.spectral_rolloff(S=magnitude, sr=spectral_rate),
        "tonnetz": feature.tonnetz(chroma=cens),
        "zcr": feature.zero_crossing_rate(waveform, frame_length=_N_FFT, hop_length=_HOP),
    }


def _statistics(rows: NDArray[np.floating]) -> dict[str, NDArray[np.floating]]:
    """Seven figures of each row [how many]; 0 and -3 for skew and kurtosis where it is level."""
    rows = rows.astype(np.float64)
    with warnings.catch_warnings():  # of a level row, where both are 0 / 0
        warnings.simplefilter("ignore", RuntimeWarning)
        asymmetry, tails = skew(rows, axis=1), kurtosis(rows, axis=1)
    return {
        "kurtosis": np.nan_to_num(tails, nan=-3.0),
        "max": rows.max(axis=1),
        "mean": rows.mean(axis=1),
        "median": np.median(rows, axis=1),
        "min": rows.min(axis=1),
        "skew": np.nan_to_num(asymmetry, nan=0.0),
        "std": rows.std(axis=1),
    }
