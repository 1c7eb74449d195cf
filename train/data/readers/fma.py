"""Reads FMA as published: clips in numbered folders, facts in ``fma_metadata/tracks.csv``.

Source: Defferrard, Benzi, Vandergheynst, Bresson, FMA: A Dataset for Music Analysis, ISMIR
2017, and https://github.com/mdeff/fma.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from melonnx.train.data.readers.genre_tree import GenreTree, read_genre_tree
from melonnx.train.data.tracks import DataSet, DataSetError, Track, require_genres

__all__ = ["SUBSETS", "Subset", "is_fma", "read_fma", "read_fma_facts"]

Subset = Literal["small", "medium", "large", "full"]
SUBSETS: tuple[Subset, ...] = get_args(Subset)

_SUBSETS_OF = {
    "fma_small": ("small",),
    "fma_medium": ("small", "medium"),
    "fma_large": ("small", "medium", "large"),
    "fma_full": ("small", "medium", "large", "full"),
}
"""The subsets nest; ``tracks.csv`` names the smallest that a track is in."""

_PARTS = {"training": "train", "validation": "valid", "test": "test"}

_COLUMNS = (
    ("artist", "name"),
    ("artist", "id"),
    ("set", "split"),
    ("set", "subset"),
    ("track", "genre_top"),
)
_NAMED_GENRES = ("track", "genres")

# The 21 clips of fma_medium (6 of them in fma_small) that hold 0 to 27.4 s because the track's
# length was wrong in the metadata: https://github.com/mdeff/fma/wiki, "Excerpts shorter than
# 30s", and https://github.com/mdeff/fma/issues/8. fma_full has these tracks whole.
_SHORT_CLIPS = frozenset(
    (
        *(1486, 5574, 65753, 80391, 98558, 98559, 98560, 98565, 98566, 98567, 98568, 98569),
        *(98571, 99134, 105247, 108924, 108925, 126981, 127336, 133297, 143992),
    )
)

_LONGEST_FIELD = 1 << 24
"""Characters; biographies of artists are fields too."""


@dataclass(frozen=True)
class _Row:
    id: int
    genre: str
    artist: str
    split: str
    subset: str
    named: tuple[int, ...]
    """Ids of the genres that the artist chose; not read unless sub-genres are wanted."""


def is_fma(root: Path) -> bool:
    """Whether ``root`` is an audio folder of FMA's, or holds one or ``fma_metadata``.

    Without metadata too: its numbered folders would pass for genres.
    """
    names = ("fma_metadata", *_SUBSETS_OF)
    return root.name in _SUBSETS_OF or any((root / name).is_dir() for name in names)


def read_fma(root: Path, *, subgenres: bool = False) -> DataSet:
    """Read the tracks of the subset whose folder is there, with artists and official parts.

    ``root`` holds ``fma_metadata`` and one of ``fma_small``, ``fma_medium``, ``fma_large`` and
    ``fma_full``, or is that audio folder. Genres are the top ones, as FMA writes them.

    ``subgenres``: read these too, by ``fma_metadata/genres.csv``. A track's is the first of its
    named genres that is below its top genre, brought up to the level right below that.

    Raises DataSetError where audio, ``tracks.csv`` or ``genres.csv`` is missing or not as
    published.
    """
    audio = _audio_folder(root)
    table = (audio.parent if audio == root else root) / "fma_metadata" / "tracks.csv"
    if not table.is_file():
        raise DataSetError(f"{table}: no such file; unpack fma_metadata.zip in {table.parents[1]}")
    tree = read_genre_tree(table.with_name("genres.csv")) if subgenres else None
    skipped: Counter[str] = Counter()
    tracks: list[Track] = []
    for row in _read_rows(table, named=subgenres):
        if row.subset not in _SUBSETS_OF[audio.name]:
            continue
        path = audio / f"{row.id:06}"[:3] / f"{row.id:06}.mp3"
        if not row.genre:
            skipped["no top genre"] += 1
        elif row.id in _SHORT_CLIPS and audio.name != "fma_full":
            skipped["known to hold less than 30 s"] += 1
        elif not path.is_file():
            skipped["no such file"] += 1
        else:
            part = _PARTS.get(row.split, "")
            tracks.append(Track(path, row.genre, row.artist, part, _subgenre(table, tree, row)))
    found = tuple(sorted(tracks, key=lambda track: track.path))
    require_genres(root, found, f"{audio.name}/NNN/NNNNNN.mp3 of the tracks in {table}")
    return DataSet(root, "fma", found, dict(skipped))


def read_fma_facts(table: Path, subset: Subset) -> list[Track]:
    """The tracks of ``subset`` that have a top genre, by ``table`` alone: no audio is looked for.

    Their paths are the numbers, as they stand in FMA's tables. Raises DataSetError.
    """
    return [
        Track(Path(str(row.id)), row.genre, row.artist, _PARTS.get(row.split, ""))
        for row in _read_rows(table, named=False)
        if row.genre and row.subset in _SUBSETS_OF[f"fma_{subset}"]
    ]


def _subgenre(table: Path, tree: GenreTree | None, row: _Row) -> str:
    if tree is None:
        return ""
    for number in row.named:
        if number not in tree.genres:
            raise DataSetError(f"{table}: track {row.id} names genre {number}, not in genres.csv")
        top, *below = tree.lineage(number)
        if top == row.genre and below:
            return below[0]
    return ""


def _audio_folder(root: Path) -> Path:
    if root.name in _SUBSETS_OF and not (root / "fma_metadata").is_dir():
        return root
    found = [name for name in _SUBSETS_OF if (root / name).is_dir()]
    if not found:
        raise DataSetError(
            f"{root}: has fma_metadata but no audio; expected one of {', '.join(_SUBSETS_OF)}"
        )
    if len(found) > 1:
        raise DataSetError(f"{root}: holds {' and '.join(found)}; name one: {root / found[0]}")
    return root / found[0]


def _read_rows(table: Path, *, named: bool) -> Iterator[_Row]:
    """Stream the 260 MB of ``tracks.csv``: two rows of column names, one of the index's name."""
    limit = csv.field_size_limit(_LONGEST_FIELD)
    try:
        with table.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            wanted = (*_COLUMNS, _NAMED_GENRES) if named else _COLUMNS
            at = _columns(table, wanted, next(rows, []), next(rows, []))
            for row in rows:
                if row[:1] == ["track_id"]:
                    continue
                try:
                    name, artist_id, split, subset, genre, *ids = (row[column] for column in at)
                    numbers = tuple(int(number) for text in ids for number in json.loads(text))
                    # One artist under two ids would leak; two of one name together do no harm.
                    yield _Row(int(row[0]), genre, name or artist_id, split, subset, numbers)
                except (IndexError, ValueError, TypeError):
                    raise DataSetError(
                        f"{table}: line {rows.line_num} is not a track of FMA's; unpack it again"
                    ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataSetError(f"{table}: cannot be read ({error})") from None
    finally:
        csv.field_size_limit(limit)


def _columns(
    table: Path, wanted: Sequence[tuple[str, str]], upper: list[str], lower: list[str]
) -> list[int]:
    position = {names: at for at, names in enumerate(zip(upper, lower, strict=False))}
    missing = [".".join(names) for names in wanted if names not in position]
    if missing:
        raise DataSetError(
            f"{table}: has no column {', '.join(missing)}; expected the file that FMA publishes, "
            "with its two header rows"
        )
    return [position[names] for names in wanted]
