"""Degrades recordings to train on, as the world does: speed, bandwidth, loudness, lossy codec.

What the log-mels alone cannot imitate (``melonnx.train.fit.augmentation`` does the rest): each
track is heard once as it is and a few times through such a chain, so that neither its codec nor
its source tells the genre.
"""

import io

import numpy as np
import soundfile
import soxr
from numpy.random import Generator
from numpy.typing import NDArray

from melonnx.infer.arrays import Waveform

__all__ = ["band_limit", "change_speed", "distort", "limit", "through_mp3"]

_SPEEDS = (0.93, 1.07)
_CUTS_HZ = (5500.0, 10000.0)
_GAINS_DB = (3.0, 12.0)
_COMPRESSIONS = (0.2, 0.85)
"""libsndfile's scale; at 22,050 Hz mono these are about 130 and 30 kbit/s."""


def distort(waveform: Waveform, sample_rate: int, rng: Generator) -> Waveform:
    """A changed copy of mono float32 ``waveform``, of about the same length.

    In turn, each by chance: another speed (tempo and pitch together, by up to 7%), nothing
    above 5.5 to 10 kHz, a limiter driven by 3 to 12 dB, an mp3 of any compression.
    """
    changed = waveform
    if rng.random() < 0.5:
        changed = change_speed(changed, rng.uniform(*_SPEEDS))
    if rng.random() < 0.5:
        changed = band_limit(changed, sample_rate, rng.uniform(*_CUTS_HZ))
    if rng.random() < 0.5:
        changed = limit(changed, rng.uniform(*_GAINS_DB))
    if rng.random() < 0.7:
        changed = through_mp3(changed, sample_rate, rng.uniform(*_COMPRESSIONS))
    return changed


def change_speed(waveform: Waveform, factor: float) -> Waveform:
    """As a tape that runs ``factor`` times as fast: higher and shorter for more than 1."""
    return _resample(waveform, factor, 1.0)


def band_limit(waveform: Waveform, sample_rate: int, cut_hz: float) -> Waveform:
    """Without what lies above ``cut_hz``, as a recording at twice that rate has it."""
    if 2 * cut_hz >= sample_rate:
        return waveform
    narrow = _resample(waveform, sample_rate, 2 * cut_hz)
    return _resample(narrow, 2 * cut_hz, sample_rate)


def limit(waveform: Waveform, gain_db: float) -> Waveform:
    """Brought to full scale, raised by ``gain_db`` and bent round there (tanh)."""
    peak = float(np.abs(waveform).max(initial=0.0))
    if peak == 0:
        return waveform
    return np.tanh(waveform * np.float32(10 ** (gain_db / 20) / peak))


def through_mp3(waveform: Waveform, sample_rate: int, compression: float) -> Waveform:
    """Encoded and decoded; ``compression`` from 0 (most bits) to 0.95 (fewest)."""
    peak = max(1.0, float(np.abs(waveform).max(initial=0.0)))
    file = io.BytesIO()
    soundfile.write(
        file, waveform / peak, sample_rate, format="MP3", subtype="MPEG_LAYER_III",
        compression_level=compression, bitrate_mode="CONSTANT",
    )  # fmt: skip
    file.seek(0)
    decoded: NDArray[np.float32] = soundfile.read(file, dtype="float32")[0]
    return decoded * np.float32(peak)


def _resample(waveform: Waveform, rate: float, wanted: float) -> Waveform:
    resampled: Waveform = soxr.resample(waveform, rate, wanted, quality="HQ")
    return resampled.astype(np.float32, copy=False)
