"""Log-mel spectrograms in numpy: the one front end of training and inference.

Equal to ``librosa.feature.melspectrogram`` and ``librosa.power_to_db(ref=np.max)`` without
importing librosa, and computed block by block, so that a track of hours needs no more memory
than its mel frames.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.arrays import LogMel, MelPower, Waveform
from melonnx.infer.frontend.joined_frames import JoinedFrames
from melonnx.infer.frontend.mel_spec import LOUDEST, RANGE, MelSpec

__all__ = [
    "SMALLEST",
    "TINY",
    "ClipLevel",
    "Frames",
    "MelSpec",
    "band_centres",
    "hann",
    "log_mel",
    "mel_filterbank",
    "mel_frames",
    "mel_power",
    "normalise",
]

TINY = float(np.finfo(np.float32).tiny)
"""A clip whose power is below it is silence."""

SMALLEST = 1e-10
"""Power below which decibels of full scale do not go: librosa's ``amin``."""
_ONE_THREAD = 1 << 18
"""Multiplications that OpenBLAS does without threads."""
_TOGETHER = 8
"""Frames at a time: with fewer, the filterbank is fetched from memory too often, and of more,
kernels sum some otherwise than the rest (AVX2's: of ten the last two). A frame is then the same to
the bit wherever its block begins."""


def _hz_to_mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney's scale: linear to 1 kHz (15 mels), then 27 steps for each factor of 6.4."""
    linear = hz * 3 / 200
    logarithmic = 15 + 27 * np.log(np.maximum(hz, 1000) / 1000) / np.log(6.4)
    return np.where(hz < 1000, linear, logarithmic)


def _mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


def _band_edges(spec: MelSpec) -> NDArray[np.float64]:
    """Hz of the ``n_mels + 2`` corners: filter i rises from the i-th and falls to the i+2-th."""
    return _equal_steps(spec.n_mels, spec.fmin, spec.fmax)


def band_centres(n_mels: int, fmin: float, fmax: float) -> NDArray[np.float64]:
    """Hz at which each of ``n_mels`` bands from ``fmin`` to ``fmax`` Hz is strongest (n_mels,)."""
    return _equal_steps(n_mels, fmin, fmax)[1:-1]


def _equal_steps(n_mels: int, fmin: float, fmax: float) -> NDArray[np.float64]:
    ends = _hz_to_mel(np.array([fmin, fmax]))
    return _mel_to_hz(np.linspace(ends[0], ends[1], n_mels + 2))


@lru_cache(maxsize=8)
def mel_filterbank(spec: MelSpec) -> NDArray[np.float32]:
    """Triangular mel filters of equal area, float32 [n_fft // 2 + 1, n_mels], read-only.

    Source: M. Slaney, Auditory Toolbox, Technical Report 1998-010, Interval Research
    Corporation (``mfcc.m``); the transpose of ``librosa.filters.mel``.
    """
    edges = _band_edges(spec)
    bins = np.fft.rfftfreq(spec.n_fft, 1 / spec.sample_rate)[:, None]
    rising = (bins - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - bins) / np.diff(edges)[1:]
    area = 2 / (edges[2:] - edges[:-2])
    filters = (np.maximum(0, np.minimum(rising, falling)) * area).astype(np.float32)
    filters.flags.writeable = False
    return filters


