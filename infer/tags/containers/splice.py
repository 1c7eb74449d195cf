"""Replaces stretches of a file by other bytes, and copies all the rest."""

import mmap
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

__all__ = ["Edit", "View", "mapped", "splice"]

_STEP = 1 << 20

View = bytes | mmap.mmap
"""A file's content, read or mapped into memory."""


class Edit(NamedTuple):
    """The bytes from ``start`` up to ``end`` become ``data``; an empty stretch is an insertion."""

    start: int
    end: int
    data: bytes


@contextmanager
def mapped(path: Path) -> Iterator[View]:
    """The bytes of a file, without reading them all at once; raises OSError."""
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:  # which cannot be mapped
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            yield view


def splice(path: Path, edits: Sequence[Edit]) -> None:
    """Make the edits, which may not overlap, to ``path``; raises OSError.

    Where no byte moves, they are made in place; else a new file takes the place of ``path``. Give
    it a copy: a kill leaves it half changed.
    """
    edits = sorted(edits)
    if all(edit.end - edit.start == len(edit.data) for edit in edits):
        with path.open("rb+") as file:
            for edit in edits:
                file.seek(edit.start)
                file.write(edit.data)
        return
    # Named as replace.py's copies are, so that what a kill leaves is removed as they are.
    handle, name = tempfile.mkstemp(".part", ".melonnx-", path.parent)
    try:
        with os.fdopen(handle, "wb") as new, path.open("rb") as old:
            at = 0
            for edit in edits:
                _copy(old, new, at, edit.start)
                new.write(edit.data)
                at = edit.end
            _copy(old, new, at, old.seek(0, os.SEEK_END))
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink(missing_ok=True)
        raise


def _copy(old: BinaryIO, new: BinaryIO, start: int, end: int) -> None:
    old.seek(start)
    while start < end:
        data = old.read(min(_STEP, end - start))
        new.write(data)
        start += len(data)
