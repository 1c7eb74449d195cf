"""Temperature scaling gives probabilities, whatever the temperature."""

import numpy as np
import pytest

from melonnx.infer.model.calibration import scale


def test_scaling_is_a_softmax_of_divided_logits():
    logits = np.array([[1.0, 0.0, -2.0], [3.0, 3.0, 0.0]])
    honest = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    expected = np.exp(logits / 2) / np.exp(logits / 2).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(scale(honest, 2.0), expected)


@pytest.mark.parametrize("temperature", [1e-310, 0.001, 1000.0])
def test_no_temperature_makes_probabilities_that_are_none(temperature):
    scaled = scale(np.array([0.25, 0.3, 0.45, 0.0], np.float32), temperature)
    assert scaled.sum() == pytest.approx(1)
    assert scaled.argmax() == 2
