"""Which window of a song speaks for which of its seconds, and which seconds are silent."""

from typing import NamedTuple

import numpy as np

from melonnx.infer.frontend.long_tracks import Heard
from melonnx.infer.model.metadata import ModelInfo

__all__ = ["Span", "places", "spans"]


class Span(NamedTuple):
    """Some seconds of a song."""

    start_s: float
    end_s: float
    window: int | None
    """That speaks for it; None for silence."""


def places(heard: Heard, info: ModelInfo, duration_s: float) -> list[tuple[float, float]]:
    """Seconds from and to which the model listened, in order; windows that touch are one place."""
    frame_s, found = info.mel_spec.frame_seconds, list[tuple[float, float]]()
    for start in sorted(heard.starts):
        begin, end = start * frame_s, min((start + info.window) * frame_s, duration_s)
        if found and begin <= found[-1][1] + frame_s:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return found


def spans(heard: Heard, info: ModelInfo, duration_s: float) -> list[Span]:
    """What a song of ``duration_s`` seconds consists of, in order and without gaps.

    Each window reaches half-way to its neighbours' middles, and not into silence.
    """
    frame_s = info.mel_spec.frame_seconds
    middles = np.array(heard.starts) + info.window / 2
    edges = (middles[:-1] + middles[1:]) / 2 * frame_s
    bounds = [0.0, *edges.tolist(), duration_s]
    whole = [Span(bounds[i], bounds[i + 1], i) for i in range(len(heard.starts))]
    if not heard.silent:
        return whole
    silent = [
        Span(begin * frame_s, duration_s if end == heard.n_frames else end * frame_s, None)
        for begin, end in heard.silent
    ]
    ends = [0.0, *(end for one in silent for end in one[:2]), duration_s]
    sounding = list(zip(ends[::2], ends[1::2], strict=True))
    cut = [
        Span(max(begin, one.start_s), min(end, one.end_s), one.window)
        for one in whole
        for begin, end in sounding
        if max(begin, one.start_s) < min(end, one.end_s)
    ]
    return sorted([*cut, *silent])
