"""Mel-frequency cepstral coefficients, and how they change, of windows of decibels.

Equal to ``librosa.feature.mfcc`` and ``librosa.feature.delta`` without importing librosa. Both are
linear, a matrix over the bands and one over the frames, so that a waveform twin has them too.
"""

from dataclasses import dataclass, fields
from functools import lru_cache
from math import factorial, inf
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["DELTA_WIDTH", "Mfcc", "cepstrum_matrix", "delta_matrix", "mfcc_windows"]

DELTA_WIDTH = 9
"""Frames that a change is told by: librosa's default."""
_NORMS = ("ortho", "none")


@dataclass(frozen=True)
class Mfcc:
    """The step from a window's decibels to its coefficients; defaults are librosa's."""

    n_mfcc: int = 20
    dct_type: int = 2
    """1, 2 or 3."""
    norm: str = "ortho"
    """Of the DCT: ``ortho`` or ``none``."""
    lifter: float = 0.0
    """0: none. Otherwise coefficient n (from 1) times 1 + lifter / 2 * sin(pi * n / lifter)."""
    deltas: int = 0
    """1: their change over frames is put behind the coefficients; 2: and the change of that."""

    def __post_init__(self) -> None:
        if self.n_mfcc < 1 or self.dct_type not in (1, 2, 3) or self.deltas not in (0, 1, 2):
            raise ValueError(
                f"n_mfcc={self.n_mfcc} must be positive, dct_type={self.dct_type} 1, 2 or 3, "
                f"deltas={self.deltas} 0, 1 or 2"
            )
        if self.norm not in _NORMS or not 0 <= self.lifter < inf:
            raise ValueError(
                f"norm={self.norm!r} must be {' or '.join(_NORMS)}, lifter={self.lifter} 0 or more"
            )

    @property
    def n_features(self) -> int:
        """Numbers of a frame: the coefficients, then their deltas."""
        return self.n_mfcc * (1 + self.deltas)

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Inverse of ``dataclasses.asdict``; ValueError on a missing, unknown or bad field."""
        types = {field.name: type(field.default) for field in fields(cls)}
        if not isinstance(values, dict) or values.keys() != types.keys():
            raise ValueError(f"mfcc must have the fields {', '.join(types)}, not {values!r:.80}")
        for name, type_ in types.items():
            allowed = (int, float) if type_ is float else (type_,)
            if type(values[name]) not in allowed:
                raise ValueError(f"{name} is {values[name]!r}, not of type {type_.__name__}")
        converted: dict[str, Any] = {name: type_(values[name]) for name, type_ in types.items()}
        return cls(**converted)


@lru_cache(maxsize=8)
def cepstrum_matrix(mfcc: Mfcc, n_mels: int) -> NDArray[np.float64]:
    """From decibels to coefficients, [n_mels, n_mfcc], lifter and all; read-only.

    The DCTs of ``scipy.fft.dct``. Source of MFCC: Davis & Mermelstein, IEEE Transactions on
    Acoustics, Speech and Signal Processing 28(4), 1980.
    """
    band = np.arange(n_mels)[:, None]
    number = np.arange(mfcc.n_mfcc)
    ortho = mfcc.norm == "ortho"
    if mfcc.dct_type == 1:
        last = max(1, n_mels - 1)
        matrix = 2 * np.cos(np.pi * band * number / last)
        matrix[[0, -1]] /= 2
        if ortho:
            matrix[[0, -1]] *= np.sqrt(2)
            matrix[:, (number == 0) | (number == last)] /= np.sqrt(2)
            matrix /= np.sqrt(2 * last)
    elif mfcc.dct_type == 2:
        matrix = 2 * np.cos(np.pi * (2 * band + 1) * number / (2 * n_mels))
        if ortho:
            matrix /= np.sqrt(2 * n_mels)
            matrix[:, 0] /= np.sqrt(2)
    else:
        matrix = 2 * np.cos(np.pi * band * (2 * number + 1) / (2 * n_mels))
        matrix[0] /= np.sqrt(2) if ortho else 2
        matrix /= np.sqrt(2 * n_mels) if ortho else 1
    if mfcc.lifter:
        matrix *= 1 + mfcc.lifter / 2 * np.sin(np.pi * (number + 1) / mfcc.lifter)
    matrix.flags.writeable = False
    return matrix


@lru_cache(maxsize=8)
def delta_matrix(order: int, window: int) -> NDArray[np.float64]:
    """From ``window`` frames to their ``order``-th change, [window, window]; read-only.

    The slope (1), or curvature (2), of the parabola or line of that order that fits the nine frames
    around a frame best; at the ends, of the first or last nine. Source: Savitzky & Golay,
    Analytical Chemistry 36(8), 1964.
    """
    half = DELTA_WIDTH // 2
    places = np.arange(-half, half + 1)
    fit = np.linalg.pinv(np.vander(places, order + 1, increasing=True))
    matrix = np.zeros((window, window))
    # Of a polynomial of this order, this derivative is the same wherever it is taken.
    for frame in range(window):
        first = min(max(0, frame - half), window - DELTA_WIDTH)
        matrix[frame, first : first + DELTA_WIDTH] = factorial(order) * fit[order]
    matrix.flags.writeable = False
    return matrix


def mfcc_windows(decibels: NDArray[np.float64], mfcc: Mfcc) -> NDArray[np.float32]:
    """Float32 [windows, frames, n_features] of windows of decibels [windows, frames, n_mels].

    With ``deltas``, ``DELTA_WIDTH`` frames or more.
    """
    coefficients = decibels @ cepstrum_matrix(mfcc, decibels.shape[-1])
    changes = [
        delta_matrix(order, decibels.shape[1]) @ coefficients for order in range(1, mfcc.deltas + 1)
    ]
    return np.concatenate([coefficients, *changes], axis=-1).astype(np.float32)
