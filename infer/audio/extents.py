"""One seekable stream out of many parts of a file, without copying the file."""

from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.audio.seekable_view import SeekableView

__all__ = ["Extents"]


class Extents(SeekableView):
    """``file`` as if nothing were in it but some stretches, one behind the other.

    ``starts``, ``lengths``: bytes, int64 (stretches,); where each begins in ``file``, and its size.
    """

    def __init__(self, file: BinaryIO, starts: NDArray[np.int64], lengths: NDArray[np.int64]):
        self._file, self._starts = file, starts
        self._ends = np.cumsum(lengths)
        super().__init__(int(self._ends[-1]) if len(lengths) else 0)

    def readinto(self, buffer: Any, /) -> int:
        """Fill ``buffer``: a short read would mean the end."""
        view = memoryview(buffer).cast("B")
        filled = 0
        part = int(np.searchsorted(self._ends, self._at, side="right"))
        while filled < len(view) and part < len(self._ends):
            left = int(self._ends[part]) - self._at
            length = min(left, len(view) - filled)
            before = int(self._ends[part - 1]) if part else 0
            self._file.seek(int(self._starts[part]) + self._at - before)
            data = self._file.read(length)
            view[filled : filled + len(data)] = data
            filled += len(data)
            self._at += len(data)
            if len(data) < length:  # the file has shrunk
                break
            part += 1
        return filled
