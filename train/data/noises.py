"""Makes sounds that are no music: noise, hum, tones, clicks, applause and what is hardly there."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["KINDS", "Noise", "make_noises"]

_SECONDS = 6.0, 15.0
_DECIBELS = -50.0, -3.0
"""Of the peak, full scale being 0."""

Samples = NDArray[np.float32]


class Noise(NamedTuple):
    """One sound."""

    kind: str
    """One of ``KINDS``."""
    samples: Samples
    """Mono, within ±1."""


def make_noises(rate: int, each: int, seed: int = 0) -> Iterator[Noise]:
    """``each`` sounds of every kind at ``rate`` Hz, 6 to 15 s long, at levels 47 dB apart.

    The same seed gives the same sounds.
    """
    for number, (kind, make) in enumerate(KINDS.items()):
        for one in range(each):
            rng = np.random.default_rng((seed, number, one))
            samples = make(rng, round(rng.uniform(*_SECONDS) * rate), rate)
            peak = 10 ** (rng.uniform(*_DECIBELS) / 20)
            level = peak / max(float(np.abs(samples).max()), 1e-9)
            yield Noise(kind, (samples * level).astype(np.float32))


def _coloured(rng: np.random.Generator, n: int, slope: float) -> NDArray[np.float64]:
    """Noise whose power falls by ``slope`` powers of the frequency: 0 white, 1 pink, 2 brown."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    frequencies = np.fft.rfftfreq(n)
    frequencies[0] = frequencies[1]
    return np.fft.irfft(spectrum * frequencies ** (-slope / 2), n)


def _white(rng: np.random.Generator, n: int, rate: int) -> NDArray[np.float64]:
    del rate
    return _coloured(rng, n, 0)


def _pink(rng: np.random.Generator, n: int, rate: int) -> NDArray[np.float64]:
    del rate
    return _coloured(rng, n, 1)


def _brown(rng: np.random.Generator, n: int, rate: int) -> NDArray[np.float64]:
    del rate
    return _coloured(rng, n, 2)


def _band(rng: np.random.Generator, n: int, rate: int) -> NDArray[np.float64]:
    """Noise of one octave to six."""
    low = np.exp(rng.uniform(np.log(40), np.log(0.2 * rate)))
    high = min(low * 2 ** rng.uniform(1, 6), 0.49 * rate)
    spectrum = np.fft.rfft(_coloured(rng, n, rng.uniform(0, 2)))
    frequencies = np.fft.rfftfreq(n, 1 / rate)
    spectrum[(frequencies < low) | (frequencies > high)] = 0
    return np.fft.irfft(spectrum, n)


def _gusts(rng: np.random.Generator, n: int, rate: int) -> NDArray[np.float64]:
    """Wind, surf, a street: noise that swells."""
    swell = _coloured(rng, n, 2)
    spectrum = np.fft.rfft(swell)
    spectrum[np.fft.rfftfreq(n, 1 / rate) > rng.uniform(0.3, 4)] = 0
    swell = np.fft.irfft(spectrum, n)
    depth = rng.uniform(0.5, 3) / max(float(np.abs(swell).max()), 1e-9)
    return _coloured(rng, n, rng.uniform(0.3, 2)) * np.exp(depth * swell)


def _hum(rng: np.random.Generator, n: int, rate: int) -> NDArray[np.float64]:
    """Of the mains, with harmonics and some noise."""
    time = np.arange(n) / rate
    base = rng.choice([50, 60]) * rng.uniform(0.998, 1.002)
    harmonics = np.arange(1, rng.integers(2, 20))
    strengths = rng.uniform(0, 1, len(harmonics)) / harmonics ** rng.uniform(0.5, 2)
    parts = np.sin(2 * np.pi * base * np.outer(harmonics, time) + rng.uniform(0, 6, (1, 1)))
    hiss = _coloured(rng, n, rng.uniform(0, 1))
    return strengths @ parts + hiss / np.std(hiss) * 10 ** rng.uniform(-4, -1)


