"""Parts tracks into training, validation and test, never parting an artist of its own accord."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Literal, cast, get_args

import numpy as np

from melonnx.train.datasets import DataSetError, Track

__all__ = ["SPLIT_METHODS", "Part", "SplitMethod", "artists_in_several_parts", "split_tracks"]

Part = Literal["train", "valid", "test"]
SplitMethod = Literal["artist", "official", "random"]
"""``official`` is the data set's own, for figures that compare with published ones. ``random``
parts artists, so its scores flatter; it is there to show by how much."""
SPLIT_METHODS: tuple[SplitMethod, ...] = get_args(SplitMethod)

_SHARES: dict[Part, float] = {"test": 0.2, "valid": 0.15}


def split_tracks(tracks: Sequence[Track], method: SplitMethod, seed: int) -> list[Part]:
    """Name the part of each track: about 20% to test on, 15% to validate on.

    Works genre by genre, the one with the fewest groups first, so that each genre is in each
    part; whole groups (``Track.group``; single tracks if ``random``) are moved. ``official``
    takes the parts as the data set has them.

    Raises DataSetError where a genre has fewer than three groups, or (``official``) a track
    has no part or a part lacks a genre.
    """
    if method == "official":
        return _official_parts(tracks)
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


def artists_in_several_parts(tracks: Sequence[Track], parts: Sequence[Part]) -> int:
    """Count the known artists whose tracks are not all in one part."""
    known = {(t.artist, part) for t, part in zip(tracks, parts, strict=True) if t.artist}
    parts_of = Counter(artist for artist, _ in known)
    return sum(count > 1 for count in parts_of.values())


def _official_parts(tracks: Sequence[Track]) -> list[Part]:
    without = [track for track in tracks if track.split not in get_args(Part)]
    if len(without) == len(tracks):
        raise DataSetError("this data set has no official split; split by artist instead")
    if without:
        raise DataSetError(
            f"{len(without)} of {len(tracks)} tracks have no official part, {without[0].path} "
            "is one; split by artist instead"
        )
    parts: list[Part] = [cast("Part", track.split) for track in tracks]
    there = {(track.genre, part) for track, part in zip(tracks, parts, strict=True)}
    for genre in sorted({track.genre for track in tracks}):
        for part in get_args(Part):
            if (genre, part) not in there:
                raise DataSetError(
                    f"the official split has no {genre!r} in its part {part!r}; split by artist "
                    "instead"
                )
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
