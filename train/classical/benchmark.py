"""Measures every classifier on every feature set, all on the same folds, with networks beside."""

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from melonnx.train.classical.classifiers import CLASSIFIERS, make_classifier
from melonnx.train.classical.feature_names import FEATURE_SETS, columns_of
from melonnx.train.classical.feature_table import FeatureTable
from melonnx.train.classical.presets import Preset
from melonnx.train.data.folds import fold_parts
from melonnx.train.data.splits import split_tracks
from melonnx.train.data.tracks import Track
from melonnx.train.evaluate.measures import bootstrap_interval, macro_f1
from melonnx.train.progress import Say

__all__ = [
    "Benchmark",
    "Folds",
    "Score",
    "fit_best",
    "make_folds",
    "run_benchmark",
    "score_cell",
]


@dataclass(frozen=True)
class Folds:
    """Which songs are trained on and which are tested, fold by fold."""

    test: tuple[NDArray[np.int64], ...]
    """Rows of the songs tested in each fold; no song is in two."""
    train: tuple[NDArray[np.int64], ...]
    """Rows of the songs that the classifiers of the fold are trained on."""
    description: str

    @property
    def rows(self) -> NDArray[np.int64]:
        """Every song that is tested, sorted."""
        return np.sort(np.concatenate(self.test))


@dataclass(frozen=True)
class Score:
    """One row of the table: intervals are 95%, from a bootstrap over artists or blocks."""

    classifier: str
    features: str
    """Name of the feature set; of a network, what it hears."""
    columns: int
    """How many features; 0 of a network."""
    songs: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    macro_f1: float
    macro_f1_interval: tuple[float, float]
    fit_s: float | None
    """Of all folds together, a grid's search included; None where it was not measured."""
    predict_s: float | None
    """Of all songs together; a network's from the audio files."""
    note: str = ""
    learnt: str = ""
    """Of a model file: how many of these songs it has learnt from, in a sentence."""


@dataclass(frozen=True)
class Benchmark:
    """The whole table, and what it was measured on."""

    preset: Preset
    labels: tuple[str, ...]
    split: str
    songs: int
    groups: int
    majority: Score
    scores: tuple[Score, ...]
    """One for each classifier and feature set."""
    networks: tuple[Score, ...]
    best: Score
    """Of ``scores``, by accuracy, then by macro-F1."""
    confusion: list[list[int]]
    """Of the best: songs by true genre (rows) and answer (columns), in the order of ``labels``."""


def make_folds(
    tracks: Sequence[Track], folds: int, seed: int = 0, *, official: bool = False
) -> Folds:
    """Folds that part no artist; or, ``official``, the test part of the data set's own split.

    Raises DataSetError where that cannot be.
    """
    if official:
        parts = np.array(split_tracks(tracks, "official", seed))
        train, test = np.flatnonzero(parts == "train"), np.flatnonzero(parts == "test")
        return Folds((test,), (train,), "the official split: learnt from its training part")
    each = fold_parts(tracks, folds, "artist", seed)
    test = tuple(np.flatnonzero(np.array(parts) == "test") for parts in each)
    train = tuple(np.flatnonzero(np.array(parts) == "train") for parts in each)
    return Folds(test, train, f"{folds} folds that part no artist or block, seed {seed}")


