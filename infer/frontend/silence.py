"""Finds the stretches of a track that are silence, dither or faint hum: what has no genre."""

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["Stretch", "is_quiet", "pause_frames", "silences", "sounding"]

Stretch = tuple[int, int]
"""Frames: the first, and the one behind the last."""

_QUIET = 2e-4
"""Half the way from the lowest to the highest sample of a frame, so that a constant does not count:
seven steps of 16-bit audio; dither, and hum at -80 dB, stay below it."""
_BELOW_LOUDEST = 0.01
"""A track that is quiet all over is music that somebody turned down: what is silence in it lies
40 dB below its loudest frame."""
_PAUSE_S = 2.5
"""What is shorter is a rest in the music."""
_CLICK_S = 0.2
"""Shorter sounds amid silence are clicks: the edge of a constant, a scratch."""


def is_quiet(swing: NDArray[np.float32], loudest: float) -> NDArray[np.bool_]:
    """Whether each frame is quiet, (frames,).

    ``swing``: half the way from its lowest to its highest sample (``mel.Frames``). ``loudest``: the
    largest of the track.
    """
    return swing <= min(_QUIET, _BELOW_LOUDEST * loudest)


def pause_frames(window: int, frame_s: float) -> int:
    """So many quiet frames in a row are silence; no window that is quiet all over is missed."""
    return min(window, math.ceil(_PAUSE_S / frame_s))


def silences(swing: NDArray[np.float32], window: int, frame_s: float) -> list[Stretch]:
    """The silent stretches of a track, in order; at least one frame is in none of them.

    ``swing`` (frames,): as :func:`is_quiet` takes it. ``window``: frames. ``frame_s``: seconds.
    """
    loudest = float(swing.max(initial=0.0))
    if not loudest:
        return []
    quiet = is_quiet(swing, loudest)
    least = pause_frames(window, frame_s)
    pauses = [one for one in _runs(quiet) if one[1] - one[0] >= least]
    if not pauses:
        return []
    silent = np.zeros(len(swing), np.bool_)
    for begin, end in pauses:
        silent[begin:end] = True
    for begin, end in _runs(~silent):
        if end - begin < _CLICK_S / frame_s:
            silent[begin:end] = True
    return pauses if silent.all() else _runs(silent)


def sounding(n_frames: int, silent: list[Stretch]) -> list[Stretch]:
    """What is left of a track between its silences."""
    ends = [0, *(end for stretch in silent for end in stretch), n_frames]
    return [(a, b) for a, b in zip(ends[::2], ends[1::2], strict=True) if a < b]


def _runs(flags: NDArray[np.bool_]) -> list[Stretch]:
    """Where ``flags`` (frames,) are True."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))
