"""Temperature and threshold do what they are for."""

import numpy as np
import pytest

from melonnx.infer.calibration import scale
from melonnx.train.calibrate import fit_temperature, unsure_threshold


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_made_the_answers_too_sure_is_found(temperature):
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((20_000, 5)) * 2
    honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    classes = np.array([rng.choice(5, p=row) for row in honest])
    found = fit_temperature(scale(honest, 1 / temperature), classes)
    assert found == pytest.approx(temperature, rel=0.1)


def test_threshold_is_the_lowest_score_that_keeps_the_rate():
    scores = np.array([0.95, 0.9, 0.8, 0.7, 0.6, 0.55])
    probabilities = np.stack([scores, 1 - scores], axis=1)
    classes = np.array([0, 0, 0, 1, 0, 1])  # right, right, right, wrong, right, wrong
    assert unsure_threshold(probabilities, classes, 0.8) == 0.6
    assert unsure_threshold(probabilities, classes, 0.9) == 0.8


def test_threshold_where_no_score_reaches_the_rate_is_that_of_the_best():
    scores = np.array([0.95, 0.9, 0.8, 0.7])
    probabilities = np.stack([scores, 1 - scores], axis=1)
    assert unsure_threshold(probabilities, np.array([1, 0, 0, 1]), 0.9) == 0.8
