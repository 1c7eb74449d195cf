"""Reads a data set of any known layout as a list of tracks."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from melonnx.infer.library.find import AUDIO_SUFFIXES
from melonnx.train.data.readers.fma import is_fma, read_fma
from melonnx.train.data.readers.gtzan import is_gtzan, read_gtzan
from melonnx.train.data.readers.track_table import (
    TableRow,
    read_also,
    read_track_table,
    skipped_rows,
)
from melonnx.train.data.tracks import DataSet, DataSetError, Track, require_genres

__all__ = ["read_dataset", "read_datasets", "read_folder"]


def read_datasets(
    roots: Sequence[Path],
    artists_table: Path | None = None,
    *,
    subgenres: bool = False,
    without: Collection[str] = (),
    weights: Mapping[str, float] | None = None,
) -> DataSet:
    """Read one or several folders (:func:`read_dataset`) as one data set.

    An artist of one name is one artist in all of them. ``artists_table`` goes with a single
    folder. ``without``: genres that are not to be told: their songs count as the first other
    genre that is right for them, and are left out where there is none. ``weights``: by source
    (``Track.weight``).

    The root of several is the folder that holds them all. Raises DataSetError as
    :func:`read_dataset` does, and where an ``also`` names what is no genre of a song here, or a
    source or genre is named that no song has.
    """
    if len(roots) > 1 and artists_table is not None:
        raise DataSetError("one table is for one folder; leave --artists out, or name one folder")
    datasets = [read_dataset(root, artists_table, subgenres=subgenres) for root in roots]
    tracks = [track for dataset in datasets for track in dataset.tracks]
    skipped: dict[str, int] = {}
    for dataset in datasets:
        for reason, count in dataset.skipped.items():
            skipped[reason] = skipped.get(reason, 0) + count
    _require_known_genres(tracks, without)
    kept = _weighed(_without_genres(tracks, without), weights or {})
    if len(kept) < len(tracks):
        skipped[f"only {' or '.join(sorted(without))}"] = len(tracks) - len(kept)
    root = roots[0] if len(roots) == 1 else Path(os.path.commonpath(roots))
    if without:
        require_genres(root, kept, "songs of two other genres")
    kind = datasets[0].kind if len(datasets) == 1 else "folder"
    return DataSet(root, kind, tuple(kept), skipped)


def read_dataset(
    root: Path, artists_table: Path | None = None, *, subgenres: bool = False
) -> DataSet:
    """Read FMA, GTZAN or ``root/<genre>/<file>``, whichever ``root`` is.

    FMA is known by its ``fma_metadata``, GTZAN by its split lists or by the names of its files.
    ``artists_table``: as in :func:`read_folder`; FMA has artists of its own. ``subgenres``:
    read these too; FMA has a tree of them, GTZAN none.

    Raises DataSetError where the layout is none of these or cannot be used.
    """
    if not root.is_dir():
        raise DataSetError(f"{root}: no such folder")
    if is_fma(root):
        if artists_table is not None:
            raise DataSetError(f"{root}: is FMA, which names its artists; leave --artists out")
        return read_fma(root, subgenres=subgenres)
    if is_gtzan(root):
        return read_gtzan(root, artists_table)
    tracks = read_folder(root, artists_table, subgenres=subgenres)
    skipped = skipped_rows(root, read_track_table(root, artists_table))
    layout = "<genre>/<subgenre>/<file>" if subgenres else "<genre>/<file>"
    elsewhere = len(_audio_files(root, "**/*")) - len(tracks)
    if elsewhere:
        skipped[f"elsewhere than in {layout}"] = elsewhere
    return DataSet(root, "folder", tuple(tracks), skipped)


def read_folder(root: Path, table: Path | None = None, *, subgenres: bool = False) -> list[Track]:
    """Read ``root/<genre>/<file>``, sorted by path; hidden files and folders are none.

    ``table``: a CSV with the columns ``path`` (relative to ``root``), ``artist`` and, where
    there is one, ``split``, ``also`` (other right genres, ``;`` between them) and ``source``;
    others are ignored. None takes ``root/tracks.csv`` if that is
    there. Files that the table does not name have no known artist. ``subgenres``: read
    ``root/<genre>/<subgenre>/<file>`` too, and the table's column ``subgenre``, which goes
    before the folder's name.

    Raises DataSetError where fewer than two genres are found, the name of one cannot be printed,
    or the table cannot be used, also where ``also`` names a song's genre again.
    """
    if not root.is_dir():
        raise DataSetError(f"{root}: no such folder")
    rows = read_track_table(root, table)
    tracks: list[Track] = []
    for path in sorted(_audio_files(root, *(("*/*", "*/*/*") if subgenres else ("*/*",)))):
        relative = path.relative_to(root)
        genre, *below = relative.parts[:-1]
        row = rows.get(relative.as_posix(), TableRow())
        subgenre = row.subgenre or "".join(below) if subgenres else ""
        also = read_also(path, genre, row.also)
        tracks.append(Track(path, genre, row.artist, row.split, subgenre, also, row.source))
    require_genres(root, tracks, "<genre>/<file> with one folder for each genre")
    return tracks


def _audio_files(root: Path, *patterns: str) -> list[Path]:
    return [
        path
        for pattern in patterns
        for path in root.glob(pattern)
        if path.suffix.lower() in AUDIO_SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(root).parts)
    ]


def _require_known_genres(tracks: Sequence[Track], without: Collection[str]) -> None:
    genres = {track.genre for track in tracks}
    for track in tracks:
        strange = set(track.also) - genres - set(without)
        if strange:
            raise DataSetError(
                f"{track.path}: also names {', '.join(sorted(strange))}, which no song here has as "
                f"its genre; there are {', '.join(sorted(genres))}"
            )


def _without_genres(tracks: Sequence[Track], without: Collection[str]) -> list[Track]:
    genres = {genre for track in tracks for genre in track.accepted}
    if not genres.issuperset(without):
        strange = ", ".join(sorted(set(without) - genres))
        raise DataSetError(f"no song is of {strange}; there are {', '.join(sorted(genres))}")
    kept: list[Track] = []
    for track in tracks:
        genres_left = [genre for genre in track.accepted if genre not in without]
        if genres_left:
            first, *also = genres_left
            subgenre = track.subgenre if first == track.genre else ""
            kept.append(replace(track, genre=first, also=tuple(also), subgenre=subgenre))
    return kept


def _weighed(tracks: Sequence[Track], weights: Mapping[str, float]) -> list[Track]:
    sources = {track.source for track in tracks} - {""}
    if not sources.issuperset(weights):
        strange = ", ".join(sorted(set(weights) - sources))
        raise DataSetError(f"no song is from {strange}; there are {', '.join(sorted(sources))}")
    return [replace(track, weight=weights.get(track.source, 1.0)) for track in tracks]