@lru_cache(maxsize=8)
def hann(n_fft: int) -> NDArray[np.float64]:
    """The periodic Hann window (n_fft,), read-only."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    window.flags.writeable = False
    return window


class Frames(NamedTuple):
    """Some frames of a track, one after the other."""

    power: MelPower
    swing: NDArray[np.float32]
    """(frames,): half the way from the lowest to the highest sample of a frame's second half:
    the last frame that sounds is then the one that would be the last if the track ended there."""


def _frames(signal: Waveform, n_frames: int, spec: MelSpec) -> NDArray[np.float32]:
    """The samples (n_frames, n_fft) of each, a view."""
    every = np.lib.stride_tricks.sliding_window_view(signal, spec.n_fft)
    return every[: (n_frames - 1) * spec.hop_length + 1 : spec.hop_length]


def _frames_power(frames: NDArray[np.float32], spec: MelSpec) -> MelPower:
    # In double: a tone's quiet bins are then right to 1e-5 too, and it costs 0.2 ms a clip.
    parts = np.fft.rfft(frames * hann(spec.n_fft), axis=-1).view(np.float64)
    parts *= parts  # in place: a block's arrays then stay in the processor's cache
    return _sum_bands(parts[:, ::2] + parts[:, 1::2], spec)


@lru_cache(maxsize=8)
def _slopes(
    spec: MelSpec,
) -> tuple[NDArray[np.intp], NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    """The filterbank as what it is: between two edges one filter falls and the next rises.

    Returns the first bin of each of the ``n_mels + 1`` stretches between edges and whether it has
    none, and by bin its weight in the rising and in the falling filter.
    """
    filters = mel_filterbank(spec).astype(np.float64)
    edges = _band_edges(spec)
    bins = np.fft.rfftfreq(spec.n_fft, 1 / spec.sample_rate)
    stretch = np.searchsorted(edges[1:-1], bins, side="right")
    padded = np.pad(filters, ((0, 0), (1, 1)))
    rising = padded[np.arange(len(bins)), stretch + 1]
    falling = padded[np.arange(len(bins)), stretch]
    firsts = np.searchsorted(stretch, np.arange(spec.n_mels + 1))
    empty = np.diff(firsts, append=len(bins)) == 0
    return np.minimum(firsts, len(bins) - 1), empty, rising, falling


def _sum_bands(power: NDArray[np.float64], spec: MelSpec) -> MelPower:
    """``power @ mel_filterbank(spec)``; ``power`` is used up.

    A few frames at a time, so that BLAS takes one thread: several wait for each other where the
    machine is busy.
    """
    filters, n_frames = mel_filterbank(spec), len(power)
    if _TOGETHER * filters.size > _ONE_THREAD:
        return _sum_slopes(power, spec)
    single = np.zeros((-(-n_frames // _TOGETHER), _TOGETHER, filters.shape[0]), np.float32)
    single.reshape(-1, filters.shape[0])[:n_frames] = power
    return (single @ filters).reshape(-1, filters.shape[1])[:n_frames]


def _sum_slopes(power: NDArray[np.float64], spec: MelSpec) -> MelPower:
    """The same in 2 multiplications a bin instead of ``n_mels``."""
    firsts, empty, rising, falling = _slopes(spec)
    rises = np.add.reduceat(power * rising, firsts, axis=1)
    power *= falling
    falls = np.add.reduceat(power, firsts, axis=1)
    rises[:, empty] = falls[:, empty] = 0  # reduceat gives these one bin
    return (rises[:, :-1] + falls[:, 1:]).astype(np.float32)


def mel_power(blocks: Iterable[Waveform], spec: MelSpec) -> Iterator[MelPower]:
    """Mel power spectrogram of a waveform that comes in blocks of any sizes.

    Yields float32 [frames, n_mels] as soon as the samples for them are there; joined along the
    first axis they are the transpose of ``librosa.feature.melspectrogram`` of the joined
    blocks, ``spec.n_frames(samples)`` frames in all.
    """
    for frames in _sample_frames(blocks, spec):
        yield _frames_power(frames, spec)


def mel_frames(blocks: Iterable[Waveform], spec: MelSpec) -> Iterator[Frames]:
    """The same with how far the samples of each frame swing."""
    for frames in _sample_frames(blocks, spec):
        second = frames[:, spec.n_fft // 2 :]
        swing = (second.max(axis=1) - second.min(axis=1)) / 2
        yield Frames(_frames_power(frames, spec), swing)


def _sample_frames(blocks: Iterable[Waveform], spec: MelSpec) -> Iterator[NDArray[np.float32]]:
    padding = np.zeros(spec.n_fft // 2, np.float32)
    pending = padding
    for block in chain(blocks, (padding,)):
        pending = np.concatenate((pending, block))
        n_frames = 1 + (len(pending) - spec.n_fft) // spec.hop_length
        if n_frames > 0:
            yield _frames(pending, n_frames, spec)
            pending = pending[n_frames * spec.hop_length :]


@dataclass(frozen=True)
class ClipLevel:
    """How loud a clip is: what :func:`normalise` must know of all of its frames."""

    loudest: float = 0.0
    """Power of its loudest bin."""
    quietest: float = np.inf
    total: float = 0.0
    """Sum of the power of all bins."""
    n_frames: int = 0

    def heard(self, power: MelPower) -> "ClipLevel":
        """That of a clip which goes on with ``power``."""
        return ClipLevel(
            max(self.loudest, float(power.max(initial=0.0))),
            min(self.quietest, float(power.min(initial=np.inf))),
            self.total + float(power.sum(dtype=np.float64)),
            self.n_frames + len(power),
        )

    @property
    def mean(self) -> float:
        """Power of all bands together, mean over frames."""
        return self.total / max(1, self.n_frames)


def normalise(power: MelPower, spec: MelSpec, level: ClipLevel | None = None) -> LogMel:
    """Mel power to log-mel on the scale that ``spec`` says; any gain on the clip cancels, but for
    decibels of full scale.

    Works in place: ``power`` becomes the result, which is returned. Silence becomes all zeros.
    ``level``: of the whole clip, where ``power`` is not all of it.
    """
    level = level or ClipLevel().heard(power)
    if (level.mean if spec.log_gain else level.loudest) < TINY:
        power[...] = 0
        return power
    if spec.log_gain:
        return _level_and_log(power, spec, level)
    if spec.reference == RANGE:
        return _decibels(power, spec, level)
    return _decibels_from_fixed_floor(power, spec, level)


def _decibels(power: MelPower, spec: MelSpec, level: ClipLevel) -> LogMel:
    """In dB below the clip's maximum, from the clip's own floor (0) to it (1).

    The floor is the clip's quietest bin, at most ``spec.top_db`` below its loudest. librosa's
    ``power_to_db(ref=np.max, top_db=...)`` does the same except for its absolute ``amin`` of
    1e-10, which reaches into quiet clips and is left out here.
    """
    lowest = np.float32(10 ** (-spec.top_db / 10))
    gain = np.float32(1 / level.loudest)
    decibels = power
    decibels *= gain
    np.maximum(decibels, lowest, out=decibels)
    np.log10(decibels, out=decibels)
    # As an array: a scalar may go another way to its logarithm and differ in the last bit.
    floor = np.log10(np.maximum(np.array([level.quietest], np.float32) * gain, lowest))
    if floor < 0:
        decibels -= floor
        decibels /= -floor
    return decibels


def _decibels_from_fixed_floor(power: MelPower, spec: MelSpec, level: ClipLevel) -> LogMel:
    """In dB below the clip's maximum or full scale, from -``spec.depth_db`` (0) to 0 dB (1).

    ``power_to_db(ref=np.max)``, and librosa's default, ``power_to_db(ref=1.0, amin=1e-10)``: both
    end ``spec.top_db`` below the clip's loudest bin.
    """
    decibels = power
    lowest = 10 ** (-spec.top_db / 10)
    if spec.reference == LOUDEST:
        decibels *= np.float32(1 / level.loudest)
    else:
        lowest = max(SMALLEST, lowest * level.loudest)
    np.maximum(decibels, np.float32(lowest), out=decibels)
    np.log10(decibels, out=decibels)
    decibels *= np.float32(10 / spec.depth_db)
    decibels += 1
    return decibels


def _level_and_log(power: MelPower, spec: MelSpec, level: ClipLevel) -> LogMel:
    power *= np.float32(spec.log_gain * spec.level / level.mean)
    power += 1
    return np.log10(power, out=power)


def log_mel(waveform: Waveform | Iterable[Waveform], spec: MelSpec) -> LogMel:
    """Normalised log-mel spectrogram, float32 [frames, n_mels] (:func:`normalise`).

    ``waveform``: mono float32 (samples,) at ``spec.sample_rate``, or blocks of it.
    """
    blocks = (waveform,) if isinstance(waveform, np.ndarray) else waveform
    joined = JoinedFrames(spec.n_mels)
    for power in mel_power(blocks, spec):
        joined.append(power)
    return normalise(joined.frames, spec)
