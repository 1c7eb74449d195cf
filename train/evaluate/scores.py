"""Scores predictions for songs whose genre is known: accuracy, macro-F1, by genre, calibration."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from melonnx.infer.results.rows import printable
from melonnx.train.data.tracks import DataSetError
from melonnx.train.evaluate.measures import bootstrap_interval, macro_f1
from melonnx.train.evaluate.predictions import Predictions
from melonnx.train.evaluate.reliability import (
    ReliabilityBin,
    calibrated_error,
    calibration_error,
    reliability_bins,
)

__all__ = [
    "GenreScore",
    "MergedScore",
    "Report",
    "SubgenreScore",
    "require_merges",
    "score_predictions",
]

_FEW_SONGS = 5
"""The recall of a genre with fewer is hardly a figure."""


@dataclass(frozen=True)
class GenreScore:
    """How one genre fares."""

    precision: float
    recall: float
    accepted_recall: float
    """Of the songs of this genre, how many got an answer that is right for them."""
    songs: int
    sure_answers: int
    """Answers of this genre that are not marked unsure."""
    sure_right: int
    """Of these, how many are accepted."""


@dataclass(frozen=True)
class MergedScore:
    """The accuracy when an answer within ``genres`` is right for a song of any of them, and every
    right genre of a song counts.
    """

    genres: tuple[str, ...]
    accuracy: float
    accuracy_interval: tuple[float, float]


@dataclass(frozen=True)
class FolderScore:
    """The songs of one of several folders."""

    songs: int
    accuracy: float
    accepted: float


@dataclass(frozen=True)
class SubgenreScore:
    """How the answers of a model that tells sub-genres fare below the genres.

    A song of a sub-genre that the model does not tell should be found to be of its genre and
    of none of the others; where the model has no such label either, it is not counted here.
    """

    songs: int
    labels: int
    """How many the model tells apart."""
    accuracy: float
    accuracy_interval: tuple[float, float]
    macro_f1: float
    """Over the labels that the songs have or are given."""
    macro_f1_interval: tuple[float, float]


@dataclass(frozen=True)
class Report:
    """What a model scores; intervals are 95%, from a bootstrap over artists (groups).

    Accuracy and macro-F1 are strict: a song's first genre counts. ``accepted`` and what is said
    of sure answers and of calibration count every genre that is right for the song.
    """

    songs: int
    groups: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    accepted: float
    """The accuracy where every right genre counts; the same where each song has one."""
    accepted_interval: tuple[float, float]
    accepted_recall: float
    """Mean of the genres' accepted recalls; those with fewer than five songs are left out, unless
    all have."""
    has_several: bool
    """Whether some song has several right genres."""
    macro_f1: float
    """Over the genres that the songs have or are given; in the interval, one that is missing from
    a draw counts as 0."""
    macro_f1_interval: tuple[float, float]
    top3_accuracy: float
    majority_baseline: float
    """Share of the commonest genre: what a model that always says it would score."""
    sure_share: float
    """Share of songs whose answer is not marked unsure."""
    sure_accuracy: float
    ece: float
    """Expected calibration error of the top answer (``melonnx.train.evaluate.reliability``)."""
    ece_if_calibrated: float
    """What it would be on so many songs if every score were true."""
    reliability: tuple[ReliabilityBin, ...]
    merged: tuple[MergedScore, ...]
    genres: dict[str, GenreScore]
    confusion: list[list[int]]
    """Songs by true genre (rows) and answer (columns), in the order of ``labels``."""
    mistakes: list[list[int]]
    """The same of the songs whose answer is not accepted."""
    folders: dict[str, FolderScore]
    """By folder of the data set; empty where there is one."""
    labels: tuple[str, ...]
    failures: dict[str, str]
    subgenres: SubgenreScore | None = None
    """None where the model tells genres only, or the songs name no sub-genre."""

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON values."""
        values = {name: value for name, value in asdict(self).items() if value is not None}
        return values | {"reliability": [one._asdict() for one in self.reliability]}

    def summary(self) -> dict[str, Any]:
        """The figures that travel in a model file."""
        names = (
            "songs", "groups", "accuracy", "accuracy_interval", "accepted", "accepted_interval",
            "accepted_recall", "macro_f1",
            "macro_f1_interval", "top3_accuracy", "majority_baseline", "sure_share",
            "sure_accuracy", "ece",
        )  # fmt: skip
        figures = {name: _rounded(getattr(self, name)) for name in names}
        if self.subgenres is not None:
            below = asdict(self.subgenres)
            figures |= {f"subgenre_{name}": _rounded(value) for name, value in below.items()}
        return figures

    def lines(self) -> list[str]:
        """The report for a person."""
        low, high = self.accuracy_interval
        f1_low, f1_high = self.macro_f1_interval
        width = max(map(len, self.labels))
        return [
            f"accuracy           {self.accuracy:.1%}  (95%: {low:.1%} to {high:.1%}; "
            f"{self.songs} songs, {self.groups} artists or blocks)",
            *self._accepted_lines(),
            f"macro-F1           {self.macro_f1:.3f}  (95%: {f1_low:.3f} to {f1_high:.3f})",
            *([f"among the top 3    {self.top3_accuracy:.1%}"] if len(self.labels) > 3 else []),
            f"majority baseline  {self.majority_baseline:.1%}",
            f"not unsure         {self.sure_share:.1%} of songs, {self.sure_accuracy:.1%} right",
            f"calibration error  {self.ece:.1%}  (ECE; by chance {self.ece_if_calibrated:.1%})",
            *(_merged_line(score) for score in self.merged),
            *_subgenre_lines(self.subgenres),
            "",
            f"{'':{width}}  precision  recall  songs" + "  accepted" * self.has_several,
            *(
                f"{name:{width}}  {score.precision:9.2f}  {score.recall:6.2f}  {score.songs:5}"
                + f"  {score.accepted_recall:8.2f}" * self.has_several
                for name, score in self.genres.items()
            ),
            *(f"left out: {printable(error)}" for error in self.failures.values()),
        ]

    def _accepted_lines(self) -> list[str]:
        if not self.has_several:
            return []
        low, high = self.accepted_interval
        folders = ", ".join(f"{name} {one.accepted:.1%}" for name, one in self.folders.items())
        return [
            f"accepted           {self.accepted:.1%}  (95%: {low:.1%} to {high:.1%}; any right "
            f"genre{'; ' if folders else ''}{folders})",
            f"accepted recall    {self.accepted_recall:.3f}  (mean over genres of "
            f"{_FEW_SONGS} songs or more)",
        ]


