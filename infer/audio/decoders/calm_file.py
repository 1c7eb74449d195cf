"""A file that raises nothing into a decoder's C code, and keeps what went wrong."""

import os
from collections.abc import Callable
from typing import Any, BinaryIO, cast

__all__ = ["CalmFile"]


class CalmFile:
    """A file that raises nothing: what a decoder's C code calls may not; it would be printed.

    What is before the start is the start, where libsndfile seeks in some damaged files. A read
    that fails is the end of the file, until ``require_whole`` is called.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._error: Exception | None = None
        self.read = self._calmly(file.read, b"")
        if hasattr(file, "readinto"):  # called twice a frame: 2,300 times for 30 s of mp3
            self.readinto = self._calmly(cast("Any", file).readinto, 0)

    def require_whole(self) -> None:
        """Raise what a read has raised."""
        if self._error is not None:
            raise self._error

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As in ``io``, or to the start."""
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError):
            return self._file.seek(0)

    def _calmly(self, call: Callable[[Any], Any], nothing: Any) -> Callable[[Any], Any]:
        def read(wanted: Any) -> Any:
            try:
                return call(wanted)
            except Exception as error:  # each file system has its own
                self._error = self._error or error
                return nothing

        return read

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
