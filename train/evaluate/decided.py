"""How right a model is on somebody's own library, by what was decided there in ``melonnx review``.

Songs to decide are chosen because the model is unsure of them, so their mean says little of all:
sure and unsure answers are told apart, and the library's figure weighs them by how many it has.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.errors import ResultsFileError
from melonnx.infer.prediction import Prediction
from melonnx.infer.results.decisions import Decision, key_of
from melonnx.train.evaluate.measures import bootstrap_interval
from melonnx.train.evaluate.reliability import (
    ReliabilityBin,
    calibrated_error,
    calibration_error,
    reliability_bins,
)

__all__ = ["DecidedScore", "score_decided"]


_LEAST = 10
"""Sure and unsure decided songs, from which on the library's figure is told: two that are both
right, or both wrong, have no spread that an interval could show."""


@dataclass(frozen=True)
class DecidedScore:
    """Answers against decisions; intervals are 95%, from a bootstrap over folders."""

    songs: int
    """Decided ones, of genres that the model tells."""
    folders: int
    accuracy: float
    """Of these."""
    interval: tuple[float, float]
    sure: int
    """Of these, sure answers."""
    sure_accuracy: float
    unsure_accuracy: float
    library: float
    """Of all answers, if those that are not decided are as right as decided ones that are as sure
    as they are; NaN where sure or unsure songs have less than ten decisions."""
    library_interval: tuple[float, float]
    library_songs: int
    unknown: int
    """Songs decided to be of genres that the model does not tell, which count nowhere else."""
    no_music: int
    """Songs decided to be no music, which count nowhere else."""
    reliability: tuple[ReliabilityBin, ...]
    ece: float
    """Expected calibration error of the decided answers."""
    ece_if_calibrated: float
    """What it would be by chance if every score were true."""

    def lines(self) -> Iterator[str]:
        """For people."""
        yield (
            f"decided songs     {self.songs:,} of {self.library_songs:,} heard, in "
            f"{self.folders:,} folders"
        )
        yield f"right answers     {_share(self.accuracy)} {_between(self.interval)}"
        yield f"  where sure      {_share(self.sure_accuracy)} of {self.sure:,}"
        yield f"  where unsure    {_share(self.unsure_accuracy)} of {self.songs - self.sure:,}"
        if np.isfinite(self.library):
            yield (
                f"the whole library {_share(self.library)} {_between(self.library_interval)}, "
                "weighed by how many of its answers are sure"
            )
        else:
            yield (
                f"the whole library cannot be told: decide on {_LEAST} sure and {_LEAST} unsure "
                "songs at least"
            )
        yield f"calibration error {self.ece:.1%} ({self.ece_if_calibrated:.1%} expected by chance)"
        if self.unknown:
            yield f"not counted       {self.unknown:,} of genres that the model does not tell"
        if self.no_music:
            yield f"not counted       {self.no_music:,} decided to be no music"


def score_decided(
    songs: Sequence[Prediction], decisions: Mapping[str, Decision], genres: Iterable[str]
) -> DecidedScore:
    """Compare answers with what was decided; any of a decision's genres is right.

    ``songs``: what the model said of the library; ``genres``: all that it tells. Raises
    ResultsFileError where no decision is of a song and a genre that it tells.
    """
    known = set(genres)
    heard = [song for song in songs if song.ok and song.is_music]
    pairs = [(song, decisions[key]) for song in heard if (key := key_of(song.path)) in decisions]
    no_music = sum(not decision.genres for _, decision in pairs)
    told = [(song, decision) for song, decision in pairs if known & set(decision.genres)]
    if not told:
        raise ResultsFileError("no decision is on a song of these results and a genre of the model")
    right = np.array([song.label in decision.genres for song, decision in told])
    sure = np.array([not song.unsure for song, _ in told])
    scores = np.array([song.score or 0.0 for song, _ in told])
    folders = [os.path.dirname(key_of(song.path)) for song, _ in told]  # noqa: PTH120
    share = sum(not song.unsure for song in heard) / len(heard)

    def library(rows: NDArray[np.int64]) -> float:
        parts = ((share, right[rows][sure[rows]]), (1 - share, right[rows][~sure[rows]]))
        if not all(len(part) for weight, part in parts if weight):
            return float("nan")
        return float(sum(weight * part.mean() for weight, part in parts if weight))

    everything = np.arange(len(told))
    asked = ((share, sure.sum()), (1 - share, (~sure).sum()))
    is_told = all(count >= _LEAST for weight, count in asked if weight)
    whole = library(everything) if is_told else float("nan")
    unclear = (float("nan"), float("nan"))
    return DecidedScore(
        songs=len(told),
        folders=len(set(folders)),
        accuracy=float(right.mean()),
        interval=bootstrap_interval(lambda rows: float(right[rows].mean()), folders),
        sure=int(sure.sum()),
        sure_accuracy=_mean(right[sure]),
        unsure_accuracy=_mean(right[~sure]),
        library=whole,
        library_interval=bootstrap_interval(library, folders) if np.isfinite(whole) else unclear,
        library_songs=len(heard),
        unknown=len(pairs) - len(told) - no_music,
        no_music=no_music,
        reliability=reliability_bins(scores, right),
        ece=calibration_error(scores, right),
        ece_if_calibrated=calibrated_error(scores),
    )


def _mean(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _share(value: float) -> str:
    return f"{value:.1%}" if np.isfinite(value) else "none"


def _between(interval: tuple[float, float]) -> str:
    return f"({interval[0]:.1%} to {interval[1]:.1%})"
