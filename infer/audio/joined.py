"""One stream out of some bytes and a file from some byte on, without copying the file."""

import io
import os
from typing import Any, BinaryIO, cast

from melonnx.infer.audio.seekable_view import SeekableView

__all__ = ["Joined", "from_byte"]


def from_byte(file: BinaryIO, start: int) -> BinaryIO:
    """``file`` (seekable) from byte ``start`` on, at whose place it stands; use no other view."""
    file.seek(start)
    fills = isinstance(file, io.BufferedIOBase)
    return cast("BinaryIO", _Rest(file, start) if fills else Joined(b"", file, start))


class _Rest(SeekableView):
    """A file's place is the view's: a decoder of mp3 reads 80 times a second of music."""

    def __init__(self, file: BinaryIO, start: int) -> None:
        super().__init__(0)
        self._file, self._start = file, start
        self.readinto: Any = cast("Any", file).readinto
        self.read: Any = file.read

    def tell(self) -> int:
        """Byte of the view that comes next."""
        return self._file.tell() - self._start

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As in ``io``; raises ValueError for what lies before the start."""
        if whence == os.SEEK_SET:
            if offset < 0:
                raise ValueError(f"byte {offset} lies before the start")
            return self._file.seek(offset + self._start) - self._start
        at = {os.SEEK_CUR: self._file.tell, os.SEEK_END: lambda: self._file.seek(0, os.SEEK_END)}
        return self.seek(at[whence]() - self._start + offset)


class Joined(SeekableView):
    """A seekable view of ``prefix`` followed by ``file`` from byte ``start`` on."""

    def __init__(self, prefix: bytes, file: BinaryIO, start: int) -> None:
        self._prefix, self._file, self._start = prefix, file, start
        super().__init__(len(prefix) + file.seek(0, os.SEEK_END) - start)
        fills = isinstance(file, io.BufferedIOBase | Joined | _Rest)
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