def require_merges(merge: Sequence[Sequence[str]], labels: Sequence[str]) -> None:
    """Raise DataSetError unless each of ``merge`` names two or more of ``labels``."""
    for genres in merge:
        if len(set(genres)) < 2 or not set(genres) <= set(labels):
            raise DataSetError(
                f"cannot count {','.join(genres)} as one genre: expected two or more of "
                f"{', '.join(labels)}"
            )


def score_predictions(predictions: Predictions, merge: Sequence[Sequence[str]] = ()) -> Report:
    """Compare predictions with the truth; ``merge``: genres that count as one, a set at a time."""
    labels, true, probabilities = predictions.labels, predictions.true, predictions.probabilities
    unsure, groups = predictions.unsure, predictions.groups
    predicted = predictions.predicted
    is_first, right, scores = predicted == true, predictions.right, predictions.scores
    classes = np.arange(len(labels))
    precision, recall, _, songs = precision_recall_fscore_support(
        true, predicted, labels=classes, zero_division=0.0
    )
    top3 = np.argsort(-probabilities, axis=1)[:, :3]

    def accuracy(rows: NDArray[np.int64]) -> float:
        return float(is_first[rows].mean())

    def accepted(rows: NDArray[np.int64]) -> float:
        return float(right[rows].mean())

    f1 = macro_f1(true, predicted)
    everything = np.arange(len(true))
    has_several = bool((predictions.accepted.sum(axis=1) > 1).any())
    accuracy_interval = bootstrap_interval(accuracy, groups)
    recalls = [float(right[true == i].mean()) if songs[i] else 0.0 for i in classes]
    return Report(
        songs=len(true),
        groups=len(set(groups)),
        accuracy=accuracy(everything),
        accuracy_interval=accuracy_interval,
        accepted=accepted(everything),
        accepted_interval=bootstrap_interval(accepted, groups)
        if has_several
        else accuracy_interval,
        accepted_recall=_mean_recall(recalls, songs.tolist()),
        has_several=has_several,
        macro_f1=f1(everything),
        macro_f1_interval=bootstrap_interval(f1, groups),
        top3_accuracy=float((top3 == true[:, None]).any(axis=1).mean()),
        majority_baseline=float(np.bincount(true).max() / len(true)),
        sure_share=float((~unsure).mean()),
        sure_accuracy=float(right[~unsure].mean()) if not unsure.all() else 0.0,
        ece=calibration_error(scores, right),
        ece_if_calibrated=calibrated_error(scores),
        reliability=reliability_bins(scores, right),
        merged=tuple(_merged(predictions, genres) for genres in merge),
        genres={
            label: GenreScore(
                precision=float(precision[i]),
                recall=float(recall[i]),
                accepted_recall=recalls[i],
                songs=int(songs[i]),
                sure_answers=int((~unsure & (predicted == i)).sum()),
                sure_right=int((~unsure & (predicted == i) & right).sum()),
            )
            for i, label in enumerate(labels)
        },
        confusion=confusion_matrix(true, predicted, labels=classes).tolist(),
        mistakes=np.histogram2d(
            true[~right], predicted[~right], bins=len(labels), range=[(-0.5, len(labels) - 0.5)] * 2
        )[0]
        .astype(int)
        .tolist(),
        folders=_by_folder(predictions),
        labels=labels,
        failures=predictions.failures,
        subgenres=_score_subgenres(predictions),
    )


