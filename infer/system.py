"""What the operating systems do otherwise: locks, flushing to disk, pipes that are closed, long
paths.

Nothing else in ``infer`` asks which system it runs on.
"""

import errno
import ntpath
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar

__all__ = [
    "flush_to_disk",
    "has_gone",
    "let_others_first",
    "lock",
    "reachable",
    "real_path",
    "spelt_short",
    "takes_colours",
    "unless_interrupted",
]

_T = TypeVar("_T")
_LONG = 220
"""Letters from which on the long form is used. Windows finds no file of 260, unless its registry
says otherwise, and what is made beside a file may have a longer name."""


def lock(file: IO[Any]) -> None:
    """Lock a file for this process, as long as it is open.

    Raises OSError with EAGAIN or EACCES where another has it. Where the system has no locks at
    all, nothing is locked.
    """
    try:
        import fcntl
    except ModuleNotFoundError:
        _lock_as_windows_does(file)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _lock_as_windows_does(file: IO[Any]) -> None:
    """A byte far behind the end: what is locked cannot be read by others, nor by us twice."""
    try:
        import msvcrt
    except ModuleNotFoundError:
        return
    windows: Any = msvcrt
    place = file.tell()
    file.seek(1 << 40)
    try:
        windows.locking(file.fileno(), windows.LK_NBLCK, 1)
    finally:
        file.seek(place)


def flush_to_disk(handle: int) -> None:
    """Wait until a file's bytes are on the disk itself; raises OSError.

    A Mac's fsync only hands them to the disk, which may hold them for long; its F_FULLFSYNC waits,
    where the disk knows it.
    """
    if sys.platform == "darwin":
        import fcntl

        system: Any = fcntl
        try:
            system.fcntl(handle, system.F_FULLFSYNC)
        except OSError:
            pass
        else:
            return
    os.fsync(handle)


def let_others_first() -> None:
    """Run, with what this process starts, where no other process has work."""
    if sys.platform == "win32":
        import ctypes

        kernel: Any = ctypes.WinDLL("kernel32")
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), 0x40)  # IDLE_PRIORITY_CLASS
        return
    os.nice(19)


def reachable(path: str) -> str:
    """What the system is to be given for ``path``: on Windows, a long one in its long form.

    That form takes no "..", no "/" and no relative path, which are resolved here.
    """
    if sys.platform != "win32":
        return path
    whole = ntpath.abspath(path)
    if len(whole) < _LONG or whole.startswith(("\\\\?\\", "\\\\.\\")):
        return path
    if whole.startswith("\\\\"):  # a share
        return "\\\\?\\UNC" + whole[1:]
    return "\\\\?\\" + whole


def real_path(path: str | os.PathLike[str]) -> Path:
    """The file itself, of whatever length its path is: links are followed.

    Raises OSError where nothing is there, RuntimeError for a link to itself, ValueError for a NUL.
    """
    return Path(reachable(os.fspath(path))).resolve(strict=True)


def spelt_short(path: Path) -> str:
    """A path as people write it, without what ``reachable`` put before it."""
    text = str(path)
    if sys.platform != "win32" or not text.startswith("\\\\?\\"):
        return text
    return "\\\\" + text[8:] if text.startswith("\\\\?\\UNC\\") else text[4:]


def takes_colours(stream: IO[str]) -> bool:
    """A terminal that knows them; Windows' old one prints them as letters."""
    asked_for_none = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    is_old = sys.platform == "win32" and "WT_SESSION" not in os.environ
    return stream.isatty() and not asked_for_none and not is_old


def has_gone(error: OSError) -> bool:
    """Whoever read our output has gone: Windows calls a closed pipe an invalid argument."""
    return isinstance(error, BrokenPipeError) or (
        sys.platform == "win32" and error.errno == errno.EINVAL
    )


def unless_interrupted(call: Callable[[], _T], instead: _T) -> _T:
    """What ``call`` returns, or ``instead`` where a signal broke it off.

    Elsewhere Python waits on after a signal; on Windows it raises InterruptedError.
    """
    try:
        return call()
    except InterruptedError:
        return instead
