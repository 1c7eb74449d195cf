"""Targets share what they should, and every right genre is accepted."""

from pathlib import Path

import numpy as np
import pytest

from melonnx.train.data.targets import accepted_genres, target_shares
from melonnx.train.data.tracks import DataSetError, Track

SONGS = [
    Track(Path("1.mp3"), "pop"),
    Track(Path("2.mp3"), "rock", also=("pop",)),
    Track(Path("3.mp3"), "jazz", also=("pop", "rock")),
]
GENRES = ("jazz", "pop", "rock")


def test_targets_worked_by_hand():
    shares = target_shares(SONGS, GENRES, 0.3)
    expected = [[0, 1, 0], [0, 0.3, 0.7], [0.7, 0.15, 0.15]]
    np.testing.assert_allclose(shares, expected, atol=1e-6)
    np.testing.assert_array_equal(target_shares(SONGS, GENRES, 0)[1:].argmax(axis=1), [2, 0])


def test_a_right_genre_that_is_no_label_is_refused():
    with pytest.raises(DataSetError, match=r"2\.mp3: also names pop, which is none of the labels"):
        target_shares(SONGS[1:], ("jazz", "rock"), 0.3)


def test_accepted_are_all_that_are_right_and_the_model_tells():
    expected = [[False, True, False], [False, True, True], [True, True, True]]
    assert accepted_genres(SONGS, GENRES).tolist() == expected
    assert accepted_genres(SONGS, ("rock", "soul")).tolist() == [
        [False, False], [True, False], [True, False],
    ]  # fmt: skip
    assert accepted_genres([], GENRES).shape == (0, 3)
