"""Reads a data set of any known layout as a list of tracks."""

from pathlib import Path

from melonnx.infer.library import AUDIO_SUFFIXES
from melonnx.train.fma import is_fma, read_fma
from melonnx.train.gtzan import is_gtzan, read_gtzan
from melonnx.train.track_table import TableRow, read_track_table, skipped_rows
from melonnx.train.tracks import DataSet, DataSetError, Track, require_genres

__all__ = ["read_dataset", "read_folder"]


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
    there is one, ``split``; others are ignored. None takes ``root/tracks.csv`` if that is
    there. Files that the table does not name have no known artist. ``subgenres``: read
    ``root/<genre>/<subgenre>/<file>`` too, and the table's column ``subgenre``, which goes
    before the folder's name.

    Raises DataSetError where fewer than two genres are found, the name of one cannot be printed,
    or the table cannot be used.
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
        tracks.append(Track(path, genre, row.artist, row.split, subgenre))
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
