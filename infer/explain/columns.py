"""Pools the frames of a track of any length into a bounded number of columns, as they come."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["Columns"]


class Columns:
    """At most ``most`` columns of ``every`` frames each.

    Where the columns grow too many, neighbours join in pairs and ``every`` doubles: a picture
    of hours needs no more memory than one of a minute.

    ``pool``: ``np.add`` for the mean over a column's frames, ``np.minimum`` or ``np.maximum``.
    """

    def __init__(self, width: int, most: int, pool: np.ufunc = np.add) -> None:
        self.every = 1
        self._most = most
        self._pool = pool
        self._buffer = np.empty((2 * most + 1, width), np.float32)
        self._n_columns = 0
        self._begun = np.empty((0, width), np.float32)
        self._n_begun = 0

    def append(self, frames: NDArray[np.float32]) -> None:
        """Take in ``frames`` [n, width]."""
        while len(frames):
            missing = self.every - self._n_begun if self._n_begun else 0
            n_taken = missing + self._most * self.every
            self._append_some(frames[:n_taken], missing)
            frames = frames[n_taken:]

    def _append_some(self, frames: NDArray[np.float32], missing: int) -> None:
        self._begin(frames[:missing])
        frames = frames[missing:]
        n_whole = len(frames) // self.every
        whole = frames[: n_whole * self.every].reshape(n_whole, self.every, frames.shape[1])
        self._add(self._pool.reduce(whole, axis=1))
        self._begin(frames[n_whole * self.every :])
        while self._n_columns > self._most:
            self._join_pairs()

    def _begin(self, frames: NDArray[np.float32]) -> None:
        """Take fewer frames than make a column, or just so many as complete the begun one."""
        if not len(frames):
            return
        self._begun = self._pool.reduce(np.concatenate((self._begun, frames)), 0, keepdims=True)
        self._n_begun += len(frames)
        if self._n_begun == self.every:
            self._add(self._begun)
            self._begun, self._n_begun = self._begun[:0], 0

    def _add(self, columns: NDArray[np.float32]) -> None:
        self._buffer[self._n_columns : self._n_columns + len(columns)] = columns
        self._n_columns += len(columns)

    def _join_pairs(self) -> None:
        if self._n_columns % 2:
            last = self._buffer[self._n_columns - 1 : self._n_columns]
            self._begun = self._pool.reduce(np.concatenate((last, self._begun)), 0, keepdims=True)
            self._n_begun += self.every
        n_pairs = self._n_columns // 2
        pairs = self._buffer[: 2 * n_pairs].reshape(n_pairs, 2, self._buffer.shape[1])
        self._buffer[:n_pairs] = self._pool.reduce(pairs, axis=1)
        self._n_columns = n_pairs
        self.every *= 2

    def pooled(self) -> NDArray[np.float32]:
        """The columns so far, float32 (columns, width); the last may be of fewer frames."""
        joined = np.concatenate((self._buffer[: self._n_columns], self._begun))
        if self._pool is np.add:
            counts = np.full((len(joined), 1), self.every, np.float32)
            counts[self._n_columns :] = self._n_begun
            joined /= counts
        return joined
