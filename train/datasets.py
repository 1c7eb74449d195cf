"""Reads a data set as a list of tracks: where the audio is, its genre, and whose it is."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from melonnx.infer.errors import MelonnxError
from melonnx.infer.library import AUDIO_SUFFIXES

__all__ = ["DataSetError", "Track", "read_folder"]


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


def read_folder(root: Path, table: Path | None = None) -> list[Track]:
    """Read ``root/<genre>/<file>``, sorted by path.

    ``table``: a CSV with the columns ``path`` (relative to ``root``) and ``artist``; other
    columns are ignored. None takes ``root/tracks.csv`` where there is one. Files that the
    table does not name have no known artist.

    Raises DataSetError where fewer than two genres are found or the table cannot be used.
    """
    if not root.is_dir():
        raise DataSetError(f"{root}: no such folder")
    if table is None and (root / "tracks.csv").is_file():
        table = root / "tracks.csv"
    artists = {} if table is None else _read_artists(table)
    tracks = [
        Track(path, path.parent.name, artists.get(path.relative_to(root).as_posix(), ""))
        for path in sorted(root.glob("*/*"))
        if path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".")
    ]
    if len({track.genre for track in tracks}) < 2:
        raise DataSetError(
            f"{root}: holds {len(tracks)} tracks of fewer than two genres; expected "
            "<genre>/<file> with one folder for each genre"
        )
    return tracks


def _read_artists(table: Path) -> dict[str, str]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            missing = {"path", "artist"} - set(rows.fieldnames or ())
            if missing:
                raise DataSetError(f"{table}: has no column {' and '.join(sorted(missing))}")
            return {row["path"]: row["artist"].strip() for row in rows}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataSetError(f"{table}: cannot be read ({error})") from None
