"""Cuts a log-mel spectrogram into the fixed-length patches that the network takes."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.arrays import LogMel

__all__ = ["CELLS", "MOST_WINDOWS", "Patches", "patch_batches", "sounding_starts", "window_starts"]

Patches = NDArray[np.float32]
"""(windows, frames, n_mels)."""

CELLS = 256
"""Windows side by side that the runtime holds of a track; from a longer one it takes whole
cells, every second, fourth, … of them."""
MOST_WINDOWS = CELLS // 2
"""A model may ask for so many at most, or for all; of what is held, no two are then the same."""


def window_starts(n_frames: int, length: int, hop: int, most: int = 0) -> list[int]:
    """First frame of each window of ``length`` frames over a track of ``n_frames``.

    Windows stand ``hop`` frames apart; the last one ends with the track, so that no frame is
    left out. A track no longer than one window has one, which starts at 0. Where that makes
    more than ``most`` (0: any number), ``most`` are spread evenly from start to end; over more
    than ``CELLS`` times ``length`` frames, each moves back to the cell that is held there.
    """
    last = max(0, n_frames - length)
    if not 0 < most <= (last - 1) // hop + 1:
        return [*range(0, last, hop), last]
    starts = np.linspace(0, last, most).astype(int) if most > 1 else np.array([last // 2])
    n_cells = -(-n_frames // length)
    every = 1 << max(0, math.ceil(math.log2(n_cells / CELLS)))
    if every > 1:
        starts -= starts % (length * every)
    return starts.tolist()


def sounding_starts(
    n_frames: int, parts: list[tuple[int, int]], length: int, hop: int, most: int = 0
) -> list[int]:
    """The same over what sounds of a track: ``parts``, each its first frame and the one behind it.

    Windows stand side by side in each part, the last one at its end. Where that makes more than
    ``most``, ``most`` are spread evenly over the parts as if these followed upon each other, and
    one that would reach over an end moves back. A part that is shorter than a window begins one,
    or ends one where the track ends.
    """
    starts = [
        begin + start for begin, end in parts for start in window_starts(end - begin, length, hop)
    ]
    if 0 < most < len(starts):
        places = window_starts(sum(end - begin for begin, end in parts), length, hop, most)
        starts = [_place(parts, place, length) for place in places]
    last = max(0, n_frames - length)
    return sorted({min(start, last) for start in starts})


def _place(parts: list[tuple[int, int]], place: int, length: int) -> int:
    """The ``place``-th frame of ``parts``, ``length`` before the end of its part at the latest."""
    for begin, end in parts:
        if place < end - begin:
            return max(begin, min(begin + place, end - length))
        place -= end - begin
    raise IndexError("a place behind all parts")


def patch_batches(log_mel: LogMel, length: int, starts: list[int], batch: int) -> Iterator[Patches]:
    """Yield float32 [at most ``batch``, length, n_mels] for the windows at ``starts``, in order.

    A track shorter than one window is repeated until it fills it: silence added at its end
    would be something that the network never heard.
    """
    if len(log_mel) < length:
        log_mel = np.take(log_mel, np.arange(length), axis=0, mode="wrap")
    for at in range(0, len(starts), batch):
        yield np.stack([log_mel[start : start + length] for start in starts[at : at + batch]])
