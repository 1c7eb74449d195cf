"""Fits a head for somebody's own genres on a few songs, and says honestly how good it is."""

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import LeaveOneGroupOut, StratifiedGroupKFold
from sklearn.pipeline import Pipeline

from melonnx.infer.model.acceptance import chances_accepted
from melonnx.infer.model.calibration import scale
from melonnx.infer.model.pooling import pool_windows
from melonnx.train.calibrate import DEFAULT_RATE, Calibration, calibrate
from melonnx.train.data.targets import accepted_genres, target_shares
from melonnx.train.data.tracks import DataSetError, Track
from melonnx.train.evaluate.predictions import Predictions
from melonnx.train.evaluate.scores import Report, score_predictions
from melonnx.train.network.embeddings import WindowEmbeddings
from melonnx.train.network.head import HeadExamples, as_layer, fit_classifier, head_probabilities
from melonnx.train.settings import Settings

__all__ = ["OwnGenres", "fit_own_genres", "warnings_of"]

_FOLDS = 5
_FEW_SONGS = 10
"""Of one label: with fewer, its row of the report is a hint, not a figure."""


@dataclass(frozen=True)
class OwnGenres:
    """A head with what it scored on songs that it had not learnt from."""

    labels: tuple[str, ...]
    classifier: Pipeline
    """Learnt from all songs; its classes are indices of ``labels``."""
    calibration: Calibration
    answers: Predictions
    """What was said of each song by a head that had not learnt from it."""
    report: Report
    split: str
    """How the songs were parted for ``report``."""
    flattered: tuple[str, ...]
    """Labels whose songs were parted one by one, since they are all of one artist or block."""


def fit_own_genres(
    tracks: Sequence[Track],
    embeddings: Sequence[WindowEmbeddings],
    pooling: str = "probabilities",
) -> OwnGenres:
    """Fit on all of ``tracks``, and measure by cross-validation that parts no artist.

    ``embeddings``: of each track. ``pooling``: how the runtime will make one answer of those for a
    song's windows. Where several genres are right for a song, the head learns all of them, and
    each is a right answer. Five folds of whole groups (``Track.group``); where a label
    would then be missing from what a fold learns, one group is left out at a time. Temperature
    and thresholds are those of the answers for songs that were left out; each fold's report uses
    those of the other folds.

    Raises DataSetError where there are fewer than two labels, or a label has one song only.
    """
    labels = _labels(tracks)
    classes = np.array([labels.index(track.genre) for track in tracks])
    groups, flattered = _groups(tracks)
    means = np.stack([windows.mean(axis=0) for windows in embeddings])[:, None]
    targets = target_shares(tracks, labels, Settings().also_share)
    weights = np.array([track.weight for track in tracks])
    examples = HeadExamples(means, targets, weights)
    folds, how = _folds(classes, groups)
    uncalibrated = np.zeros((len(tracks), len(labels)))
    fold_of = np.zeros(len(tracks), np.int64)
    for fold, (train, test) in enumerate(folds):
        head = as_layer(fit_classifier(examples[train]), len(labels))
        fold_of[test] = fold
        for row in test:
            uncalibrated[row] = pool_windows(head_probabilities(embeddings[row], head), pooling)
    answers = _answers(tracks, labels, groups, classes, uncalibrated, fold_of, means[:, 0])
    return OwnGenres(
        labels=labels,
        classifier=fit_classifier(examples),
        calibration=calibrate(uncalibrated, tracks, labels, {}),
        answers=answers,
        report=score_predictions(answers),
        split=f"{how}: {len(tracks)} songs, each asked of a head that had not heard "
        f"{'it' if len(flattered) == len(labels) else 'its artist or block'}"
        + (f" ({', '.join(flattered)}: it only)" if 0 < len(flattered) < len(labels) else "")
        + "; this one has learnt from all",
        flattered=flattered,
    )


