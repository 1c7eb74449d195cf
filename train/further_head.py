"""Fits a further head, words or a scale, on songs' embeddings, and says how good it is."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from melonnx.infer.model.heads import HeadInfo
from melonnx.train.data.columns import Column
from melonnx.train.data.tracks import DataSetError
from melonnx.train.evaluate.measures import bootstrap_interval, roc_auc
from melonnx.train.network.head import Head

__all__ = ["FurtherHead", "fit_further_head", "word_bars"]

_FOLDS = 5
_STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1)
"""scikit-learn's C, for embeddings of variance 1; the likeliest on left-out artists is taken."""
_PENALTIES = (1.0, 30.0, 300.0)
"""Of ridge regression, which learns from another network's logits."""
_TEMPERATURES = np.geomspace(0.25, 8, 61)
_BAR_STEPS = 10**6
"""Bars are rounded down to these: chances of a rare word are small."""
_SURE = 1e-4
"""A teacher's value this near to 0 or 1 counts as so near: the logit of 0 is no number."""


@dataclass(frozen=True)
class FurtherHead:
    """A head with what it scored on artists that it had not learnt from."""

    layer: Head
    about: HeadInfo
    left_out: NDArray[np.float64]
    """[songs, labels]: each song's values by a head that had not learnt from its artist."""


def fit_further_head(
    column: Column,
    embeddings: NDArray[np.float32],
    targets: NDArray[np.float32],
    groups: Sequence[str],
    *,
    dataset: str,
) -> FurtherHead:
    """Fit on all songs, and measure by folds that part no artist.

    ``embeddings`` [songs, d]: means over windows, ``targets`` [songs, labels], ``groups``: the
    artist of each song. A label's bar is where as many of these songs pass as have it.

    Raises DataSetError where there are fewer artists than two.
    """
    n_groups = len(set(groups))
    if n_groups < 2:
        raise DataSetError("a head is measured on artists kept from it, and there is only one")
    folds = list(GroupKFold(min(_FOLDS, n_groups)).split(targets, groups=list(groups)))
    best: tuple[float, float, NDArray[np.float64]] | None = None
    for strength in _PENALTIES if column.taught else _STRENGTHS:
        logits = np.zeros(targets.shape)
        for learnt, asked in folds:
            kernel, bias = _fit(embeddings[learnt], targets[learnt], strength, column)
            logits[asked] = embeddings[asked] @ kernel + bias
        loss = min(_losses(logits, targets))
        if best is None or loss < best[0]:
            best = loss, strength, logits
    assert best is not None, "there are strengths to try"
    _, strength, logits = best
    temperature = (
        1.0 if column.taught else float(_TEMPERATURES[np.argmin(_losses(logits, targets))])
    )
    values = 1 / (1 + np.exp(-logits / temperature))
    split = f"{len(folds)} folds by artist: {len(targets)} songs of {n_groups} artists, each asked "
    split += "of a head that had not learnt from its artist; this one has learnt from all"
    about = HeadInfo(
        kind=column.kind,
        labels=column.labels,
        temperature=round(temperature, 4),
        bars={} if column.kind == "scale" else word_bars(column.labels, values, targets),
        dataset=dataset,
        split=split,
        metrics=_metrics(column, values, targets, groups),
    )
    return FurtherHead(_fit(embeddings, targets, strength, column), about, values)


def _fit(
    embeddings: NDArray[np.float32], targets: NDArray[np.float32], strength: float, column: Column
) -> Head:
    """Kernel [d, labels] and bias [labels]."""
    scaler = StandardScaler().fit(embeddings)
    scaled = scaler.transform(embeddings)
    if column.taught:
        chances = np.clip(targets, _SURE, 1 - _SURE).astype(np.float64)
        ridge = Ridge(strength).fit(scaled, np.log(chances / (1 - chances)))
        weights, intercepts = np.atleast_2d(ridge.coef_), np.atleast_1d(ridge.intercept_)
    else:
        layers = [_fit_label(scaled, chances, strength) for chances in targets.T]
        weights = np.stack([layer[0] for layer in layers])
        intercepts = np.array([layer[1] for layer in layers])
    kernel = weights.T / scaler.scale_[:, None]
    return kernel.astype(np.float32), (intercepts - scaler.mean_ @ kernel).astype(np.float32)


