"""Augments log-mel patches so that level, codec and recording do not tell the genre."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

__all__ = ["augment", "crop", "mix_up"]

_EQ_KNOTS = 6
_EQ_DEPTH = 0.08
_DEEPEST_FLOOR = 0.25
_LOWEST_CUT = 0.6
_TEMPO = (0.87, 1.15)
_PITCH_BANDS = 4


def crop(log_mel: NDArray[np.floating], window: int, rng: Generator) -> NDArray[np.float32]:
    """A random stretch of a track as float32 (window, n_mels), at another tempo and pitch.

    ``log_mel`` (frames, n_mels); one shorter than the stretch is repeated. The tempo changes
    by up to 15%, the pitch by up to four mel bands, both by resampling the picture.
    """
    length = round(window * rng.uniform(*_TEMPO))
    start = rng.integers(0, max(1, len(log_mel) - length + 1))
    frames = start + np.arange(window) * length // window
    bands = np.arange(log_mel.shape[1]) + rng.uniform(-_PITCH_BANDS, _PITCH_BANDS)
    bands = np.clip(bands, 0, log_mel.shape[1] - 1)
    lower = bands.astype(int)
    upper = np.minimum(lower + 1, log_mel.shape[1] - 1)
    share = (bands - lower).astype(np.float32)
    stretch = log_mel[frames % len(log_mel)].astype(np.float32)
    return stretch[:, lower] * (1 - share) + stretch[:, upper] * share


def augment(patch: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """A changed copy of ``patch``, float32 (frames, n_mels) in [0, 1].

    In turn: a smooth equaliser of up to ±6 dB; half the time a raised floor (less dynamic
    range, as lossy codecs and noise give); one mask in time and one in frequency (SpecAugment,
    Park et al. 2019); a third of the time a band limit, as low-rate sources have.
    """
    n_frames, n_mels = patch.shape
    knots = rng.uniform(-_EQ_DEPTH, _EQ_DEPTH, _EQ_KNOTS)
    equaliser = np.interp(np.linspace(0, _EQ_KNOTS - 1, n_mels), np.arange(_EQ_KNOTS), knots)
    changed = patch + equaliser.astype(np.float32) * (patch > 0)
    if rng.random() < 0.5:
        floor = np.float32(rng.uniform(0, _DEEPEST_FLOOR))
        changed = (changed - floor) / (1 - floor)
    changed = np.clip(changed, 0, 1)
    for axis, size in enumerate((n_frames, n_mels)):
        width = rng.integers(0, size // 6 + 1)
        start = rng.integers(0, size - width + 1)
        masked = slice(start, start + width)
        changed[(slice(None),) * axis + (masked,)] = changed.mean()
    if rng.random() < 1 / 3:
        changed[:, int(rng.uniform(_LOWEST_CUT, 1) * n_mels) :] = 0
    return changed


def mix_up(
    patches: NDArray[np.float32], targets: NDArray[np.float32], alpha: float, rng: Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Blend each patch and its target with another of the batch (Zhang et al., ICLR 2018).

    ``patches`` (batch, frames, n_mels), ``targets`` (batch, labels); the share of the first is
    drawn from Beta(alpha, alpha).
    """
    share = rng.beta(alpha, alpha, len(patches)).astype(np.float32)
    share = np.maximum(share, 1 - share)
    partner = rng.permutation(len(patches))
    of_patch, of_target = share[:, None, None], share[:, None]
    return (
        patches * of_patch + patches[partner] * (1 - of_patch),
        targets * of_target + targets[partner] * (1 - of_target),
    )
