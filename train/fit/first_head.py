"""The head that fine-tuning begins with: what the file said of a label, as far as songs bear it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from melonnx.train.network.head import REGULARISATION, Head, HeadExamples, fit_head

__all__ = ["first_head"]


def first_head(
    examples: HeadExamples, labels: Sequence[str], known: Head | None, known_labels: Sequence[str]
) -> Head:
    """:func:`melonnx.train.network.head.fit_head`, held to rows of ``known`` where names agree.

    The likeliest weights where those of a label in ``known_labels`` are expected to be as they
    were, and those of another 0, both with the spread that the usual head expects. Without a name
    in common it is the usual head.
    """
    if known is None or not set(labels) & set(known_labels):
        return fit_head(examples)
    values = examples.embeddings.mean(axis=1).astype(np.float64)
    mean, scale = values.mean(axis=0), values.std(axis=0) + 1e-6
    values = (values - mean) / scale
    expected = np.zeros((values.shape[1] + 1, len(labels)))
    for column, label in enumerate(labels):
        if label in known_labels:
            row = known[0][:, known_labels.index(label)], known[1][known_labels.index(label)]
            expected[:-1, column] = row[0] * scale
            expected[-1, column] = row[1] + mean @ row[0]
    targets = examples.targets * examples.weights[:, None]
    shares = targets.sum(axis=0)
    targets = targets * (shares.sum() / np.where(shares > 0, shares, 1)) ** examples.balance

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(expected.shape)
        logits = values @ weights[:-1] + weights[-1]
        logits -= logits.max(axis=1, keepdims=True)
        logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        wrong = np.exp(logs) * targets.sum(axis=1, keepdims=True) - targets
        moved = weights - expected
        moved[-1] = 0  # of the bias anything is expected
        slope = np.vstack([values.T @ wrong, wrong.sum(axis=0)]) + moved / REGULARISATION
        cost = np.square(moved).sum() / (2 * REGULARISATION) - (targets * logs).sum()
        return float(cost), slope.ravel()

    found = minimize(loss, expected.ravel(), jac=True, method="L-BFGS-B")
    weights = found.x.reshape(expected.shape)
    kernel = weights[:-1] / scale[:, None]
    return kernel.astype(np.float32), (weights[-1] - mean @ kernel).astype(np.float32)
