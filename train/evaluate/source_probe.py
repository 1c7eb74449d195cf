"""Probes embeddings for the collection (source) that a song comes from, within a genre."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from melonnx.train.evaluate.measures import bootstrap_interval
from melonnx.train.evaluate.predictions import Predictions

__all__ = ["SourceReport", "SourceScore", "SourceTest", "probe_sources"]

_LEAST_SONGS = 5
_LEAST_GROUPS = 2
_MOST_FOLDS = 5


@dataclass(frozen=True)
class SourceScore:
    """The songs of one source."""

    songs: int
    accuracy: float
    """Of their genre: any that is right counts."""


@dataclass(frozen=True)
class SourceTest:
    """How well a linear classifier tells the sources of one genre's songs apart."""

    songs: dict[str, int]
    """By source."""
    balanced_accuracy: float
    interval: tuple[float, float]
    chance: float


@dataclass(frozen=True)
class SourceReport:
    """What the embeddings know of where a song comes from."""

    sources: dict[str, SourceScore]
    genres: dict[str, SourceTest]
    """Those with five songs of two artists or blocks or more from each of several sources."""
    balanced_accuracy: float | None
    """Mean over ``genres``, weighted by songs; None where there are none."""
    chance: float | None


def probe_sources(predictions: Predictions, sources: Mapping[Path, str]) -> SourceReport | None:
    """Train a source classifier on the embeddings of each genre, tested on unseen artists.

    ``sources``: the source by path; songs without one are left out. Logistic regression on
    standardised embeddings, classes weighted alike, cross-validated over whole groups. A source
    that is told better than by chance may be heard by its codec or bandwidth, but also by its
    music, which is by other artists.

    None where fewer than two sources are named.
    """
    names = np.array([sources.get(track.path, "") for track in predictions.tracks])
    groups = np.array(predictions.groups)
    known = sorted(set(names.tolist()) - {""})
    if len(known) < 2:
        return None
    right = predictions.right
    genres: dict[str, SourceTest] = {}
    for index, genre in enumerate(predictions.labels):
        rows = np.flatnonzero((predictions.true == index) & (names != ""))
        enough = [
            name
            for name in known
            if (names[rows] == name).sum() >= _LEAST_SONGS
            and len(set(groups[rows][names[rows] == name])) >= _LEAST_GROUPS
        ]
        rows = rows[np.isin(names[rows], enough)]
        if len(enough) > 1:
            genres[genre] = _test(predictions.embeddings[rows], names[rows], groups[rows].tolist())
    weights = [sum(test.songs.values()) for test in genres.values()]

    def mean(values: Sequence[float]) -> float | None:
        return float(np.average(values, weights=weights)) if weights else None

    return SourceReport(
        sources={
            name: SourceScore(int((names == name).sum()), float(right[names == name].mean()))
            for name in known
        },
        genres=genres,
        balanced_accuracy=mean([test.balanced_accuracy for test in genres.values()]),
        chance=mean([test.chance for test in genres.values()]),
    )


def _test(
    embeddings: NDArray[np.float32], names: NDArray[np.str_], groups: Sequence[str]
) -> SourceTest:
    there = np.unique(names)
    fewest = min(len({g for g, n in zip(groups, names, strict=True) if n == s}) for s in there)
    found = cross_val_predict(
        make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000)),
        embeddings,
        names,
        groups=groups,
        cv=StratifiedGroupKFold(min(_MOST_FOLDS, fewest), shuffle=True, random_state=0),
    )
    right = found == names

    def balanced_accuracy(rows: NDArray[np.int64]) -> float:
        drawn = names[rows]
        if len(np.unique(drawn)) < len(there):
            return np.nan
        return float(np.mean([right[rows][drawn == name].mean() for name in there]))

    return SourceTest(
        songs={str(name): int((names == name).sum()) for name in there},
        balanced_accuracy=balanced_accuracy(np.arange(len(names))),
        interval=bootstrap_interval(balanced_accuracy, groups),
        chance=1 / len(there),
    )
