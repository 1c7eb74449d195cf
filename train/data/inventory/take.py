"""Takes stock of a data set by decoding all of it: counts, hours, what is broken or there twice."""

import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from melonnx.train.data.inventory.duplicates import (
    Decoded,
    DecodeResult,
    decode_song,
    find_duplicates,
)
from melonnx.train.data.tracks import DataSet, Kind, Track

__all__ = ["GenreCount", "Inventory", "take_inventory"]

_PARTS = ("train", "valid", "test")
_PATHS_PER_JOB = 8

Progress = Callable[[Iterable[DecodeResult], int], Iterable[DecodeResult]]
"""Wraps what comes in, told how many there will be."""


@dataclass(frozen=True)
class GenreCount:
    """What there is of one genre, unreadable files aside."""

    tracks: int
    parts: dict[str, int]
    """Tracks by official part; empty where the data set has no official split."""
    artists: int
    """Known ones."""
    hours: float
    """Of audio that decodes."""


@dataclass(frozen=True)
class Inventory:
    """A data set as it is, rather than as it says it is. Paths are relative to ``root``."""

    root: str
    kind: Kind
    genres: dict[str, GenreCount]
    """By label: sub-genres by themselves, where the tracks have them."""
    total: GenreCount
    skipped: dict[str, int]
    """Tracks left out by the reader, by reason."""
    unreadable: dict[str, str]
    """One line on what is wrong, by path."""
    same_audio: list[list[str]]
    """Files that decode to the very same samples."""
    same_recording: list[list[str]]
    """Files that sound the same from the same start: other codecs, levels or sample rates."""

    def to_dict(self) -> dict[str, Any]:
        """The inventory as JSON values."""
        return asdict(self)


def take_inventory(dataset: DataSet, progress: Progress) -> Inventory:
    """Decode every track once, on all cores, and compare each with each."""
    root, tracks = dataset.root, dataset.tracks
    decoded: dict[Path, Decoded] = {}
    unreadable: dict[str, str] = {}
    for path, result in progress(_decode_all([track.path for track in tracks]), len(tracks)):
        if isinstance(result, Decoded):
            decoded[path] = result
        else:
            unreadable[_relative(path, root)] = result
    readable = [track for track in tracks if track.path in decoded]
    genres = sorted({track.label for track in readable})
    same_audio, same_recording = find_duplicates(decoded)
    return Inventory(
        root=str(root),
        kind=dataset.kind,
        genres={
            genre: _count([track for track in readable if track.label == genre], decoded)
            for genre in genres
        },
        total=_count(readable, decoded),
        skipped=dataset.skipped,
        unreadable=unreadable,
        same_audio=[[_relative(path, root) for path in group] for group in same_audio],
        same_recording=[[_relative(path, root) for path in group] for group in same_recording],
    )


def _decode_all(paths: Sequence[Path]) -> Iterable[DecodeResult]:
    jobs = -(-len(paths) // _PATHS_PER_JOB)
    workers = min(os.cpu_count() or 1, max(1, jobs))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(decode_song, paths, chunksize=_PATHS_PER_JOB)


def _count(tracks: Sequence[Track], decoded: dict[Path, Decoded]) -> GenreCount:
    parts = Counter(track.split for track in tracks if track.split)
    return GenreCount(
        tracks=len(tracks),
        parts={part: parts[part] for part in _PARTS if parts[part]},
        artists=len({track.artist for track in tracks if track.artist}),
        hours=round(sum(decoded[track.path].seconds for track in tracks) / 3600, 4),
    )


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
