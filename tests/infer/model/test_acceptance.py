"""The chance that an answer is accepted where songs have several right ones, worked by hand."""

import numpy as np
import pytest

from melonnx.infer.model.acceptance import chances_accepted

GENRES = ("pop", "rock", "jazz")
PROBABILITIES = np.array([0.4, 0.35, 0.25])


def test_without_a_table_it_is_the_probability():
    assert chances_accepted(PROBABILITIES, GENRES, {}) is PROBABILITIES


def test_near_synonyms_are_no_reason_for_doubt():
    accepts = {"pop": {"rock": 0.8}, "jazz": {"jazz": 0.9, "pop": 0.1}}
    chances = chances_accepted(PROBABILITIES, GENRES, accepts)
    np.testing.assert_allclose(chances, [0.4 + 0.8 * 0.35, 0.35, 0.9 * 0.25 + 0.1 * 0.4])
    both = np.stack([PROBABILITIES, PROBABILITIES[::-1]])
    assert chances_accepted(both, GENRES, accepts).shape == (2, 3)


def test_rounding_makes_no_chance_above_one():
    everything = {one: dict.fromkeys(GENRES, 1.0) for one in GENRES}
    thirds = np.array([0.7, 0.2, 0.1 + 1e-16])
    assert chances_accepted(thirds, GENRES, everything).max() <= 1
    assert chances_accepted(thirds, GENRES, everything) == pytest.approx(1)
