"""A linear head fitted to decisions, drawn towards a head that is there: logistic regression by
Newton steps.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LearntHead", "fit", "probabilities", "with_own_labels"]

Floats = NDArray[np.float64]

_STEPS = 20
_INNER = 40
"""Of conjugate gradients, for one Newton step."""
_NEAR = 1e-4
"""A step that moves every weight by less is the last."""
_RARE = -1.0
"""Added to the bias that an own label begins with: it is rarer than those it was taken for."""


@dataclass(frozen=True)
class LearntHead:
    """Logits of a song are ``embedding @ kernel + bias``, calibrated."""

    labels: tuple[str, ...]
    kernel: Floats
    """[d, labels]"""
    bias: Floats
    """[labels]"""


def probabilities(head: LearntHead, embeddings: NDArray[np.floating]) -> Floats:
    """Softmax [songs, labels] of what ``head`` says of ``embeddings`` [songs, d]."""
    return _softmax(embeddings.astype(np.float64) @ head.kernel + head.bias)


def with_own_labels(
    head: LearntHead, own: tuple[str, ...], embeddings: Floats, targets: Floats
) -> LearntHead:
    """``head`` with the further labels ``own``, the last columns of ``targets`` [songs, labels].

    Each begins as what the head takes its songs for, ``embeddings`` [songs, d], and a little rarer.
    """
    n_old = len(head.labels)
    said = probabilities(head, embeddings)
    shares = targets[:, n_old:].T @ said
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    kernel = np.hstack([head.kernel, head.kernel @ shares.T])
    bias = np.concatenate([head.bias, shares @ head.bias + _RARE])
    return LearntHead((*head.labels, *own), kernel, bias)


def fit(
    prior: LearntHead,
    embeddings: Floats,
    targets: Floats,
    strength: Floats,
    spread: Floats,
) -> LearntHead:
    """The head with the least cross-entropy on ``targets`` [songs, labels], whose rows sum to 1,
    plus ``strength`` / 2 [labels] times each label's squared distance from ``prior``.

    ``spread`` [d]: the deviation of each dimension of the embedding in the library, by which
    distances are measured. A strength of some hundreds is what ten songs move a little.
    """
    middle = embeddings.mean(axis=0)
    x = np.hstack([(embeddings - middle) / spread, np.ones((len(embeddings), 1))])
    start = np.vstack([prior.kernel * spread[:, None], prior.bias + middle @ prior.kernel])
    weights = start.copy()
    for _ in range(_STEPS):
        p = _softmax(x @ weights)
        slope = x.T @ (p - targets) + strength * (weights - start)
        step = _solve(x, p, strength, slope)
        loss, scale = _loss(x, targets, weights, start, strength), 1.0
        while scale > _NEAR:
            moved = weights - scale * step
            if _loss(x, targets, moved, start, strength) <= loss:
                break
            scale /= 2
        else:
            break
        weights = moved
        if np.abs(scale * step).max() < _NEAR:
            break
    kernel = weights[:-1] / spread[:, None]
    return LearntHead(prior.labels, kernel, weights[-1] - middle @ kernel)


def _solve(x: Floats, p: Floats, strength: Floats, slope: Floats) -> Floats:
    """The Newton step, by conjugate gradients: the Hessian is never written down."""
    step, rest = np.zeros_like(slope), slope.copy()
    direction, size = rest.copy(), float((rest * rest).sum())
    enough = size * _NEAR**2
    for _ in range(_INNER):
        if size <= enough:
            break
        moved = x @ direction
        moved = p * (moved - (p * moved).sum(axis=1, keepdims=True))
        bent = x.T @ moved + strength * direction
        length = size / float((direction * bent).sum())
        step += length * direction
        rest -= length * bent
        before, size = size, float((rest * rest).sum())
        direction = rest + size / before * direction
    return step


def _loss(x: Floats, targets: Floats, weights: Floats, start: Floats, strength: Floats) -> float:
    p = _softmax(x @ weights)
    surprise = -(targets * np.log(np.maximum(p, np.finfo(float).tiny))).sum()
    return float(surprise + (strength / 2 * np.square(weights - start)).sum())


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
