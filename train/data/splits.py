"""Splits tracks into training, validation and test, never parting an artist of its own accord."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast, get_args

import numpy as np

from melonnx.train.data.tracks import DataSetError, Track

__all__ = [
    "SPLIT_METHODS",
    "TEST_SHARE",
    "Part",
    "SplitMethod",
    "UnsplittableLabelError",
    "artists_in_several_parts",
    "labels_off_the_official_split",
    "separate_groups",
    "split_tracks",
]

Part = Literal["train", "valid", "test"]
SplitMethod = Literal["artist", "official", "random", "none"]
"""``official`` is the data set's own, for figures that compare with published ones. ``random``
parts artists, so its scores flatter; it is there to show by how much. ``none``: everything is
learnt from, and nothing measured; for a network that another one begins with."""
SPLIT_METHODS: tuple[SplitMethod, ...] = get_args(SplitMethod)

TEST_SHARE = 0.2
"""Of the tracks of a label, unless the user wants another."""
_VALID_SHARE = 0.15

_TRIES_A_LABEL = 8
"""Orders of labels that are tried, each with other draws, where labels share artists."""


class UnsplittableLabelError(DataSetError):
    """A label cannot be in each of the three parts."""

    def __init__(self, label: str, reason: str) -> None:
        super().__init__(reason)
        self.label = label


def split_tracks(
    tracks: Sequence[Track], method: SplitMethod, seed: int, test_share: float = TEST_SHARE
) -> list[Part]:
    """Name the part of each track: about 20% (``test_share``) to test on, 15% to validate on.

    Works label by label (``Track.label``: a genre or a sub-genre), the one with the fewest
    groups first, so that each is in each part, also where artists have songs of several labels;
    whole groups (``Track.group``; single songs if ``random``) are moved. Tracks without an artist
    stay on their side of the official split, if there is one and each part of a label can have
    some: train is trained on, valid and test are held out. ``official`` takes the parts as the
    data set has them.

    Raises UnsplittableLabelError where a label has fewer than three groups, or shares so many
    with others that no split was found, or, ``official``, is not in each part; DataSetError where
    a track has no official part.
    """
    if method == "official":
        return _official_parts(tracks)
    if method == "none":
        return ["train"] * len(tracks)
    members: dict[str, list[int]] = defaultdict(list)
    for index, track in enumerate(tracks):
        members[_group(track, method)].append(index)
    by_label = separate_groups(tracks, method)
    order = [label for _, label in sorted((len(names), label) for label, names in by_label.items())]
    rng = np.random.default_rng(seed)
    tries = _TRIES_A_LABEL * len(order)
    while True:
        try:
            part_of = _part_groups(tracks, members, by_label, order, method, rng, test_share)
            break
        except UnsplittableLabelError as error:
            tries -= 1
            if not tries or len(by_label[error.label]) < len(get_args(Part)):
                raise
            # Earlier labels may have put all of its artists on one side: let it choose first.
            order.remove(error.label)
            order.insert(0, error.label)
    parts: list[Part] = ["train"] * len(tracks)
    for group, part in part_of.items():
        for index in members[group]:
            parts[index] = part
    return parts


def _part_groups(
    tracks: Sequence[Track],
    members: dict[str, list[int]],
    by_label: dict[str, set[str]],
    order: Sequence[str],
    method: SplitMethod,
    rng: np.random.Generator,
    test_share: float,
) -> dict[str, Part]:
    """The part of each group, labels taken in this order: what is given to one binds the next.

    Raises UnsplittableLabelError of the first label that is then not in each part.
    """
    only_pictures = all(track.is_picture for track in tracks)
    part_of: dict[str, Part] = {}
    for label in order:
        groups: list[_Group] = []
        for name in rng.permutation(sorted(by_label[label])).tolist():
            own = [tracks[index] for index in members[name] if tracks[index].label == label]
            with_audio = sum(only_pictures or not track.is_picture for track in own)
            bound = _bound(own) if method == "artist" else ""
            groups.append(_Group(name, len(own), with_audio, bound))
        assigned = _assign(groups, part_of, test_share)
        if len(set(assigned.values())) < len(get_args(Part)):
            # The official parts of this label are too few to keep to: blocks have to do.
            unbound = [replace(group, bound="") for group in groups]
            assigned = _assign(unbound, part_of, test_share)
        if len(set(assigned.values())) < len(get_args(Part)):
            raise UnsplittableLabelError(
                label,
                f"genre {label!r} has {len(groups)} separate artists or blocks; training, "
                "validation and test need one each",
            )
        part_of |= assigned
    return part_of


def separate_groups(tracks: Sequence[Track], method: SplitMethod) -> dict[str, set[str]]:
    """By label, the groups of its tracks; the songs where ``method`` does not mind artists."""
    groups: dict[str, set[str]] = defaultdict(set)
    for track in tracks:
        groups[track.label].add(_group(track, method))
    return dict(groups)


def _group(track: Track, method: SplitMethod) -> str:
    return track.group if method == "artist" else track.song


@dataclass(frozen=True)
class _Group:
    """The tracks of one label that stay together."""

    name: str
    size: int
    with_audio: int
    """Tracks that can be tested on: the runtime takes no pictures, so these count only where
    there is nothing else."""
    bound: str
    """"train" or "held out" where the official split says so, else empty."""


def _bound(tracks: list[Track]) -> str:
    """Where artists are unknown, the official split is what is known of them."""
    splits = {track.split for track in tracks if not track.artist}
    if splits & {"valid", "test"}:
        return "held out"
    return "train" if "train" in splits else ""


def _assign(groups: list[_Group], before: dict[str, Part], test_share: float) -> dict[str, Part]:
    """The part of each group of one label; ``before`` holds those of earlier labels.

    Whole groups are taken in the order of ``groups`` until each part has its share.
    """
    part_of: dict[str, Part] = {
        group.name: before[group.name] for group in groups if group.name in before
    }
    free = [group for group in groups if group.name not in before and group.bound != "train"]
    trains_anyway = "train" in part_of.values() or any(one.bound == "train" for one in groups)
    shares: dict[Part, float] = {"test": test_share, "valid": _VALID_SHARE}
    for part, share in shares.items():
        sizes = {group: group.with_audio if part == "test" else group.size for group in groups}
        need = share * sum(sizes.values())
        need -= sum(size for group, size in sizes.items() if part_of.get(group.name) == part)
        is_validated = "valid" in part_of.values()
        to_come = (part == "test" and not is_validated) + (not trains_anyway)
        while len(free) > to_come:
            usable = [group for group in free if sizes[group]]
            fits = [group for group in usable if sizes[group] < 2 * need]
            if not usable or (not fits and part in part_of.values()):
                break
            group = fits[0] if fits else min(usable, key=lambda one: sizes[one])
            free.remove(group)
            part_of[group.name] = part
            need -= sizes[group]
    for group in groups:
        part_of.setdefault(group.name, "valid" if group.bound == "held out" else "train")
    return part_of


def artists_in_several_parts(tracks: Sequence[Track], parts: Sequence[Part]) -> int:
    """Count the known artists whose tracks are not all in one part."""
    known = {(t.artist, part) for t, part in zip(tracks, parts, strict=True) if t.artist}
    parts_of = Counter(artist for artist, _ in known)
    return sum(count > 1 for count in parts_of.values())


def labels_off_the_official_split(tracks: Sequence[Track], parts: Sequence[Part]) -> list[str]:
    """Name the labels that have tracks without an artist on the other side of that split."""
    return sorted({
        track.label
        for track, part in zip(tracks, parts, strict=True)
        if track.split and not track.artist and (track.split == "train") != (part == "train")
    })  # fmt: skip


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
    there = {(track.label, part) for track, part in zip(tracks, parts, strict=True)}
    for label in sorted({track.label for track in tracks}):
        for part in get_args(Part):
            if (label, part) not in there:
                raise UnsplittableLabelError(
                    label,
                    f"the official split has no {label!r} in its part {part!r}; split by artist "
                    "instead",
                )
    return parts
