"""Reads FMA's tree of genres, ``fma_metadata/genres.csv``."""

import csv
from dataclasses import dataclass
from pathlib import Path

from melonnx.train.data.tracks import DataSetError

__all__ = ["Genre", "GenreTree", "read_genre_tree"]


@dataclass(frozen=True)
class Genre:
    """One genre and its place in the tree."""

    title: str
    parent: int | None
    """None for a top genre."""
    top: int
    """The top genre above it; its own id where it is one."""


@dataclass(frozen=True)
class GenreTree:
    """All genres by id."""

    genres: dict[int, Genre]

    def lineage(self, number: int) -> list[str]:
        """Titles from the top genre down to this one. Raises KeyError for an unknown id."""
        genre = self.genres[number]
        above = [] if genre.parent is None else self.lineage(genre.parent)
        return [*above, genre.title]


def read_genre_tree(path: Path) -> GenreTree:
    """Read the columns genre_id, parent (0 for none), title and top_level of ``genres.csv``.

    Raises DataSetError where the file cannot be read, or its genres make no tree.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            genres = {
                int(row["genre_id"]): Genre(
                    row["title"], int(row["parent"]) or None, int(row["top_level"])
                )
                for row in csv.DictReader(file)
            }
    except KeyError as error:
        raise DataSetError(f"{path}: has no column {error.args[0]}") from None
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise DataSetError(f"{path}: cannot be read ({error})") from None
    for number in genres:
        _check_way_up(path, genres, number)
    return GenreTree(genres)


def _check_way_up(path: Path, genres: dict[int, Genre], number: int) -> None:
    at, steps = number, 0
    while (parent := genres[at].parent) is not None:
        steps += 1
        if parent not in genres or steps > len(genres):
            raise DataSetError(f"{path}: genre {number} has no way up to a top genre")
        at = parent
    if at != genres[number].top:
        raise DataSetError(
            f"{path}: genre {number} is under {at}, but its top_level says {genres[number].top}"
        )
