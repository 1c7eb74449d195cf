"""One stream out of some bytes and a file from some byte on, without copying the file."""

import io
import os
from typing import Any, BinaryIO, cast

from melonnx.infer.audio.seekable_view import SeekableView

__all__ = ["Joined"]


class Joined(SeekableView):
    """A seekable view of ``prefix`` followed by ``file`` from byte ``start`` on."""

    def __init__(self, prefix: bytes, file: BinaryIO, start: int) -> None:
        self._prefix, self._file, self._start = prefix, file, start
        super().__init__(len(prefix) + file.seek(0, os.SEEK_END) - start)
        fills = isinstance(file, io.BufferedIOBase | Joined)
        self._readinto: Any = cast("Any", file).readinto if fills else None

    def readinto(self, buffer: Any, /) -> int:
        """Fill ``buffer``: a short read would mean the end."""
        behind = self._at - len(self._prefix)
        if behind >= 0 and self._readinto is not None:  # without copies: most of most files
            self._file.seek(behind + self._start)
            n_bytes = self._readinto(buffer)
            self._at += n_bytes
            return n_bytes
        view = memoryview(buffer).cast("B")
        data = self._prefix[self._at : self._at + len(view)]
        self._file.seek(max(0, behind) + self._start)
        data += self._file.read(len(view) - len(data))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)
