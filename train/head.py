"""Fits a linear head on embeddings: all that transfer learning has to learn."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

__all__ = [
    "Head",
    "as_layer",
    "cross_fitted",
    "fit_classifier",
    "fit_head",
    "head_probabilities",
]

Head = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Kernel [d, labels] and bias [labels]."""

_REGULARISATION = 0.005
"""scikit-learn's C, for embeddings of variance 1."""
_FOLDS = 5
_NEVER = -30.0
"""Bias of a label that there is nothing to learn of."""


def fit_head(embeddings: NDArray[np.float32], classes: NDArray[np.int64], n_labels: int) -> Head:
    """:func:`fit_classifier`, folded into one layer (:func:`as_layer`)."""
    return as_layer(fit_classifier(embeddings, classes), n_labels)


def fit_classifier(embeddings: NDArray[np.float32], classes: NDArray[np.int64]) -> Pipeline:
    """Multinomial logistic regression on standardised embeddings.

    ``embeddings`` [tracks, copies, d]; ``classes`` [tracks], two or more different. A label
    weighs by the square root of its share, as in the batches of the other network.
    """
    there, counts = np.unique(classes, return_counts=True)
    weights = dict(zip(there.tolist(), np.sqrt(len(classes) / counts).tolist(), strict=True))
    pipeline = make_pipeline(
        StandardScaler(),
        LogisticRegression(C=_REGULARISATION, max_iter=1000, class_weight=weights),
    )
    return pipeline.fit(
        embeddings.reshape(-1, embeddings.shape[-1]), classes.repeat(embeddings.shape[1])
    )


def as_layer(classifier: Pipeline, n_labels: int) -> Head:
    """What :func:`fit_classifier` gives as one linear layer with ``n_labels`` outputs.

    A label that there was nothing to learn of is never the answer.
    """
    scaler, model = (step for _, step in classifier.steps)
    there = model.classes_
    coefficients, intercept = model.coef_, model.intercept_
    if len(there) == 2:  # scikit-learn keeps the difference of the two logits
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercept = np.concatenate([-intercept, intercept]) / 2
    kernel = np.zeros((coefficients.shape[1], n_labels), np.float32)
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
