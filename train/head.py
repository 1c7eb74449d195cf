"""Fits a linear head on embeddings: all that transfer learning has to learn."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler

__all__ = ["Head", "cross_fitted", "fit_head", "head_probabilities"]

Head = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Kernel [d, labels] and bias [labels]."""

_REGULARISATION = 0.005
"""scikit-learn's C, for embeddings of variance 1."""
_FOLDS = 5
_NEVER = -30.0
"""Bias of a label that there is nothing to learn of."""


def fit_head(embeddings: NDArray[np.float32], classes: NDArray[np.int64], n_labels: int) -> Head:
    """Multinomial logistic regression on standardised embeddings, folded into one layer.

    ``embeddings`` [tracks, copies, d]; ``classes`` [tracks], two or more different. A label
    weighs by the square root of its share, as in the batches of the other network.
    """
    n_copies = embeddings.shape[1]
    there, counts = np.unique(classes, return_counts=True)
    weights = dict(zip(there.tolist(), np.sqrt(len(classes) / counts).tolist(), strict=True))
    scaler = StandardScaler().fit(embeddings.reshape(-1, embeddings.shape[-1]))
    model = LogisticRegression(C=_REGULARISATION, max_iter=1000, class_weight=weights)
    model.fit(
        scaler.transform(embeddings.reshape(-1, embeddings.shape[-1])),
        classes.repeat(n_copies),
    )
    coefficients, intercept = model.coef_, model.intercept_
    if len(there) == 2:  # scikit-learn keeps the difference of the two logits
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercept = np.concatenate([-intercept, intercept]) / 2
    kernel = np.zeros((embeddings.shape[-1], n_labels), np.float32)
    bias = np.full(n_labels, _NEVER, np.float32)
    kernel[:, there] = coefficients.T / scaler.scale_[:, None]
    bias[there] = intercept - scaler.mean_ @ kernel[:, there]
    return kernel, bias


def head_probabilities(embeddings: NDArray[np.float32], head: Head) -> NDArray[np.float32]:
    """Softmax [..., labels] of what ``head`` says of ``embeddings`` [..., d]."""
    logits = embeddings @ head[0] + head[1]
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def cross_fitted(
    embeddings: NDArray[np.float32], classes: NDArray[np.int64], groups: list[str], n_labels: int
) -> NDArray[np.float32]:
    """Probabilities [tracks, labels] from heads that have not seen the track's group.

    ``embeddings`` [tracks, copies, d]; the first copy is asked about, all are learnt from.
    """
    answers = np.zeros((len(classes), n_labels), np.float32)
    folds = StratifiedGroupKFold(min(_FOLDS, len(set(groups))), shuffle=True, random_state=0)
    with warnings.catch_warnings():  # of labels with fewer tracks than there are folds
        warnings.simplefilter("ignore", UserWarning)
        parts = list(folds.split(classes, classes, groups))
    for learn, ask in parts:
        head = fit_head(embeddings[learn], classes[learn], n_labels)
        answers[ask] = head_probabilities(embeddings[ask, 0], head)
    return answers
