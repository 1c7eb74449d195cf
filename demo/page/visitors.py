"""What Gradio remembers of visitors, bounded: much of it, it would keep as long as it runs."""

import asyncio
import ctypes
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import gradio as gr

__all__ = ["forget", "forget_files", "forgetting", "remember_little"]

_IDLE = 16
"""Whose page Gradio remembers though nothing is at work for them: the browser has all of it, a
megabyte with its pictures."""
_UNREAD_S = 60.0
"""For which an answer waits to be fetched: with its pictures it is a megabyte."""
_EVERY_S = 10.0


def remember_little(page: gr.Blocks, at_once: int) -> None:
    """To be called once the page has its queue, where ``at_once`` wait or are at work at most.

    Of the last 10,000 requests Gradio would keep a record, and make a table of them all after
    each one, for a monitor that is not there.
    """
    page.state_session_capacity = at_once + _IDLE
    queue = page._queue
    queue.ANALYTICS_MAX_EVENTS = 1
    queue.ANAYLTICS_CACHE_FREQUENCY = sys.maxsize


def forget(page: gr.Blocks, unread: dict[str, float], now: float) -> None:
    """Drop what nobody will ask for: sessions that have their answers, and answers left unread.

    ``unread``: since when (seconds, as ``now``) an answer lies there, by session; kept up to
    date here. To be called on the event loop, which owns Gradio's queue.
    """
    queue = page._queue
    messages, events = queue.pending_messages_per_session, queue.pending_event_ids_session
    for session in [*messages, *(one for one in events if one not in messages)]:
        pending = events.get(session, set())
        if not pending.isdisjoint(queue.event_ids_to_events):  # waits, or is at work
            unread.pop(session, None)
            continue
        lies_there = bool(pending) and session in messages
        if not lies_there or now - unread.setdefault(session, now) >= _UNREAD_S:
            for place in (messages, events, unread):
                place.pop(session, None)
    for session in unread.keys() - messages.keys():
        del unread[session]
    if queue.server_app is not None:
        queue.server_app.iterators_to_reset.intersection_update(queue.event_ids_to_events)


def forget_files(page: gr.Blocks, older_than_s: float) -> None:
    """Remove the page's files that were last written so long ago, and forget all that are gone.

    Gradio's ``delete_cache`` would stop for good at a file that comes while it looks, and keep
    the path of each that somebody else has removed.
    """
    oldest = time.time() - older_than_s
    for paths in page.temp_file_sets:
        paths.difference_update([one for one in tuple(paths) if _is_gone(Path(one), oldest)])


@asynccontextmanager
async def forgetting(page: gr.Blocks, kept_s: float) -> AsyncIterator[None]:
    """Forget again and again meanwhile, and all files at the end."""

    async def often() -> None:
        unread: dict[str, float] = {}
        while True:
            await asyncio.sleep(min(_EVERY_S, kept_s / 2))
            forget(page, unread, time.monotonic())
            await asyncio.to_thread(forget_files, page, kept_s)
            await asyncio.to_thread(_give_back)

    task: asyncio.Task[Any] = asyncio.create_task(often())
    try:
        yield
    finally:
        task.cancel()
        forget_files(page, 0.0)


def _give_back() -> None:
    """To the system, what is free: of what a rush of visitors took, glibc keeps much."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)


def _is_gone(file: Path, oldest: float) -> bool:
    """It is, or is now."""
    try:
        if file.lstat().st_mtime > oldest:
            return False
        file.unlink(missing_ok=True)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