def _fit_label(
    scaled: NDArray[np.float64], chances: NDArray[np.float32], strength: float
) -> tuple[NDArray[np.float64], float]:
    """A song that has a label by .7 is learnt from once with it and once without, weighed so."""
    if (chances > 0).any() and (chances < 1).any():
        both = np.concatenate((scaled, scaled))
        classes = np.repeat([1, 0], len(scaled))
        weights = np.concatenate((chances, 1 - chances))
        model = LogisticRegression(C=strength, max_iter=1000)
        model.fit(both[weights > 0], classes[weights > 0], sample_weight=weights[weights > 0])
        return model.coef_[0], float(model.intercept_[0])
    return np.zeros(scaled.shape[1]), float(np.where(chances[0] > 0, 5.0, -5.0))


def _losses(logits: NDArray[np.float64], targets: NDArray[np.float32]) -> list[float]:
    """Cross-entropy at each of the temperatures."""
    return [
        float(np.mean(np.logaddexp(0, scaled) - targets * scaled))
        for scaled in (logits / temperature for temperature in _TEMPERATURES)
    ]


def word_bars(
    labels: Sequence[str], values: NDArray[np.floating], targets: NDArray[np.floating]
) -> dict[str, float]:
    """By label, the value that as many of the songs reach as have the label.

    ``values``, ``targets`` [songs, labels]: what is said, and what is so.
    """
    falling = -np.sort(-values, axis=0)
    counts = np.clip(np.rint(targets.sum(axis=0)).astype(int), 1, len(targets))
    return {
        label: floor(falling[count - 1, i] * _BAR_STEPS) / _BAR_STEPS  # up, and it were not said
        for i, (label, count) in enumerate(zip(labels, counts, strict=True))
    }


def _metrics(
    column: Column,
    values: NDArray[np.float64],
    targets: NDArray[np.float32],
    groups: Sequence[str],
) -> dict[str, float | list[float] | dict[str, float]]:
    found: dict[str, float | list[float] | dict[str, float]] = {"songs": len(targets)}
    if column.taught:
        found["correlation"] = _mean_correlation(values, targets)
        return found
    if np.isin(targets, (0, 1)).all():
        by_label = {
            label: round(float(roc_auc_score(truth, said)), 4)
            for label, truth, said in zip(column.labels, targets.T, values.T, strict=True)
        }
        precisions = [
            float(average_precision_score(truth, said))
            for truth, said in zip(targets.T, values.T, strict=True)
        ]

        def auc(rows: NDArray[np.int64]) -> float:
            with warnings.catch_warnings():  # of a draw that lacks a label
                warnings.simplefilter("ignore")
                return float(np.nanmean([roc_auc(t, v) for t, v in zip(
                    targets[rows].T, values[rows].T, strict=True)]))  # fmt: skip

        found["roc_auc"] = round(float(np.mean(list(by_label.values()))), 4)
        found["roc_auc_interval"] = [round(x, 4) for x in bootstrap_interval(auc, groups)]
        found["average_precision"] = round(float(np.mean(precisions)), 4)
        if column.kind == "multi":
            found["roc_auc_by_label"] = by_label
        return found
    residual, total = np.square(targets - values).sum(), np.square(targets - targets.mean()).sum()
    found["r2"] = round(float(1 - residual / total), 4)
    ranks = [_ranks(one[:, 0]) for one in (targets, values)]
    found["rank_correlation"] = round(float(np.corrcoef(ranks[0], ranks[1])[0, 1]), 4)
    return found


def _mean_correlation(values: NDArray[np.float64], targets: NDArray[np.float32]) -> float:
    pairs = zip(values.T, targets.T, strict=True)
    return round(float(np.mean([np.corrcoef(said, truth)[0, 1] for said, truth in pairs])), 4)


def _ranks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Of equal values, the mean of their places."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (counts.cumsum() - (counts - 1) / 2)[place]
