"""Holds spectrogram frames as they come, in one array."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["JoinedFrames"]


class JoinedFrames:
    """Concatenates frames as they come; hours of them are then held once, not twice."""

    def __init__(self, n_mels: int) -> None:
        self._buffer = np.empty((512, n_mels), np.float32)
        self._n_frames = 0

    @property
    def frames(self) -> NDArray[np.float32]:
        """All so far, (frames, n_mels), to be written to at will."""
        return self._buffer[: self._n_frames]

    def append(self, block: NDArray[np.float32]) -> None:
        """Take in ``block`` [frames, n_mels]."""
        wanted = self._n_frames + len(block)
        if wanted > len(self._buffer):
            size = (wanted + max(512, wanted // 32), self._buffer.shape[1])
            self._buffer.resize(size, refcheck=False)
        self._buffer[self._n_frames : wanted] = block
        self._n_frames = wanted

    def keep(self, wanted: NDArray[np.bool_]) -> None:
        """Drop the frames of which ``wanted`` (frames,) is False."""
        kept = self.frames[wanted]
        self._buffer[: len(kept)] = kept
        self._n_frames = len(kept)
