"""The decisions on the songs of one page, as they are on disk: other tabs and programs write, too.

Every question first reads what was added to the file since; nothing is kept that is not there.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock

from melonnx.infer.results.decisions import (
    Decision,
    Undo,
    append,
    read_from,
)

__all__ = ["Ledger"]


class Ledger:
    """Shared by the threads of a server."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = Lock()
        self._forget()

    def add(self, entry: Decision | Undo) -> None:
        """Write one line, unless it is there. Raises OutputError and ResultsFileError."""
        with self._lock:
            self._read_on()
            if entry.id not in self._seen:
                append(self.file, [entry])
                self._read_on()

    def decided(self) -> dict[str, Decision]:
        """What counts for each song, by path."""
        with self._lock:
            self._read_on()
            return {song: made[-1] for song, made in self._made.items() if made}

    def changes(self, since: int) -> tuple[dict[str, Decision | None], int]:
        """What counts for the songs of which a line was read after number ``since``, and the
        number of the last line.
        """
        with self._lock:
            self._read_on()
            changed = dict.fromkeys(
                song for songs in self._songs[max(0, since) :] for song in songs
            )
            return {song: self._counts(song) for song in changed}, len(self._songs)

    def _counts(self, song: str) -> Decision | None:
        made = self._made.get(song)
        return made[-1] if made else None

    def _forget(self) -> None:
        self._at = 0
        self._seen: dict[str, Decision | Undo] = {}
        self._made: dict[str, list[Decision]] = {}
        self._songs: list[Sequence[str]] = []

    def _read_on(self) -> None:
        if not self.file.exists():
            return
        if self.file.stat().st_size < self._at:  # another file is there now
            self._forget()
        entries, self._at = read_from(self.file, self._at)
        for entry in entries:
            if entry.id in self._seen:
                continue
            self._seen[entry.id] = entry
            if isinstance(entry, Decision):
                for song in entry.songs:
                    self._made.setdefault(song, []).append(entry)
                self._songs.append(entry.songs)
            else:
                self._songs.append(self._undo(entry))

    def _undo(self, entry: Undo) -> Sequence[str]:
        undone = self._seen.get(entry.undo)
        if not isinstance(undone, Decision):
            return ()
        for song in undone.songs:
            with suppress(ValueError):
                self._made[song].remove(undone)
        return undone.songs
