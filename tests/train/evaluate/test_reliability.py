"""Calibration errors are those of a count by hand, and chance is known for what it is."""

import numpy as np
import pytest

from melonnx.train.evaluate.reliability import calibrated_error, calibration_error, reliability_bins

SCORES = np.array([0.95, 0.99, 0.5, 0.52, 1.0])
RIGHT = np.array([True, False, True, False, True])


def test_error_worked_by_hand():
    # Bin 15 (14/15 to 1]: 0.95, 0.99, 1.0 with mean 0.98, two of three right.
    # Bin 8 (7/15 to 8/15]: 0.5, 0.52 with mean 0.51, one of two right.
    expected = 3 / 5 * abs(0.98 - 2 / 3) + 2 / 5 * abs(0.51 - 1 / 2)
    assert calibration_error(SCORES, RIGHT) == pytest.approx(expected)


def test_bins_hold_their_upper_edge_and_empty_ones_are_left_out():
    low, high = reliability_bins(SCORES, RIGHT)
    assert (low.low, low.high) == (7 / 15, 8 / 15)
    assert (low.songs, low.score, low.accuracy) == (2, pytest.approx(0.51), 0.5)
    assert (high.songs, high.accuracy) == (3, pytest.approx(2 / 3))
    edge = reliability_bins(np.array([0.2, 3 / 15 + 1e-9]), np.array([True, True]))
    assert [round(one.high * 15) for one in edge] == [3, 4]


def test_error_is_the_sum_over_the_bins():
    rng = np.random.default_rng(0)
    scores, right = rng.random(500), rng.random(500) < 0.5
    bins = reliability_bins(scores, right)
    gaps = sum(one.songs * abs(one.score - one.accuracy) for one in bins) / 500
    assert calibration_error(scores, right) == pytest.approx(gaps)


def test_true_scores_have_the_error_of_chance_which_more_songs_make_small():
    rng = np.random.default_rng(1)
    few, many = rng.random(100), rng.random(20_000)
    found = [calibration_error(few, rng.random(100) < few) for _ in range(300)]
    assert np.mean(found) == pytest.approx(calibrated_error(few), rel=0.1)
    assert calibrated_error(many) < 0.02 < calibrated_error(few)
