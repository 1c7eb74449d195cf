"""Batches of songs, some windows of one version of each, and a step of learning from one."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from melonnx.train.network.student import FrontWindows
from melonnx.train.settings import Settings

__all__ = ["learn", "song_batches"]

_Floats = NDArray[np.float32]


def song_batches(
    fronts: Sequence[Sequence[FrontWindows]], settings: Settings, epoch: int, n_batches: int
) -> Iterator[tuple[_Floats, NDArray[np.intp]]]:
    """Every song once, in ``n_batches``; the same for a seed and an epoch.

    ``fronts``: of each song, as it is, then its distorted copies. Yields float32
    [batch, windows_together, ...] of a version of each song, and which songs they are.
    """
    rng = np.random.default_rng((settings.seed, epoch))
    for rows in np.array_split(rng.permutation(len(fronts)), n_batches):
        songs = [fronts[row] for row in rows.tolist()]
        heard = np.stack(
            [_some(own[rng.integers(len(own))], settings.windows_together, rng) for own in songs]
        )
        yield heard, rows


def _some(windows: FrontWindows, count: int, rng: np.random.Generator) -> _Floats:
    """``count`` of a song's windows, none twice where it has enough."""
    some = rng.choice(len(windows), count, replace=len(windows) < count)
    return windows[some].astype(np.float32)


def learn(network: keras.Model, heard: _Floats, answers: _Floats, weights: _Floats) -> float:
    """One step; the loss that it began with."""
    logs: Any = network.train_on_batch(heard, answers, weights)
    return float(logs[0] if isinstance(logs, list | tuple) else logs)
