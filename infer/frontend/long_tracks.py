"""Hears a track of any length in bounded memory: of a long one, it keeps what the windows need."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from melonnx.infer.arrays import LogMel, MelPower, Waveform
from melonnx.infer.frontend.joined_frames import JoinedFrames
from melonnx.infer.frontend.mel import ClipLevel, MelSpec, mel_power, normalise
from melonnx.infer.frontend.windows import CELLS, window_starts

__all__ = ["Heard", "hear", "hear_power"]


@dataclass(frozen=True)
class Heard:
    """What was kept of a track's log-mel, and where its windows stand."""

    log_mel: LogMel
    n_frames: int
    """Of the whole track."""
    starts: list[int]
    """First frame of each window, in the track."""
    rows: list[int]
    """The same, in ``log_mel``."""


def hear(blocks: Iterable[Waveform], spec: MelSpec, window: int, hop: int, most: int) -> Heard:
    """Read a track to its end and keep the frames of its windows (:func:`window_starts`).

    ``blocks``: mono float32 at ``spec.sample_rate``. With ``most`` windows at most, no more than
    ``CELLS`` windows' frames are held at a time; with any number (0), all are.
    """
    return hear_power(mel_power(blocks, spec), spec, window, hop, most)


def hear_power(
    powers: Iterable[MelPower], spec: MelSpec, window: int, hop: int, most: int
) -> Heard:
    """The same from mel power [frames, n_mels] that comes in blocks."""
    kept, level, every = JoinedFrames(spec.n_mels), ClipLevel(), 1
    for power in powers:
        cell = np.arange(level.n_frames, level.n_frames + len(power)) // window
        level = level.heard(power)
        kept.append(power[cell % every == 0])
        while most and len(kept.frames) > CELLS * window:
            kept.keep(np.arange(len(kept.frames)) // window % 2 == 0)
            every *= 2
    starts = window_starts(level.n_frames, window, hop, most)
    rows = [start if every == 1 else start // every for start in starts]
    return Heard(normalise(kept.frames, spec, level), level.n_frames, starts, rows)
