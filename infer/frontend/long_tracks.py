"""Hears a track of any length in bounded memory: of a long one, it keeps what the windows need."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.arrays import LogMel, MelPower, Waveform
from melonnx.infer.frontend.joined_frames import JoinedFrames
from melonnx.infer.frontend.mel import ClipLevel, Frames, MelSpec, mel_frames, normalise
from melonnx.infer.frontend.silence import Stretch, is_quiet, silences, sounding
from melonnx.infer.frontend.windows import CELLS, sounding_starts, window_starts

__all__ = ["Heard", "hear", "hear_frames"]


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
    silent: list[Stretch] = field(default_factory=list)
    """Stretches without sound, in frames of the track: no window is all of one."""

    @property
    def n_sounding(self) -> int:
        """Frames that are not silent."""
        return self.n_frames - sum(end - begin for begin, end in self.silent)


def hear(blocks: Iterable[Waveform], spec: MelSpec, window: int, hop: int, most: int) -> Heard:
    """Read a track to its end and keep the frames of its windows (:func:`window_starts`).

    ``blocks``: mono float32 at ``spec.sample_rate``. With ``most`` windows at most, no more than
    ``CELLS`` windows' frames are held at a time; with any number (0), all are. Long silence has no
    window, and no part in the track's level.
    """
    return hear_frames(mel_frames(blocks, spec), spec, window, hop, most)


def hear_frames(frames: Iterable[Frames], spec: MelSpec, window: int, hop: int, most: int) -> Heard:
    """The same from mel frames that come in blocks."""
    kept, level, measured = _Kept(spec.n_mels, window, most), ClipLevel(), JoinedFrames(3)
    for power, swing in frames:
        level = level.heard(power)
        measured.append(np.stack((swing, power.sum(axis=1), power.min(axis=1)), axis=1))
        kept.append(power, swing)
    n_frames = level.n_frames
    silent = silences(measured.frames[:, 0], window, spec.frame_seconds)
    if not silent:
        starts = window_starts(n_frames, window, hop, most)
        log_mel = normalise(kept.frames, spec, level)
        return Heard(log_mel, n_frames, starts, [kept.row(start) for start in starts])
    parts = sounding(n_frames, silent)
    is_sound = np.zeros(n_frames, np.bool_)
    for begin, end in parts:
        is_sound[begin:end] = True
    starts = kept.starts(is_sound) or sounding_starts(n_frames, parts, window, hop, most)
    heard = measured.frames[is_sound]
    level = ClipLevel(
        level.loudest,
        float(heard[:, 2].min()),
        float(heard[:, 1].sum(dtype=np.float64)),
        len(heard),
    )
    log_mel = normalise(kept.frames, spec, level)
    np.maximum(log_mel, 0, out=log_mel)  # silence is below the floor of what sounds
    return Heard(log_mel, n_frames, starts, [kept.row(start) for start in starts], silent)


class _Kept:
    """The frames that are held: all, or of a long track whole cells (``window`` frames).

    These are every ``every``-th of those that are not silent. Only what comes before a cell decides
    whether it is held, so that blocks of any size give the same.
    """

    def __init__(self, n_mels: int, window: int, most: int) -> None:
        self._joined = JoinedFrames(n_mels)
        self._window, self._most = window, most
        self._n_frames = 0
        self._is_long = False
        self._every = 1
        self._number = 0
        """Of the cell that is being filled, among those that count."""
        self._cells: list[int] = []
        """Places in the track of those that are held, but for the one that is being filled."""
        self._silent: list[bool] = []
        """Of each of these, as long as the track is not long."""
        self._loudest = self._cell_loudest = 0.0
        self._first = 0

    @property
    def frames(self) -> NDArray[np.float32]:
        """Those that are held, (frames, n_mels)."""
        return self._joined.frames

    def append(self, power: MelPower, swing: NDArray[np.float32]) -> None:
        """Take in ``power`` [frames, n_mels] with ``swing`` (frames,)."""
        if not self._most:
            self._joined.append(power)
            return
        while len(power):
            in_cell = self._n_frames % self._window
            if not in_cell:
                self._make_room()
            part, loudest = power[: self._window - in_cell], swing[: self._window - in_cell]
            self._cell_loudest = max(self._cell_loudest, float(loudest.max()))
            if self._is_held:
                self._joined.append(part)
            self._n_frames += len(part)
            if self._n_frames % self._window == 0:
                self._end_cell()
            power, swing = power[len(part) :], swing[len(part) :]

    def row(self, start: int) -> int:
        """Where the frame ``start`` of the track, the first of its cell, lies in ``frames``."""
        if not self._is_long:
            return start - self._first
        return self._cells.index(start // self._window) * self._window

    def starts(self, is_sound: NDArray[np.bool_]) -> list[int]:
        """Of a long track, ``most`` cells at most that are held and sound for half of their time.

        ``is_sound`` (frames,): of the track. Where none does, those that sound longest; of a track
        that is not long, none.
        """
        if not self._is_long:
            return []
        window = self._window
        shares = [float(is_sound[one * window : (one + 1) * window].mean()) for one in self._cells]
        if (
            not max(shares, default=0.0)
            and self._is_held
            and is_sound[len(is_sound) // window * window :].any()
        ):
            return [self._hold_the_end()]
        least = min(0.5, max(shares))
        cells = [one for one, share in zip(self._cells, shares, strict=True) if share >= least]
        places = np.linspace(0, len(cells) - 1, min(self._most, len(cells))).astype(int).tolist()
        return [cells[place] * window for place in places]

    def _hold_the_end(self) -> int:
        """Hold only the last window, which alone sounds; returns where it starts."""
        begun = self.frames[len(self._cells) * self._window :].copy()
        self._joined = JoinedFrames(begun.shape[1])
        self._joined.append(np.zeros((self._window - len(begun), begun.shape[1]), np.float32))
        self._joined.append(begun)
        self._is_long = False
        self._first = self._n_frames - self._window
        return self._first

    @property
    def _is_held(self) -> bool:
        return self._number % self._every == 0

    def _make_room(self) -> None:
        """For one more cell: the silent ones go first, then every second one."""
        while self._is_held and len(self._cells) >= CELLS:
            if not self._is_long:
                self._is_long = True
                self._keep([not silent for silent in self._silent])
                self._number = len(self._cells)
            else:
                self._keep([place % 2 == 0 for place in range(len(self._cells))])
                self._every *= 2

    def _end_cell(self) -> None:
        self._loudest = max(self._loudest, self._cell_loudest)
        silent = bool(is_quiet(np.full(1, self._cell_loudest, np.float32), self._loudest)[0])
        self._cell_loudest = 0.0
        if self._is_held:
            self._cells.append(self._n_frames // self._window - 1)
            self._silent.append(silent)
        if silent and self._is_long:
            if self._is_held:
                self._keep([True] * (len(self._cells) - 1) + [False])
        else:
            self._number += 1

    def _keep(self, wanted: list[bool]) -> None:
        """Hold on to the cells of which ``wanted`` is True."""
        self._joined.keep(np.repeat(np.array(wanted, np.bool_), self._window))
        self._cells = [one for one, stays in zip(self._cells, wanted, strict=True) if stays]
        self._silent = [one for one, stays in zip(self._silent, wanted, strict=True) if stays]
