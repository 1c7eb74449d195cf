"""Folds keep artists whole and test each song once; their scores are what they say."""

import json
from pathlib import Path

import numpy as np
import pytest

from melonnx.train.data.tracks import DataSetError, Track
from melonnx.train.folds import fold_parts, print_folds, score_folds
from melonnx.train.run import Settings


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
    folds = fold_parts(tracks, Settings(folds=n_folds, split=split))
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
        for parts in fold_parts(tracks, Settings(folds=3, split=split))
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
    for parts in fold_parts(tracks, Settings(folds=3)):
        for at in range(0, len(tracks), 10):
            assert len(set(parts[at : at + 10])) == 1


def test_the_seed_decides():
    tracks = library()
    first, same, other = (
        fold_parts(tracks, Settings(folds=3, seed=seed)) for seed in (1, 1, 2)
    )  # fmt: skip
    assert first == same
    assert first != other


@pytest.mark.parametrize(
    ("settings", "tracks", "reason"),
    [
        (Settings(folds=3, split="official"), library(), "by artist or random, not official"),
        (Settings(folds=60), library(1, 3), "cannot make 60 folds"),
        (Settings(folds=3), library(1, 3) + library(6, 2)[15:], "without \\['folk'\\]"),
    ],
)
def test_what_cannot_be_folded_is_refused(settings, tracks, reason):
    with pytest.raises(DataSetError, match=reason):
        fold_parts(tracks, settings)


def test_scores_are_counted_by_hand_and_kept(tmp_path):
    """The second fold has no song of the third label, which then plays no part there."""

    def songs(letters, also=()):
        return [Track(Path("x.mp3"), letter, also=also) for letter in letters]

    right, labels = np.eye(3), ("a", "b", "c")
    answers = [(right[[0, 0, 1, 2]], songs("abbc")), (right[[0, 1, 1, 2]], songs("abbb"))]
    scores = score_folds(answers, labels)
    assert scores.keys() == {"accuracy", "macro_f1"}
    several = [(right[[0, 0, 1, 2]], songs("abb", ("c",)) + songs("c", ("a",))), answers[1]]
    more = score_folds([(right[[2, 0, 1, 2]], several[0][1]), several[1]], labels)
    assert more["accepted_accuracy"] == [0.75, 0.75]
    assert more["accuracy"] == [0.5, 0.75]
    assert scores["accuracy"] == [0.75, 0.75]
    assert scores["macro_f1"] == pytest.approx([(2 / 3 + 2 / 3 + 1) / 3, (1 + 4 / 5) / 2])
    lines: list[str] = []
    print_folds(scores | {"accuracy": [0.5, 0.8]}, tmp_path, lines.append)
    assert lines == [
        "accuracy over the folds: 0.650 ± 0.212 (0.500, 0.800)",
        "macro f1 over the folds: 0.839 ± 0.086 (0.778, 0.900)",
    ]
    kept = json.loads((tmp_path / "folds.json").read_text())
    assert kept == {"accuracy": [0.5, 0.8], "macro_f1": scores["macro_f1"]}
