"""Parts tracks into training, validation and test, never parting an artist."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import numpy as np

from melonnx.train.datasets import DataSetError, Track

__all__ = ["Part", "SplitMethod", "split_tracks"]

Part = Literal["train", "valid", "test"]
SplitMethod = Literal["artist", "random"]
"""``random`` parts artists, so its scores flatter; it is there to show by how much."""

_SHARES: dict[Part, float] = {"test": 0.2, "valid": 0.15}


def split_tracks(tracks: Sequence[Track], method: SplitMethod, seed: int) -> list[Part]:
    """Name the part of each track: about 20% to test on, 15% to validate on.

    Works genre by genre, the one with the fewest groups first, so that each genre is in each
    part; whole groups (``Track.group``; single tracks if ``random``) are moved. Raises
    DataSetError where a genre has fewer than three groups.
    """
    members: dict[str, list[int]] = defaultdict(list)
    genres: dict[str, set[str]] = defaultdict(set)
    for index, track in enumerate(tracks):
        group = track.group if method == "artist" else str(track.path)
        members[group].append(index)
        genres[track.genre].add(group)
    part_of: dict[str, Part] = {}
    rng = np.random.default_rng(seed)
    for genre, groups in sorted(genres.items(), key=lambda item: (len(item[1]), item[0])):
        if len(groups) < 3:
            raise DataSetError(
                f"genre {genre!r} has {len(groups)} separate artists or blocks; training, "
                "validation and test need one each"
            )
        sizes = {
            group: sum(tracks[index].genre == genre for index in members[group])
            for group in rng.permutation(sorted(groups)).tolist()
        }
        _assign(sizes, part_of)
    parts: list[Part] = ["train"] * len(tracks)
    for group, part in part_of.items():
        for index in members[group]:
            parts[index] = part
    return parts


def _assign(sizes: dict[str, int], part_of: dict[str, Part]) -> None:
    """Give each part its share of one genre in whole groups, taken in the order of ``sizes``."""
    free = {group: size for group, size in sizes.items() if group not in part_of}
    for to_come, (part, share) in zip((2, 1), _SHARES.items(), strict=True):
        taken = sum(sizes[group] for group in sizes if part_of.get(group) == part)
        need = share * sum(sizes.values()) - taken
        while len(free) > to_come:
            fits = [group for group, size in free.items() if size < 2 * need]
            if not fits and taken:
                break
            group = fits[0] if fits else min(free, key=lambda name: free[name])
            part_of[group] = part
            taken += free[group]
            need -= free.pop(group)
    for group in free:
        part_of[group] = "train"
