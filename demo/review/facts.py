"""Reads what the songs' tags say, in the background: title, artist, album, and genres.

Needs mutagen; without it songs are called by their files' names.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Lock, Thread
from typing import Any

from melonnx.infer.tags.together import first_value

__all__ = ["Facts", "FactsReader", "read_facts"]

_FIELDS = {
    "title": ("title", "TIT2", "TT2", "\xa9nam"),
    "artist": ("artist", "TPE1", "TP1", "\xa9ART"),
    "album": ("album", "TALB", "TAL", "\xa9alb"),
}
"""By what is told: Vorbis comments and APE, ID3v2.4 and 2.3, ID3v2.2, MP4."""
_MOST = 200
"""Letters of each."""


@dataclass(frozen=True)
class Facts:
    """Of one song; empty where its tags do not say."""

    title: str = ""
    artist: str = ""
    album: str = ""
    genres: tuple[str, ...] = ()


class FactsReader:
    """Reads song after song in a thread of its own, and tells what is new."""

    def __init__(self) -> None:
        self._paths: Sequence[str] = ()
        self._facts: dict[int, Facts] = {}
        self._news: list[int] = []
        self._lock = Lock()
        self._waiting: deque[int] = deque()
        self._work = Condition()
        self._is_stopped = False
        self._thread = Thread(target=self._run, name="facts", daemon=True)

    def start(self) -> None:
        """Begin with those that are asked for, and wait for others."""
        self._thread.start()

    def ask(self, paths: Sequence[str], rows: Iterable[int]) -> None:
        """Read ``rows`` of ``paths``, those first that are looked at first.

        ``paths`` begins with those that it had the last time.
        """
        with self._work:
            self._paths = paths
            self._waiting.extend(rows)
            self._work.notify()

    def stop(self) -> None:
        """Returns once the song in hand is read."""
        with self._work:
            self._is_stopped = True
            self._work.notify()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def is_done(self) -> bool:
        """Every song was read once."""
        return len(self._facts) == len(self._paths)

    def of(self, row: int) -> Facts:
        """Read now, if they were not."""
        with self._lock:
            known = self._facts.get(row)
        return known if known is not None else self.again(row)

    def again(self, row: int) -> Facts:
        """Read them anew: the file was changed."""
        facts = read_facts(self._paths[row])
        with self._lock:
            if self._facts.get(row) != facts:
                self._facts[row] = facts
                self._news.append(row)
        return facts

    def news(self, since: int, most: int) -> tuple[dict[int, Facts], int]:
        """What was read after number ``since``, and the number of the last of it."""
        with self._lock:
            rows = self._news[since : since + most]
            return {row: self._facts[row] for row in rows}, since + len(rows)

    def _run(self) -> None:
        while True:
            with self._work:
                self._work.wait_for(lambda: self._waiting or self._is_stopped)
                if self._is_stopped:
                    return
                row = self._waiting.popleft()
            self.of(row)


def read_facts(path: str) -> Facts:
    """Of a file; nothing where it cannot be read."""
    try:
        import mutagen

        from melonnx.infer.tags.fields import read_genres
    except ModuleNotFoundError:
        return Facts()
    values = dict.fromkeys(_FIELDS, "")
    found: Any = _or_none(lambda: mutagen.File(path))  # type: ignore[attr-defined]
    if found is not None and found.tags:
        values = {name: first_value(found.tags, keys)[:_MOST] for name, keys in _FIELDS.items()}
    genres = _or_none(lambda: tuple(read_genres(Path(path))))
    return Facts(**values, genres=genres or ())


def _or_none(read: Callable[[], Any]) -> Any:
    """At damage, mutagen raises a dozen kinds of errors."""
    try:
        return read()
    except Exception:
        return None
