"""Puts files in place whole or not at all: a changed copy in the old one's, or a new one.

``replacing`` is for other people's files, ``create`` overwrites none, ``writing`` is for our own,
and ``append_line`` for those that grow.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from melonnx.infer.errors import TagError
from melonnx.infer.system import flush_to_disk

__all__ = [
    "append_line",
    "create",
    "remove_strays",
    "replacing",
    "sync_folder",
    "write_text",
    "writing",
]

_PREFIX, _SUFFIX = ".melonnx-", ".part"


@contextmanager
def replacing(path: Path, mtime_ns: int | None = None) -> Iterator[Path]:
    """Yield a copy beside ``path``, which takes its place when the block ends without an error.

    Mode, owner, extended attributes and, where ``mtime_ns`` gives it, the time of change are
    those of the old file. The copy is on disk before it is renamed, the new name before this
    returns. A further hard link to the old file keeps the old content.

    Raises TagError where ``path`` is read-only, its owner cannot be kept, or it was changed
    meanwhile; and OSError.
    """
    before = path.stat()
    if not before.st_mode & 0o222 or not os.access(path, os.W_OK):
        raise TagError("is read-only")
    handle, name = tempfile.mkstemp(_SUFFIX, _PREFIX, path.parent)
    os.close(handle)
    copy = Path(name)
    try:
        shutil.copyfile(path, copy)
        yield copy
        _dress(copy, path, before, mtime_ns)
        with copy.open("rb+") as file:
            flush_to_disk(file.fileno())
        _require_unchanged(path, before)
        copy.replace(path)
    except BaseException:
        with suppress(OSError):
            copy.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def create(target: Path, fill: Callable[[Path], None]) -> None:
    """Make a file that was not there, whole or not at all; raises FileExistsError and OSError."""
    handle, name = tempfile.mkstemp(_SUFFIX, _PREFIX, target.parent)
    part = Path(name)
    try:
        try:
            fill(part)
            flush_to_disk(
                handle
            )  # which can be written to, though the file may be read-only by now
        finally:
            os.close(handle)
        try:
            target.hardlink_to(part)
        except FileExistsError:
            raise
        except OSError:  # a disk without hard links
            if os.path.lexists(target):
                raise FileExistsError(target) from None
            part.rename(target)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    sync_folder(target.parent)


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yield a path to write to, whose file takes the place of ``path`` when the block ends well.

    It lies beside ``path``, has its suffix, and is always of the same name: what a kill leaves
    there is overwritten by the next run. The file is on disk before it is renamed. Where the block
    raises, or the file cannot be put there, it is removed and ``path`` is as it was.

    Raises OSError.
    """
    part = path.with_name(f".part-{path.name}")
    try:
        yield part
        with part.open("rb+") as file:
            flush_to_disk(file.fileno())
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write a text file of ours as :func:`writing` does; names that are no UTF-8 keep their bytes.

    Raises OSError.
    """
    with writing(path) as part:
        part.write_text(text, "utf-8", "surrogateescape", newline="")


def remove_strays(folder: Path) -> None:
    """Remove the copies that a killed run left in ``folder``.

    A run that is at work there meanwhile fails on that file, and changes nothing.
    """
    with suppress(OSError):
        for entry in os.scandir(folder):
            if entry.name.startswith(_PREFIX) and entry.name.endswith(_SUFFIX):
                Path(entry.path).unlink(missing_ok=True)


def append_line(file: IO[bytes], line: bytes) -> bool:
    """Put ``line``, which ends in a newline, on disk at the end of ``file``; or nothing of it.

    ``file``: open for reading and appending. The half line that a killed writer left is ended.
    Whether it is the first line. Raises OSError.
    """
    size = file.seek(0, os.SEEK_END)
    begun = b""
    if size:
        file.seek(size - 1)
        begun = b"" if file.read(1) == b"\n" else b"\n"
    try:
        file.write(begun + line)
        file.flush()
        flush_to_disk(file.fileno())
    except OSError:
        os.ftruncate(file.fileno(), size)
        raise
    return not size


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to disk, where the system can."""
    with suppress(OSError):  # Windows opens no folders; some network disks sync none
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _dress(copy: Path, path: Path, before: os.stat_result, mtime_ns: int | None) -> None:
    now = copy.stat()
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        try:
            os.chown(copy, before.st_uid, before.st_gid)
        except PermissionError:
            raise TagError("belongs to somebody else, whom a new file would not") from None
    changed_ns = copy.stat().st_mtime_ns
    shutil.copystat(path, copy)
    os.utime(copy, ns=(before.st_atime_ns, changed_ns if mtime_ns is None else mtime_ns))


def _require_unchanged(path: Path, before: os.stat_result) -> None:
    now = path.stat()
    if any(
        getattr(now, fact) != getattr(before, fact)
        for fact in ("st_dev", "st_ino", "st_size", "st_mtime_ns")
    ):
        raise TagError("was changed by somebody else meanwhile")
