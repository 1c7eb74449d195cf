"""A song's answer from its windows': the mean of probabilities, or of logits."""

import numpy as np
import pytest

from melonnx.infer.model.pooling import pool_windows


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def test_of_probabilities_it_is_their_mean():
    by_window = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]], np.float32)
    np.testing.assert_allclose(pool_windows(by_window, "probabilities"), [0.3, 0.55, 0.15], 1e-6)


def test_of_logits_a_linear_head_says_what_it_says_of_the_mean_embedding():
    rng = np.random.default_rng(0)
    embeddings, kernel, bias = (
        rng.normal(size=(9, 20)),
        rng.normal(size=(20, 5)),
        rng.normal(size=5),
    )
    by_window = softmax(embeddings @ kernel + bias)
    wanted = softmax(embeddings.mean(axis=0) @ kernel + bias)
    np.testing.assert_allclose(pool_windows(by_window, "logits"), wanted, atol=1e-12)
    np.testing.assert_allclose(pool_windows(by_window.astype(np.float32), "logits"), wanted, 1e-5)


@pytest.mark.parametrize("pooling", ["probabilities", "logits"])
def test_certain_windows_give_numbers_that_sum_to_one(pooling):
    by_window = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0]], np.float32)
    pooled = pool_windows(by_window, pooling)
    assert np.isfinite(pooled).all()
    assert pooled.sum() == pytest.approx(1)
    assert pooled.argmax() == 0
