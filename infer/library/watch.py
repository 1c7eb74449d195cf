"""Looks at folders again and again, and has songs heard that are new or changed.

Looking is all that idle time costs: names, sizes and times of change. A song that is still being
copied waits until two looks find it the same.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from melonnx.infer.errors import JournalError, MelonnxError
from melonnx.infer.library.journal import Identity, file_identity, journal_path
from melonnx.infer.prediction import Prediction
from melonnx.infer.system import lock

__all__ = ["SETTLED_S", "only_watcher", "remembered", "watch_songs"]

SETTLED_S = 30.0
"""Seconds without a change, after which a song that was there from the start is whole."""
_LOOKS_SHARE = 50
"""Looking takes at most one part in so many of the time."""

_Song = str | Prediction


def watch_songs(
    find: Callable[[], Sequence[_Song]],
    hear: Callable[[Sequence[_Song]], bool],
    say: Callable[[str], None],
    *,
    every_s: float,
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Give ``hear`` the songs that ``find`` finds, whenever some are new, changed or gone.

    ``hear`` is given all that are whole, so that what is gone is dropped; where it returns False,
    the watch ends. ``every_s``: seconds between looks, more where a look takes long. A folder that
    is not there, a disk that is full or another run on the same output costs a line, not the
    watch; only the first time an error is raised, since it may be one of the command.
    """
    before: dict[str, Identity] = {}
    done: set[Identity] | None = None
    complaint = ""
    while True:
        began = time.monotonic()
        songs = find()
        now = {song: file_identity(song) for song in songs if isinstance(song, str)}
        looked_s = time.monotonic() - began
        whole = [song for song in songs if isinstance(song, str) and _is_whole(now[song], before)]
        keys = {now[song] for song in whole}
        gone = {key.path for key in done or ()} - {identity.path for identity in now.values()}
        if whole and (done is None or gone or keys - done):
            rows = set(whole)
            try:
                goes_on = hear(
                    [song for song in songs if not isinstance(song, str) or song in rows]
                )
            except MelonnxError as error:
                if done is None:
                    raise
                if str(error) != complaint:
                    say(f"{error}; the next look tries again")
                complaint = str(error)
            else:
                if not goes_on:
                    return
                done, complaint = keys, ""
        elif done is None and not whole and not now:
            reason = next((song.error for song in songs if isinstance(song, Prediction)), None)
            if (reason or "") != complaint:
                say(f"{reason or 'no song is there'}; waiting for songs")
            complaint = reason or ""
        before = {identity.path: identity for identity in now.values()}
        wait(max(every_s, _LOOKS_SHARE * looked_s))


@contextmanager
def only_watcher(output: Path) -> Iterator[None]:
    """No second command watches for the same output. Raises JournalError where one does.

    Between two looks the journal itself is free for others.
    """
    path = Path(f"{journal_path(output)}.watch")
    try:
        with path.open("a") as file:
            try:
                lock(file)
            except OSError:
                raise JournalError(
                    f"{path}: another melonnx classify --watch writes {output} already"
                ) from None
            try:
                yield
            finally:
                with suppress(OSError):  # Windows does not remove what is open
                    path.unlink()
    except OSError as error:
        raise JournalError(f"{path}: cannot be written ({error.strerror})") from None


def remembered(length: Callable[[str], float | None]) -> Callable[[str], float | None]:
    """``length`` of a path, asked once as long as the file there does not change."""
    known: dict[str, tuple[Identity, float | None]] = {}

    def look_up(path: str) -> float | None:
        found = file_identity(path)
        if path not in known or known[path][0] != found:
            known[path] = found, length(path)
        return known[path][1]

    return look_up


def _is_whole(found: Identity, before: dict[str, Identity]) -> bool:
    """Nobody is writing it: it has not changed since the last look, or for long."""
    quiet_s = time.time() - found.mtime_ns / 1e9
    return found.size >= 0 and (before.get(found.path) == found or quiet_s > SETTLED_S)
