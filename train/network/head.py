"""Fits a linear head on embeddings: all that transfer learning has to learn."""

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

__all__ = [
    "REGULARISATION",
    "Head",
    "HeadExamples",
    "as_layer",
    "cross_fitted",
    "fit_classifier",
    "fit_head",
    "head_probabilities",
    "one_label_each",
]

Head = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Kernel [d, labels] and bias [labels]."""

REGULARISATION = 0.005
"""scikit-learn's C, for embeddings of variance 1."""
_FOLDS = 5
_NEVER = -30.0
"""Bias of a label that there is nothing to learn of."""


@dataclass(frozen=True)
class HeadExamples:
    """The training data of a head: embeddings, each with its targets."""

    embeddings: NDArray[np.float32]
    """[tracks, copies, d]."""
    targets: NDArray[np.float32]
    """[tracks, labels], rows sum to 1; two labels or more have some."""
    weights: NDArray[np.float64]
    """[tracks]: what each counts."""
    balance: float = 0.5
    """As in :class:`melonnx.train.settings.Settings`."""

    def __getitem__(self, rows: NDArray[Any]) -> "HeadExamples":
        """Those of some tracks."""
        return replace(
            self,
            embeddings=self.embeddings[rows],
            targets=self.targets[rows],
            weights=self.weights[rows],
        )


def one_label_each(
    embeddings: NDArray[np.float32], classes: NDArray[np.int64], n_labels: int
) -> HeadExamples:
    """The examples where one label is right for each track: ``classes`` [tracks]."""
    targets = np.eye(n_labels, dtype=np.float32)[classes]
    return HeadExamples(embeddings, targets, np.ones(len(classes)))


def fit_head(examples: HeadExamples) -> Head:
    """:func:`fit_classifier`, folded into one layer (:func:`as_layer`)."""
    return as_layer(fit_classifier(examples), examples.targets.shape[1])


def fit_classifier(examples: HeadExamples) -> Pipeline:
    """Multinomial logistic regression on standardised embeddings.

    A track that several answers are right for is learnt from once for each, weighed by its
    share: the cross-entropy against the shares.
    """
    n_copies, d = examples.embeddings.shape[1:]
    tracks, classes = np.nonzero(examples.targets)
    weights = examples.targets[tracks, classes] * examples.weights[tracks]
    sums = np.bincount(classes, weights, examples.targets.shape[1])
    weights *= (sums.sum() / sums[classes]) ** examples.balance
    scaler = StandardScaler().fit(examples.embeddings.reshape(-1, d))
    model = LogisticRegression(C=REGULARISATION, max_iter=1000)
    model.fit(
        scaler.transform(examples.embeddings[tracks].reshape(-1, d)),
        classes.repeat(n_copies),
        sample_weight=weights.repeat(n_copies),
    )
    return make_pipeline(scaler, model)


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


def cross_fitted(examples: HeadExamples, groups: list[str]) -> NDArray[np.float32]:
    """Probabilities [tracks, labels] from heads that have not seen the track's group.

    Of ``examples`` the first copy is predicted, all are trained on. Few tracks or groups are
    parted into fewer folds.
    """
    classes = examples.targets.argmax(axis=1)
    probabilities = np.zeros(examples.targets.shape, np.float32)
    n_folds = max(2, min(_FOLDS, len(set(groups)), int(np.bincount(classes).max())))
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=0)
    with warnings.catch_warnings():  # of labels with fewer tracks than there are folds
        warnings.simplefilter("ignore", UserWarning)
        parts = list(folds.split(classes, classes, groups))
    for train, test in parts:
        head = fit_head(examples[train])
        probabilities[test] = head_probabilities(examples.embeddings[test, 0], head)
    return probabilities