def warnings_of(own: OwnGenres) -> list[str]:
    """What a reader of the figures should be told, a line each."""
    report = own.report
    few = [f"{name} ({one.songs})" for name, one in report.genres.items() if one.songs < _FEW_SONGS]
    lines: list[str] = []
    if few:
        lines.append(f"fewer than {_FEW_SONGS} songs: {', '.join(few)}; their rows are hints only")
    if own.flattered:
        lines.append(
            f"of one artist or unknown ones: {', '.join(own.flattered)}; these songs were parted "
            "one by one, which flatters where two are alike"
        )
    if report.accuracy_interval[0] <= report.majority_baseline:
        commonest = max(report.genres, key=lambda name: report.genres[name].songs)
        lines.append(
            f"the interval reaches down to the baseline: not shown to be better than always "
            f"saying {commonest!r}"
        )
    return lines


def _labels(tracks: Sequence[Track]) -> tuple[str, ...]:
    songs = Counter(track.genre for track in tracks)
    if len(songs) < 2:
        there = next(iter(songs), None)
        raise DataSetError(
            "there is nothing to tell apart: "
            + (f"all songs that could be heard are {there!r}" if there else "no song was heard")
        )
    single = sorted(label for label, count in songs.items() if count < 2)
    if single:
        raise DataSetError(
            f"one song only of {', '.join(single)}: a head needs two of each label at the very "
            f"least, and {_FEW_SONGS} or more to be measured"
        )
    return tuple(sorted(songs))


def _groups(tracks: Sequence[Track]) -> tuple[NDArray[np.str_], tuple[str, ...]]:
    """What stays on one side [songs], and the labels whose songs had to be parted one by one."""
    of_label: dict[str, set[str]] = {}
    for track in tracks:
        of_label.setdefault(track.genre, set()).add(track.group)
    single = {label for label, groups in of_label.items() if len(groups) < 2}
    groups = [f"song {track.path}" if track.genre in single else track.group for track in tracks]
    return np.array(groups), tuple(sorted(single))


def _folds(
    classes: NDArray[np.int64], groups: NDArray[np.str_]
) -> tuple[list[tuple[NDArray[np.int64], NDArray[np.int64]]], str]:
    n_folds = min(_FOLDS, len(np.unique(groups)), int(np.bincount(classes).max()))
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=0)
    with warnings.catch_warnings():  # of labels with fewer songs than there are folds
        warnings.simplefilter("ignore", UserWarning)
        folds = list(splitter.split(classes, classes, groups))
    n_labels = len(np.unique(classes))
    if all(len(np.unique(classes[train])) == n_labels and len(test) for train, test in folds):
        return folds, f"{n_folds} folds"
    return list(LeaveOneGroupOut().split(classes, classes, groups)), "one left out at a time"


def _answers(
    tracks: Sequence[Track],
    labels: tuple[str, ...],
    groups: NDArray[np.str_],
    classes: NDArray[np.int64],
    uncalibrated: NDArray[np.float64],
    fold_of: NDArray[np.int64],
    embeddings: NDArray[np.float32],
) -> Predictions:
    """Calibrated by the answers of the other folds."""
    probabilities = np.zeros_like(uncalibrated)
    scores, unsure = np.zeros(len(uncalibrated)), np.zeros(len(uncalibrated), np.bool_)
    for fold in np.unique(fold_of):
        own, others = fold_of == fold, fold_of != fold
        others_tracks = [track for track, is_other in zip(tracks, others, strict=True) if is_other]
        found = calibrate(uncalibrated[others], others_tracks, labels, {})
        probabilities[own] = scale(uncalibrated[own], found.temperature)
        bars = np.array([found.bars[DEFAULT_RATE][label] for label in labels])
        predicted = probabilities[own].argmax(axis=1)
        chances = chances_accepted(probabilities[own], labels, found.accepts)
        scores[own] = chances[np.arange(len(predicted)), predicted]
        unsure[own] = scores[own] < bars[predicted]
    parted = [replace(track, artist=group) for track, group in zip(tracks, groups, strict=True)]
    return Predictions(
        labels=labels,
        tracks=tuple(parted),
        true=classes,
        accepted=accepted_genres(tracks, labels),
        probabilities=probabilities,
        scores=scores,
        unsure=unsure,
        embeddings=embeddings,
        subgenres=(None,) * len(tracks),
        leaves=labels,
        failures={},
    )
