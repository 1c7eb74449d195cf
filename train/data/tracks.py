"""What a data set is: tracks, each with its genre, its artist and its official part."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from melonnx.infer.errors import MelonnxError

__all__ = [
    "DataSet",
    "DataSetError",
    "Kind",
    "Track",
    "require_genres",
    "require_printable",
    "require_subgenres",
]

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
    subgenre: str = ""
    """The level right below the genre; empty where none is named, or none is wanted."""
    also: tuple[str, ...] = ()
    """Other genres that are right for it too."""
    source: str = ""
    """The collection that it is from; empty where none is named."""
    weight: float = 1.0
    """What it counts beside others where it is learnt from. One that counts less than a whole
    song is of labels that are trusted less, so it is not measured on."""

    @property
    def label(self) -> str:
        """What the network should answer: the genre, or "genre > sub-genre"."""
        return f"{self.genre} > {self.subgenre}" if self.subgenre else self.genre

    @property
    def accepted(self) -> tuple[str, ...]:
        """The genres that are right answers, the first one first."""
        return self.genre, *self.also

    @property
    def folder(self) -> str:
        """The name of the folder that holds the genres'."""
        return self.path.parents[2 if self.path.parent.name == self.subgenre else 1].name

    @property
    def is_picture(self) -> bool:
        """There is a log-mel of it, but no audio (``readers/log_mel_pictures.py``)."""
        return self.path.parent.suffix == ".npz"

    @property
    def group(self) -> str:
        """What must stay on one side of a split.

        The artist; where that is unknown, a block of ten neighbours of one genre: files
        numbered in a row are often cut from one album. Official parts divide a block, since
        they are made by people who knew the artists. A picture and the audio of the same
        number are of one group.
        """
        if self.artist:
            return f"artist {self.artist}"
        number = self.number
        if number is None:
            return self.song
        return " ".join(filter(None, ("block", self._series, self.split, str(number // 10))))

    @property
    def song(self) -> str:
        """The same for a picture and the audio of one number, else one for each track."""
        if self.artist or self.number is None:
            return f"song {self.path}"
        return f"song {self._series} {self.number}"

    @property
    def _series(self) -> str:
        """In which numbers run on: a genre, or a sub-genre in a folder of its own."""
        return self.label if self.path.parent.name == self.subgenre else self.genre

    @property
    def number(self) -> int | None:
        """The figures at the end of the name; None where it ends otherwise."""
        match = re.search(r"(\d+)$", self.path.name if self.is_picture else self.path.stem)
        return int(match[1]) if match else None


@dataclass(frozen=True)
class DataSet:
    """The tracks of a folder, and what its reader left out of them."""

    root: Path
    kind: Kind
    tracks: tuple[Track, ...]
    """Sorted by path."""
    skipped: dict[str, int]
    """Tracks that the data set names and that cannot be used, counted by reason."""


def require_genres(root: Path, tracks: Sequence[Track], expected: str) -> None:
    """Raise DataSetError where there is nothing to tell apart; ``expected`` is the layout.

    So, too, where a name cannot be printed (:func:`require_printable`).
    """
    require_printable(root, tracks)
    if len({track.genre for track in tracks}) < 2:
        raise DataSetError(
            f"{root}: holds {len(tracks)} tracks of fewer than two genres; expected {expected}"
        )


def require_printable(root: Path, tracks: Sequence[Track]) -> None:
    """Raise DataSetError where a genre's or sub-genre's name holds control characters.

    No model file may have such a label (:class:`melonnx.infer.model.metadata.ModelInfo`), and
    training would be for nothing.
    """
    for name in sorted({name for track in tracks for name in (track.genre, track.subgenre)}):
        if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name):
            raise DataSetError(
                f"{root}: the genre {name!a} holds characters that cannot be printed; rename it"
            )


def require_subgenres(root: Path, tracks: Sequence[Track]) -> None:
    """Raise DataSetError where no track names a sub-genre."""
    if not any(track.subgenre for track in tracks):
        raise DataSetError(
            f"{root}: names no sub-genres; expected FMA, <genre>/<subgenre>/<file>, or a column "
            "subgenre in the table"
        )
