"""Cuts a log-mel spectrogram into the fixed-length patches that the network takes."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.mel import LogMel

__all__ = ["Patches", "patch_batches", "window_starts"]

Patches = NDArray[np.float32]
"""(windows, frames, n_mels)."""


def window_starts(n_frames: int, length: int, hop: int, most: int = 0) -> list[int]:
    """First frame of each window of ``length`` frames over a track of ``n_frames``.

    Windows stand ``hop`` frames apart; the last one ends with the track, so that no frame is
    left out. A track no longer than one window has one, which starts at 0. Where that makes
    more than ``most`` (0: any number), ``most`` are spread evenly from start to end.
    """
    last = max(0, n_frames - length)
    if 0 < most <= (last - 1) // hop + 1:
        return np.linspace(0, last, most).astype(int).tolist() if most > 1 else [last // 2]
    return [*range(0, last, hop), last]


def patch_batches(log_mel: LogMel, length: int, starts: list[int], batch: int) -> Iterator[Patches]:
    """Yield float32 [at most ``batch``, length, n_mels] for the windows at ``starts``, in order.

    A track shorter than one window is repeated until it fills it: silence added at its end
    would be something that the network never heard.
    """
    if len(log_mel) < length:
        log_mel = np.take(log_mel, np.arange(length), axis=0, mode="wrap")
    for at in range(0, len(starts), batch):
        yield np.stack([log_mel[start : start + length] for start in starts[at : at + batch]])
