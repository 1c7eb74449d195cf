"""Reads GTZAN, with the fault-filtered split where its three lists are there.

Sources: Tzanetakis and Cook, Musical Genre Classification of Audio Signals, 2002; the lists:
Kereliuk, Sturm, Larsen, Deep Learning and Music Adversaries, 2015, published in
https://github.com/coreyker/dnn-mgr (folder ``gtzan``).
"""

import re
from pathlib import Path, PurePosixPath

from melonnx.infer.library.find import AUDIO_SUFFIXES
from melonnx.train.data.readers.track_table import (
    TableRow,
    read_also,
    read_track_table,
    skipped_rows,
)
from melonnx.train.data.tracks import DataSet, DataSetError, Track, require_genres

__all__ = ["is_gtzan", "read_gtzan"]

_LISTS = {
    "train": "train_filtered.txt",
    "valid": "valid_filtered.txt",
    "test": "test_filtered.txt",
}
_AUDIO_FOLDERS = ("genres", "genres_original")
"""As first published, and as on Kaggle."""


def is_gtzan(root: Path) -> bool:
    """Whether one of the lists is there, or every file is named ``<genre>/<genre>.NNNNN``."""
    if any((folder / name).is_file() for folder in _near(root) for name in _LISTS.values()):
        return True
    paths = _audio_files(_audio_folder(root))
    return bool(paths) and all(
        re.fullmatch(rf"{re.escape(path.parent.name)}\.\d{{5}}", path.stem) for path in paths
    )


def read_gtzan(root: Path, artists_table: Path | None = None) -> DataSet:
    """Read ``<genre>/<genre>.NNNNN.*`` in ``root/genres`` or ``root``.

    The three lists of the fault-filtered split, in ``root`` or beside ``genres``, give the
    official parts; tracks in none of them are skipped. Without lists all tracks are read, and
    have the official parts of the table, if it names any. ``artists_table``: as for a plain
    folder, paths relative to the folder of genres; GTZAN itself names no artists.

    Raises DataSetError where some of the lists are missing, or a list cannot be read.
    """
    audio = _audio_folder(root)
    rows = read_track_table(audio, artists_table)
    part_of = _read_lists(root)
    paths = _audio_files(audio)
    keys = {path: f"{path.parent.name}/{path.stem}" for path in paths}
    tracks: list[Track] = []
    for path in paths:
        row = rows.get(path.relative_to(audio).as_posix(), TableRow())
        split = part_of.get(keys[path], "") if part_of else row.split
        if split or not part_of:
            genre = path.parent.name
            also = read_also(path, genre, row.also)
            tracks.append(Track(path, genre, row.artist, split, "", also, row.source))
    require_genres(root, tracks, "<genre>/<genre>.NNNNN.wav with one folder for each genre")
    counts = {
        "in none of the fault-filtered lists": len(paths) - len(tracks),
        "no such file": len(part_of.keys() - set(keys.values())),
    }
    skipped = {reason: count for reason, count in counts.items() if count}
    return DataSet(root, "gtzan", tuple(tracks), skipped | skipped_rows(audio, rows))


def _audio_folder(root: Path) -> Path:
    return next((root / name for name in _AUDIO_FOLDERS if (root / name).is_dir()), root)


def _audio_files(audio: Path) -> list[Path]:
    return [
        path
        for path in sorted(audio.glob("*/*"))
        if path.suffix.lower() in AUDIO_SUFFIXES
        and not path.name.startswith(".")
        and not path.parent.name.startswith(".")
    ]


def _near(root: Path) -> list[Path]:
    return [root, root.parent] if root.name in _AUDIO_FOLDERS else [root]


def _read_lists(root: Path) -> dict[str, str]:
    """Part by ``<genre>/<genre>.NNNNN``: the lists say .wav whatever the files are."""
    for folder in _near(root):
        there = [name for name in _LISTS.values() if (folder / name).is_file()]
        if there:
            break
    else:
        return {}
    missing = [name for name in _LISTS.values() if name not in there]
    if missing:
        raise DataSetError(f"{folder}: has {there[0]} but not {' and '.join(missing)}")
    part_of: dict[str, str] = {}
    for part, name in _LISTS.items():
        try:
            lines = (folder / name).read_text("utf-8").split()
        except (OSError, UnicodeDecodeError) as error:
            raise DataSetError(f"{folder / name}: cannot be read ({error})") from None
        for line in lines:
            key = PurePosixPath(line).with_suffix("").as_posix()
            if part_of.setdefault(key, part) != part:
                raise DataSetError(f"{folder}: {line} is in the lists of two parts")
    return part_of
