"""Makes labels of sub-genres: each is in every part of the split, or counts as its genre.

The network answers with leaves only, so that a genre is the sum of its own: "Rock > Punk", and
"Rock" for music of Rock that is of none of its sub-genres. :attr:`Track.label` is a track's.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from melonnx.train.data.splits import (
    TEST_SHARE,
    Part,
    SplitMethod,
    UnsplittableLabelError,
    separate_groups,
    split_tracks,
)
from melonnx.train.data.tracks import DataSetError, Track
from melonnx.train.progress import Say

__all__ = ["labels_and_parents", "split_labels"]

_PARTS = 3


def labels_and_parents(tracks: Iterable[Track]) -> tuple[tuple[str, ...], dict[str, str]]:
    """The labels of ``tracks``, sorted, and the genre of each; none where no track has a
    sub-genre.

    Raises DataSetError where two sub-genres would be one label: titles with " > " in them.
    """
    titles = sorted({(track.label, track.genre, track.subgenre) for track in tracks})
    for (label, *one), (other_label, *other) in pairwise(titles):
        if label == other_label:
            raise DataSetError(f"{one} and {other} would both be called {label!r}; rename one")
    labels = tuple(label for label, _, _ in titles)
    has_tree = any(subgenre for _, _, subgenre in titles)
    return labels, {label: genre for label, genre, _ in titles} if has_tree else {}


def split_labels(
    tracks: Sequence[Track],
    method: SplitMethod,
    seed: int,
    say: Say,
    test_share: float = TEST_SHARE,
) -> tuple[list[Track], list[Part]]:
    """Split as :func:`split_tracks` does; a sub-genre that cannot be in each part loses its name.

    That is one with fewer than three artists (groups), or whose artists' parts are settled by
    their other music. Its tracks join those of its genre that name no sub-genre; where these
    cannot be in each part either, the genre's smallest sub-genre joins them. Returns the tracks
    as they are then, and their parts; ``say`` is told in one line which lost their names.

    Raises DataSetError where a whole genre cannot be in each part.
    """
    if method == "none":
        return list(tracks), split_tracks(tracks, method, seed)
    settled = _without(tracks, _too_small(tracks, method))
    while True:
        try:
            parts = split_tracks(settled, method, seed, test_share)
        except UnsplittableLabelError as error:
            lost = _to_give_up(settled, method, error.label)
            if not lost:
                raise
            settled = _without(settled, {lost})
        else:
            break
    _tell(tracks, settled, method, say)
    return settled, parts


def _too_small(tracks: Sequence[Track], method: SplitMethod) -> set[str]:
    return {
        label for label, groups in separate_groups(tracks, method).items() if len(groups) < _PARTS
    }


def _to_give_up(tracks: Sequence[Track], method: SplitMethod, label: str) -> str:
    """The sub-genre ``label``, or the smallest of the genre ``label``; empty where it has none."""
    subgenres = {t.label: t.genre for t in tracks if t.subgenre}
    if label in subgenres:
        return label
    groups = separate_groups(tracks, method)
    below = [name for name, genre in subgenres.items() if genre == label]
    return min(below, key=lambda name: (len(groups[name]), name), default="")


def _without(tracks: Sequence[Track], labels: set[str]) -> list[Track]:
    return [
        replace(track, subgenre="") if track.subgenre and track.label in labels else track
        for track in tracks
    ]


def _tell(
    before: Sequence[Track],
    after: Sequence[Track],
    method: SplitMethod,
    say: Say,
) -> None:
    lost: dict[str, int] = defaultdict(int)
    for old, new in zip(before, after, strict=True):
        if old.subgenre and not new.subgenre:
            lost[old.label] += 1
    if lost:
        groups = separate_groups(before, method)
        kind = "artists or blocks" if method == "artist" else "songs"
        names = ", ".join(
            f"{label} ({kind} {len(groups[label])}, tracks {lost[label]})" for label in sorted(lost)
        )
        say(f"too few to be in each part, so counted as their genre ({len(lost)}): {names}")
    if any(track.subgenre for track in after):
        labels, parents = labels_and_parents(after)
        say(f"{len(labels)} labels below {len(set(parents.values()))} genres")
