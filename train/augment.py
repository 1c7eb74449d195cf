"""Changes log-mel patches so that level, codec and recording do not tell the genre."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

__all__ = ["augment", "mix_up"]

_EQ_KNOTS = 6
_EQ_DEPTH = 0.08
_DEEPEST_FLOOR = 0.25
_LOWEST_CUT = 0.6


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
