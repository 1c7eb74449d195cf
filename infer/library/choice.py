"""Leaves songs out that nobody wants to be asked about: by name, by length, and what is read aloud.

What is left out is counted by reason, and has no row.
"""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property
from pathlib import Path
from typing import Self, TypeVar

from melonnx.infer.audio.length import length_s
from melonnx.infer.prediction import Prediction
from melonnx.infer.units import clock

__all__ = ["Choice", "passed_over"]

_Song = TypeVar("_Song", bound=str | Prediction)
_BOOKS = ".m4b"
"""The suffix of audiobooks."""


@dataclass(frozen=True)
class Choice:
    """What of the songs that were found is wanted."""

    longer_than: float | None = None
    """Seconds; a song of unknown length is wanted."""
    shorter_than: float | None = None
    exclude: tuple[str, ...] = ()
    """Globs of names of files or folders (``*.demo.mp3``, ``Live``), or with a slash of the end of
    a path (``Queen/*``), where ``*`` reaches across folders."""
    named: frozenset[str] = frozenset()
    """Paths that were asked for by name: a book among them is wanted."""
    length: Callable[[str], float | None] = length_s
    """Seconds of the file at a path."""

    @classmethod
    def asked(
        cls,
        longer_than: float | None,
        shorter_than: float | None,
        exclude: Iterable[str] | None,
        paths: Iterable[str] | None,
    ) -> Self:
        """As a command's options say; ``paths``: its arguments."""
        named = frozenset(str(Path(path)) for path in paths or ())
        return cls(longer_than, shorter_than, tuple(exclude or ()), named)

    def of(self, songs: Iterable[_Song], left: Counter[str]) -> Iterator[_Song]:
        """The songs that are wanted, in their order; ``left`` counts the others by reason.

        Paths are asked for their length if need be; predictions know it.
        """
        for song in songs:
            why = self._why_not(song)
            if why:
                left[why] += 1
            else:
                yield song

    def _why_not(self, song: str | Prediction) -> str:
        path = song.path if isinstance(song, Prediction) else song
        if path not in self.named and path[-len(_BOOKS) :].lower() == _BOOKS:
            return "audiobooks (.m4b)"
        if self.exclude and self._is_excluded(path):
            return "by --exclude"
        if (self.longer_than is None and self.shorter_than is None) or "://" in path:
            return ""
        if isinstance(song, Prediction):
            seconds = song.duration_s if song.ok else None
        else:
            seconds = self.length(song)
        if seconds is None:
            return ""
        if self.longer_than is not None and seconds <= self.longer_than:
            return f"not longer than {clock(self.longer_than)}"
        if self.shorter_than is not None and seconds >= self.shorter_than:
            return f"not shorter than {clock(self.shorter_than)}"
        return ""

    def _is_excluded(self, path: str) -> bool:
        path = _comparable(path)
        names, paths = self._patterns
        if paths and any(pattern.match(path) for pattern in paths):
            return True
        return bool(names) and any(
            pattern.match(name) for name in path.split("/") if name for pattern in names
        )

    @cached_property
    def _patterns(self) -> tuple[list[re.Pattern[str]], list[re.Pattern[str]]]:
        """For names, and for whole paths."""
        globs = [_comparable(glob).removesuffix("/") for glob in self.exclude]
        names = [re.compile(translate(glob)) for glob in globs if "/" not in glob]
        # What is inside of a folder that a glob names is excluded, too.
        tails = [end for glob in globs if "/" in glob for end in (glob, f"{glob}/*")]
        wholes = [whole for tail in tails for whole in (tail, f"*/{tail}")]
        return names, [re.compile(translate(whole)) for whole in wholes]


def passed_over(left: Counter[str]) -> str:
    """``passed over: 3 audiobooks (.m4b), 12 not longer than 0:30``; "" where nothing was."""
    said = ", ".join(f"{count:,} {why}" for why, count in sorted(left.items()))
    return said and f"passed over: {said}"


def _comparable(path: str) -> str:
    """With one spelling of "é", slashes, and where the system does not tell them apart, small."""
    path = unicodedata.normalize("NFC", os.path.normcase(path))
    return path.replace(os.sep, "/")
