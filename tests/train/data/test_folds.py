"""Folds keep artists whole and test each song once."""

from pathlib import Path

import numpy as np
import pytest

from melonnx.train.data.folds import fold_parts
from melonnx.train.data.tracks import DataSetError, Track


def library(n_artists=7, n_each=3):
    """Three genres; the artists have more and fewer songs."""
    return [
        Track(Path(f"/music/{genre}/{artist} {song}.mp3"), genre, f"{genre} artist {artist}")
        for genre in ("folk", "jazz", "rock")
        for artist in range(n_artists)
        for song in range(n_each + artist % 2)
    ]


@pytest.mark.parametrize("n_folds", [2, 5])
@pytest.mark.parametrize("split", ["artist", "random"])
def test_every_song_is_tested_once(n_folds, split):
    tracks = library()
    folds = fold_parts(tracks, n_folds, split, 0)
    assert len(folds) == n_folds
    times = np.array([[part == "test" for part in parts] for parts in folds]).sum(axis=0)
    assert times.tolist() == [1] * len(tracks)
    assert {part for parts in folds for part in parts} == {"train", "test"}
    for parts in folds:
        tested = {t.genre for t, part in zip(tracks, parts, strict=True) if part == "test"}
        assert tested == {"folk", "jazz", "rock"}


def parted_artists(split):
    tracks = library()
    return {
        track.artist
        for parts in fold_parts(tracks, 3, split, 0)
        for track, part in zip(tracks, parts, strict=True)
        if part == "test"
        and any(
            other.artist == track.artist and where == "train"
            for other, where in zip(tracks, parts, strict=True)
        )
    }


def test_no_artist_is_in_two_folds_but_where_the_split_is_random():
    assert parted_artists("artist") == set()
    assert len(parted_artists("random")) > 10


def test_songs_of_unknown_artists_stay_with_their_neighbours():
    tracks = [Track(Path(f"/music/{g}/{n:03}.mp3"), g) for g in ("folk", "rock") for n in range(60)]
    for parts in fold_parts(tracks, 3, "artist", 0):
        for at in range(0, len(tracks), 10):
            assert len(set(parts[at : at + 10])) == 1


def test_the_seed_decides():
    tracks = library()
    first, same, other = (
        fold_parts(tracks, 3, "artist", seed) for seed in (1, 1, 2)
    )  # fmt: skip
    assert first == same
    assert first != other


@pytest.mark.parametrize(
    ("n_folds", "split", "tracks", "reason"),
    [
        (3, "official", library(), "by artist or random, not official"),
        (60, "artist", library(1, 3), "cannot make 60 folds"),
        (3, "artist", library(1, 3) + library(6, 2)[15:], "without folk: each genre"),
    ],
)
def test_what_cannot_be_folded_is_refused(n_folds, split, tracks, reason):
    with pytest.raises(DataSetError, match=reason):
        fold_parts(tracks, n_folds, split, 0)
