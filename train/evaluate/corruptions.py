"""Corruptions of audio that robustness is tested with: level, limiter, codec, length."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import soundfile
import soxr
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from melonnx.infer.arrays import Waveform
from melonnx.train.data.degradations import band_limit

__all__ = [
    "CORRUPTIONS",
    "Corruption",
    "as_16_bits",
    "as_mp3",
    "first",
    "gain",
    "limit",
]

_LOOK_AHEAD_S = 0.005
_CD_RATE = 44100
_MP3_KBPS = {
    **dict.fromkeys((32000, 44100, 48000), (32, 320)),
    **dict.fromkeys((16000, 22050, 24000), (8, 160)),
}
"""The least and the most that MPEG-1 and MPEG-2 layer III know, by sample rate."""
_LEAST_COMPRESSION_LEVEL = 0.99


@dataclass(frozen=True)
class Corruption:
    """One change of a song."""

    name: str
    family: Literal["level", "limiter", "codec", "length"]
    change: Callable[[Waveform, int], Waveform | bytes]
    """From mono float32 (samples,) and its rate in Hz to such samples at the same rate, or to
    the bytes of a file."""


def gain(waveform: Waveform, decibels: float) -> Waveform:
    """Change the level and nothing else: no clipping, no rounding."""
    return waveform * np.float32(10 ** (decibels / 20))


def as_16_bits(waveform: Waveform) -> Waveform:
    """Round and clip as a file of 16 bits does: what is quiet drowns in the rounding."""
    steps = np.clip(np.round(waveform * 32768), -32768, 32767)
    return (steps / 32768).astype(np.float32)


def limit(waveform: Waveform, rate: int, decibels: float) -> Waveform:
    """Raise a song by ``decibels`` above full scale and limit its peaks, as loud masters are.

    The song is first brought to full scale, so that the limiter really bites. It looks 5 ms
    ahead: the gain that each sample needs to stay in range, at its least within 5 ms on either
    side, then smoothed by a mean of the same width, so that no peak passes. The usual limiter
    with look-ahead of Giannoulis, Massberg and Reiss, Digital Dynamic Range Compressor Design,
    JAES 60 (6), 2012; zero phase, of infinite ratio. Silence stays silence.
    """
    raised = waveform * np.float32(10 ** (decibels / 20) / max(np.abs(waveform).max(), 1e-9))
    needed = 1 / np.maximum(np.abs(raised), 1)
    width = 2 * round(_LOOK_AHEAD_S * rate) + 1
    smooth = uniform_filter1d(minimum_filter1d(needed, width), width)
    return np.clip(raised * smooth, -1, 1)


def as_mp3(waveform: Waveform, rate: int, kbps: int) -> bytes:
    """A mono mp3 of constant ``kbps`` kbit/s: a file's bytes.

    Encoded at ``rate``, or at 44.1 kHz where mp3 has no such rate or not that many kbit/s.
    The encoder is that of libsndfile (LAME).
    """
    low, high = _MP3_KBPS.get(rate, (0, 0))
    if not low <= kbps <= high:
        waveform, rate = soxr.resample(waveform, rate, _CD_RATE), _CD_RATE
        low, high = _MP3_KBPS[rate]
    file = io.BytesIO()
    soundfile.write(
        file,
        waveform,
        rate,
        format="MP3",
        bitrate_mode="CONSTANT",
        compression_level=min((high - kbps) / (high - low), _LEAST_COMPRESSION_LEVEL),
    )
    return file.getvalue()


def first(waveform: Waveform, rate: int, seconds: float) -> Waveform:
    """The first seconds, as ``melonnx classify --duration`` hears them; a shorter song is whole."""
    return waveform[: round(seconds * rate)]


def _gain(decibels: float) -> Corruption:
    return Corruption(
        f"gain {decibels:+.0f} dB".replace("+0", "0"), "level", lambda x, _: gain(x, decibels)
    )


def _limiter(decibels: float) -> Corruption:
    return Corruption(
        f"limiter, raised by {decibels:.0f} dB", "limiter", lambda x, rate: limit(x, rate, decibels)
    )


def _mp3(kbps: int) -> Corruption:
    return Corruption(f"mp3, {kbps} kbit/s mono", "codec", lambda x, rate: as_mp3(x, rate, kbps))


def _length(seconds: int) -> Corruption:
    return Corruption(f"first {seconds} s", "length", lambda x, rate: first(x, rate, seconds))


CORRUPTIONS: tuple[Corruption, ...] = (
    *map(_gain, (-40, -20, -10, -6, 0)),
    Corruption("gain -40 dB, in 16 bits", "level", lambda x, _: as_16_bits(gain(x, -40))),
    *map(_limiter, (6, 12)),
    *map(_mp3, (128, 64, 32)),
    Corruption("nothing above 8 kHz", "codec", lambda x, rate: band_limit(x, rate, 8000)),
    *map(_length, (3, 10, 30)),
)
