"""macro-F1 is scikit-learn's, and an interval is that of whole artists."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from melonnx.train.evaluate.measures import bootstrap_interval, macro_f1, roc_auc


@pytest.mark.parametrize("names", [np.arange(9), np.array([f"genre {i}" for i in range(9)])])
def test_macro_f1_is_scikit_learns_over_all_labels_of_any_rows(names):
    rng = np.random.default_rng(1)
    for _ in range(20):
        size = int(rng.integers(1, 40))
        true, predicted = names[rng.integers(0, 6, size)], names[rng.integers(0, 9, size)]
        labels = np.union1d(true, predicted)
        score = macro_f1(true, predicted)
        for rows in (np.arange(size), rng.integers(0, size, size)):
            expected = f1_score(
                true[rows], predicted[rows], labels=labels, average="macro", zero_division=0.0
            )
            assert score(rows) == pytest.approx(expected)


def test_roc_auc_is_scikit_learns_with_equal_scores_too():
    rng = np.random.default_rng(4)
    truth, said = rng.random(300) < 0.2, rng.random(300).round(1)
    assert roc_auc(truth, said) == pytest.approx(roc_auc_score(truth, said), abs=1e-12)
    assert roc_auc(truth.astype(np.float32), said) == roc_auc(truth, said)
    assert np.isnan(roc_auc(np.ones(3), said[:3]))
    assert np.isnan(roc_auc(np.zeros(3), said[:3]))


def test_interval_is_wider_when_an_artists_songs_go_together():
    right = np.repeat(np.random.default_rng(0).random(40) < 0.7, 10)

    def score(rows):
        return float(right[rows].mean())

    low, high = bootstrap_interval(score, [str(i // 10) for i in range(400)])
    alone_low, alone_high = bootstrap_interval(score, [str(i) for i in range(400)])
    assert low < alone_low < right.mean() < alone_high < high
    # Forty artists of one mind each: the binomial interval of forty draws.
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(0.7 * 0.3 / 40), rel=0.25)


def test_draws_without_a_score_are_left_out_of_the_interval():
    values = np.array([0.25, 0.25, np.nan])

    def score(rows):
        return float(values[rows].mean())

    assert bootstrap_interval(score, ["a", "b", "c"]) == (0.25, 0.25)
