"""Writes a model's labels as genres are written in tags, or as a file says; knows spoken ones."""

import csv
import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from melonnx.infer.errors import ResultsFileError
from melonnx.infer.spelling import fold

__all__ = ["genre_name", "is_spoken", "read_genre_map"]

_ID3_NAMES = {"hiphop": "Hip-Hop", "rnb": "R&B", "chillout": "Chill"}
"""Where it is not the label with a capital (ID3v2.3, appendix A)."""

_SPOKEN = frozenset(
    (
        *("audiobook", "audiobooks", "audiodrama", "audiotheatre", "booksspoken", "spoken"),
        *("podcast", "podcasts", "speech", "spokenword", "audiobuch", "hoerbuch", "hörbuch"),
        *("hoerspiel", "hörspiel", "livreaudio", "audiolibro", "audiolibros", "luisterboek"),
    )
)
"""Genres of what is read aloud: ID3's (101, 183, 184, 186), those of shops, and some languages'."""


def is_spoken(genres: Iterable[str]) -> bool:
    """One of the genres in a file's tags says that it is an audiobook, a podcast or a play.

    >>> is_spoken(["Books & Spoken"])
    True
    """
    return any(fold(genre) in _SPOKEN for genre in genres)


def genre_name(label: str, names: Mapping[str, str]) -> str:
    """The genre that tags get for ``label``; "" where ``names`` has none for it.

    What ``names`` does not mention gets its usual form: "metal" is "Metal", "hiphop" is
    "Hip-Hop"; a label that has capitals is left as it is.
    """
    if label in names:
        return names[label]
    return _ID3_NAMES.get(label) or (label if label != label.lower() else label.title())


def read_genre_map(path: Path) -> dict[str, str]:
    """Genre by label, from a file: TOML, JSON (both flat), or CSV of two columns.

    Raises ResultsFileError.
    """
    try:
        text = path.read_text("utf-8-sig")
        if path.suffix.lower() == ".toml":
            values = tomllib.loads(text)
        elif path.suffix.lower() == ".json":
            values = json.loads(text)
        else:
            rows = [row for row in csv.reader(text.splitlines()) if row]
            values = {label.strip(): genre.strip() for label, genre in rows}
    except OSError as error:
        raise ResultsFileError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError, csv.Error):
        values = None
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values.values()):
        raise ResultsFileError(
            f'{path}: is no map of genres; it should say a genre for each label: metal = "Heavy '
            'Metal" in *.toml, {"metal": "Heavy Metal"} in *.json, metal,Heavy Metal in *.csv'
        )
    return {str(label): genre.strip() for label, genre in values.items()}