def _mean_recall(recalls: Sequence[float], songs: Sequence[int]) -> float:
    least = _FEW_SONGS if max(songs) >= _FEW_SONGS else 1
    return float(np.mean([recall for recall, n in zip(recalls, songs, strict=True) if n >= least]))


def _by_folder(predictions: Predictions) -> dict[str, FolderScore]:
    names = np.array([track.folder for track in predictions.tracks])
    there = np.unique(names).tolist()
    if len(there) < 2:
        return {}
    is_first = predictions.predicted == predictions.true
    return {
        name: FolderScore(
            int((names == name).sum()),
            float(is_first[names == name].mean()),
            float(predictions.right[names == name].mean()),
        )
        for name in there
    }


def _merged(predictions: Predictions, genres: Sequence[str]) -> MergedScore:
    inside = np.isin(predictions.labels, list(genres))
    right = predictions.right | (inside[predictions.predicted] & inside[predictions.true])

    def accuracy(rows: NDArray[np.int64]) -> float:
        return float(right[rows].mean())

    interval = bootstrap_interval(accuracy, predictions.groups)
    return MergedScore(tuple(genres), float(right.mean()), interval)


def _merged_line(score: MergedScore) -> str:
    low, high = score.accuracy_interval
    names = " and ".join(score.genres)
    return f"with {names} as one  {score.accuracy:.1%}  (95%: {low:.1%} to {high:.1%})"


def _score_subgenres(predictions: Predictions) -> SubgenreScore | None:
    labels = predictions.leaves
    rows = [
        (track.label if track.label in labels else track.genre, predicted, track.group)
        for track, predicted in zip(predictions.tracks, predictions.subgenres, strict=True)
        if predicted is not None and not {track.label, track.genre}.isdisjoint(labels)
    ]
    if not rows or not any(track.subgenre for track in predictions.tracks):
        return None
    true, predicted, groups = (np.array(column) for column in zip(*rows, strict=True))

    def accuracy(rows: NDArray[np.int64]) -> float:
        return float((true[rows] == predicted[rows]).mean())

    f1 = macro_f1(true, predicted)
    everything = np.arange(len(true))
    return SubgenreScore(
        songs=len(true),
        labels=len(labels),
        accuracy=accuracy(everything),
        accuracy_interval=bootstrap_interval(accuracy, groups.tolist()),
        macro_f1=f1(everything),
        macro_f1_interval=bootstrap_interval(f1, groups.tolist()),
    )


def _subgenre_lines(score: SubgenreScore | None) -> list[str]:
    if score is None:
        return []
    low, high = score.accuracy_interval
    f1_low, f1_high = score.macro_f1_interval
    return [
        f"sub-genre accuracy {score.accuracy:.1%}  (95%: {low:.1%} to {high:.1%}; "
        f"{score.labels} labels, {score.songs} songs)",
        f"sub-genre macro-F1 {score.macro_f1:.3f}  (95%: {f1_low:.3f} to {f1_high:.3f})",
    ]


def _rounded(value: Any) -> Any:
    """To six digits: fewer, rounded again by a reader, would not be what ``lines`` says."""
    if isinstance(value, tuple):
        return [round(part, 6) for part in value]
    return round(value, 6) if isinstance(value, float) else value
