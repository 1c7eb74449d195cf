"""What a data set is: tracks, each with its genre, its artist and its official part."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from melonnx.infer.errors import MelonnxError

__all__ = ["DataSet", "DataSetError", "Kind", "Track", "require_two_genres"]

Kind = Literal["fma", "gtzan", "folder"]
"""How the data set is laid out."""


class DataSetError(MelonnxError):
    """The data set is not laid out as its reader expects, or too small to split."""

    status = "data_set"


@dataclass(frozen=True)
class Track:
    """One piece of music with a known genre."""

    path: Path
    genre: str
    artist: str = ""
    """Empty where it is not known."""
    split: str = ""
    """The part that the data set's own split gives it: train, valid or test; empty for none."""

    @property
    def group(self) -> str:
        """What must stay on one side of a split.

        The artist; where that is unknown, a block of ten neighbours: files numbered in a row
        are often cut from one album.
        """
        if self.artist:
            return f"artist {self.artist}"
        match = re.fullmatch(r"(.*?)(\d+)", self.path.stem)
        if match is None:
            return f"file {self.path}"
        return f"block {self.path.parent / match[1]}{int(match[2]) // 10}"


@dataclass(frozen=True)
class DataSet:
    """The tracks of a folder, and what its reader left out of them."""

    root: Path
    kind: Kind
    tracks: tuple[Track, ...]
    """Sorted by path."""
    skipped: dict[str, int]
    """Tracks that the data set names and that cannot be used, counted by reason."""


def require_two_genres(root: Path, tracks: tuple[Track, ...], expected: str) -> None:
    """Raise DataSetError where there is nothing to tell apart; ``expected`` is the layout."""
    if len({track.genre for track in tracks}) < 2:
        raise DataSetError(
            f"{root}: holds {len(tracks)} tracks of fewer than two genres; expected {expected}"
        )
