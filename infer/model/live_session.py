"""Keeps a session usable in processes that are forked after it was opened.

A fork copies no threads: a child that would close its parent's session, or onnxruntime's own
environment at its end, waits for threads that it does not have, and so could never end.
"""

import ctypes
import os
from collections.abc import Callable
from threading import Lock
from weakref import WeakSet

import onnxruntime

__all__ = ["LiveSession"]


class LiveSession:
    """A session of onnxruntime; in a forked child, one that the child opens when it needs it.

    ``reopen``: opens it, from what does not change on disk meanwhile. ``session``: the first one.
    """

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        reopen: Callable[[], onnxruntime.InferenceSession],
    ) -> None:
        self._session: onnxruntime.InferenceSession | None = session
        self._reopen = reopen
        self._lock = Lock()
        _LIVE.add(self)

    def get(self) -> onnxruntime.InferenceSession:
        """That of this process; may be called by many threads."""
        session = self._session
        if session is not None:
            return session
        with self._lock:
            if self._session is None:
                self._session = self._reopen()
            return self._session

    def leave_to_parent(self) -> None:
        """Forget the session without closing it: in a child, straight after the fork."""
        if self._session is not None:
            # One reference that nobody gives back, so that its destructor never runs here.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._session))
        self._session = None
        self._lock = Lock()  # another thread of the parent may have held it


_LIVE: WeakSet[LiveSession] = WeakSet()


def _leave_all_to_parent() -> None:
    for live in list(_LIVE):
        live.leave_to_parent()
    _leave_environment_to_parent()


def _leave_environment_to_parent() -> None:
    """Let the process end before the destructors that the parent's libraries registered.

    Python has ended by then, and its files are written. Handlers run in reverse order: first C's
    buffers are written, then ``_exit`` is given the process's own status. Only glibc has
    ``on_exit``; elsewhere a child must end by ``os._exit``, as those of multiprocessing do.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "on_exit"):
        libc.on_exit(libc._exit, None)
        libc.__cxa_atexit(libc.fflush, None, None)


if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(after_in_child=_leave_all_to_parent)