def run_benchmark(
    table: FeatureTable,
    folds: Folds,
    preset: Preset,
    say: Say,
    *,
    networks: Sequence[Score] = (),
    feature_sets: Sequence[str] = tuple(FEATURE_SETS),
    classifiers: Sequence[str] = CLASSIFIERS,
) -> Benchmark:
    """Fit and ask every classifier on every feature set."""
    labels = tuple(sorted({track.genre for track in table.tracks}))
    genres = np.array([labels.index(track.genre) for track in table.tracks])
    test = folds.rows
    groups = [table.tracks[row].group for row in test]
    scores: list[Score] = []
    predictions: dict[tuple[str, str], NDArray[np.int64]] = {}
    for features in feature_sets:
        values = table.values[:, columns_of(FEATURE_SETS[features])]
        for classifier in classifiers:
            predicted, fit_s, predict_s = _predict(table, values, genres, folds, classifier, preset)
            predictions[classifier, features] = predicted
            score = score_cell(
                classifier,
                features,
                genres[test],
                predicted[test],
                groups,
                columns=values.shape[1],
                fit_s=fit_s,
                predict_s=predict_s,
            )
            scores.append(score)
            say(f"{classifier}, {features}: {score.accuracy:.1%} ({fit_s:.1f} s to fit)")
    best = max(scores, key=lambda score: (score.accuracy, score.macro_f1))
    train = np.concatenate(folds.train)
    commonest = int(np.bincount(genres[train]).argmax())
    confusion = np.zeros((len(labels), len(labels)), int)
    np.add.at(confusion, (genres[test], predictions[best.classifier, best.features][test]), 1)
    return Benchmark(
        preset=preset,
        labels=labels,
        split=folds.description,
        songs=len(test),
        groups=len(set(groups)),
        majority=score_cell(
            f"always {labels[commonest]}",
            "",
            genres[test],
            np.full(len(test), commonest),
            groups,
        ),
        scores=tuple(scores),
        networks=tuple(networks),
        best=best,
        confusion=confusion.tolist(),
    )


def fit_best(table: FeatureTable, best: Score, preset: Preset) -> Any:
    """The pipeline of ``best``, fitted to every song of ``table``; it answers with genres."""
    values = table.values[:, columns_of(FEATURE_SETS[best.features])]
    genres = np.array([track.genre for track in table.tracks])
    return _fit(table, values, genres, np.arange(len(genres)), best.classifier, preset)


def score_cell(
    classifier: str,
    features: str,
    true: NDArray[np.int64],
    predicted: NDArray[np.int64],
    groups: Sequence[str],
    *,
    columns: int = 0,
    fit_s: float | None = None,
    predict_s: float | None = None,
    note: str = "",
) -> Score:
    """Compare classes [songs] with answers [songs]; ``groups``: the artist or block of each."""
    right = true == predicted
    f1 = macro_f1(true, predicted)

    def accuracy(rows: NDArray[np.int64]) -> float:
        return float(right[rows].mean())

    return Score(
        classifier=classifier,
        features=features,
        columns=columns,
        songs=len(true),
        accuracy=float(right.mean()),
        accuracy_interval=bootstrap_interval(accuracy, groups),
        macro_f1=f1(np.arange(len(true))),
        macro_f1_interval=bootstrap_interval(f1, groups),
        fit_s=fit_s,
        predict_s=predict_s,
        note=note,
    )


def _predict(
    table: FeatureTable,
    values: NDArray[np.float32],
    genres: NDArray[np.int64],
    folds: Folds,
    classifier: str,
    preset: Preset,
) -> tuple[NDArray[np.int64], float, float]:
    """Answers by row, -1 of songs that no fold asks; seconds to fit and to predict."""
    predicted = np.full(len(genres), -1)
    fit_s = predict_s = 0.0
    for train, test in zip(folds.train, folds.test, strict=True):
        begin = time.perf_counter()
        fitted = _fit(table, values, genres, train, classifier, preset)
        middle = time.perf_counter()
        predicted[test] = fitted.predict(values[test])
        predict_s += time.perf_counter() - middle
        fit_s += middle - begin
    return predicted, fit_s, predict_s


def _fit(
    table: FeatureTable,
    values: NDArray[np.float32],
    genres: NDArray[Any],
    rows: NDArray[np.int64],
    classifier: str,
    preset: Preset,
) -> Any:
    model = make_classifier(classifier, preset, len(rows))
    groups = [table.tracks[row].group for row in rows]
    with warnings.catch_warnings(), threadpool_limits(1):
        # Of genres with fewer songs than folds, and of slow ends. One thread: products of a few
        # hundred rows are faster so on a busy machine, and times can be compared.
        warnings.simplefilter("ignore")
        if preset == "tuned":
            return model.fit(values[rows], genres[rows], groups=groups).best_estimator_
        return model.fit(values[rows], genres[rows])
