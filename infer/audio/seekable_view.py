"""What all views of a file share: a place in them, and how it is sought."""

import io
import os

__all__ = ["SeekableView"]


class SeekableView(io.RawIOBase):
    """A stream of ``size`` bytes that are made of others; ``readinto`` is each view's own."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._at = 0

    def seekable(self) -> bool:
        """Always."""
        return True

    def readable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Byte of the view that comes next."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As in ``io``; raises ValueError for what lies before the start."""
        at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if at < 0:
            raise ValueError(f"byte {at} lies before the start")
        self._at = at
        return at