def _tone(rng: np.random.Generator, n: int, rate: int) -> NDArray[np.float64]:
    """One pitch, a sine or with overtones; or several pitches that start and stop together."""
    time = np.arange(n) / rate
    pitches = np.exp(rng.uniform(np.log(60), np.log(0.2 * rate), rng.integers(1, 3)))
    wave = np.sin(2 * np.pi * np.outer(pitches, time)).sum(axis=0)
    if rng.random() < 0.3:
        wave = np.sign(wave)
    if rng.random() < 0.4:  # it beeps
        wave *= (time * rng.uniform(0.5, 6)) % 1 < rng.uniform(0.1, 0.9)
    return wave


def _sweep(rng: np.random.Generator, n: int, rate: int) -> NDArray[np.float64]:
    """A siren, or a test sweep, up or down."""
    low, high = np.sort(np.exp(rng.uniform(np.log(40), np.log(0.45 * rate), 2)))
    turns = rng.integers(1, 12)
    place = np.abs(((np.arange(n) / n * turns) % 1) * 2 - 1) if turns > 1 else np.arange(n) / n
    if rng.random() < 0.5:
        place = 1 - place
    return np.sin(2 * np.pi * np.cumsum(low * (high / low) ** place) / rate)


def _clicks(rng: np.random.Generator, n: int, rate: int) -> NDArray[np.float64]:
    """Crackle: single samples, or short knocks, at random times."""
    wave = np.zeros(n)
    times = rng.integers(0, n, max(2, int(n / rate * np.exp(rng.uniform(np.log(0.5), np.log(60))))))
    wave[times] = rng.uniform(-1, 1, len(times))
    length = max(1, int(rate * 10 ** rng.uniform(-4, -1.7)))
    knock = rng.standard_normal(length) * np.exp(-np.arange(length) / length * 5)
    return np.convolve(wave, knock)[:n] + 10 ** rng.uniform(-6, -2) * rng.standard_normal(n)


def _applause(rng: np.random.Generator, n: int, rate: int) -> NDArray[np.float64]:
    """Claps of a few or of a hall, each a burst of noise around a pitch of its own."""
    wave = np.zeros(n + rate)
    for _ in range(rng.integers(4, 60)):
        pitch, length = rng.uniform(600, 3000), int(rate * rng.uniform(0.004, 0.03))
        time = np.arange(length) / rate
        clap = rng.standard_normal(length) * np.exp(-time * rng.uniform(150, 600))
        clap *= np.sin(2 * np.pi * pitch * time + rng.uniform(0, 6)) * rng.uniform(0.2, 1)
        every = rng.uniform(0.18, 0.5)
        at = rng.uniform(0, every)
        while at * rate < n:
            start = int(at * rate)
            wave[start : start + length] += clap * rng.uniform(0.5, 1)
            at += every * rng.uniform(0.8, 1.25)
    echo = rng.standard_normal(int(rate * rng.uniform(0.05, 0.8)))
    echo *= np.exp(-np.arange(len(echo)) / len(echo) * 6)
    size = 1 << (n + rate + len(echo)).bit_length()
    wet = np.fft.irfft(np.fft.rfft(wave, size) * np.fft.rfft(echo, size), size)[:n]
    return wave[:n] + rng.uniform(0, 0.3) * wet


def _dither(rng: np.random.Generator, n: int, rate: int) -> NDArray[np.float64]:
    """The last bit or two of a silent track, in some of it."""
    del rate
    wave = np.round(rng.normal(0, rng.uniform(0.3, 1.5), n)) / 32768
    wave[: int(n * rng.uniform(0, 0.6))] = 0
    return wave


KINDS: dict[str, Callable[[np.random.Generator, int, int], NDArray[np.float64]]] = {
    "white": _white,
    "pink": _pink,
    "brown": _brown,
    "band": _band,
    "gusts": _gusts,
    "hum": _hum,
    "tone": _tone,
    "sweep": _sweep,
    "clicks": _clicks,
    "applause": _applause,
    "dither": _dither,
}
"""How each kind is made: random numbers, samples and Hz to mono samples of any level."""
