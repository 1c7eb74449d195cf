"""Calibrates: fits the temperature, and finds from which score on a prediction is sure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.model.acceptance import chances_accepted
from melonnx.infer.model.calibration import scale
from melonnx.infer.model.hierarchy import genres_above, sum_by_genre
from melonnx.infer.model.metadata import DEFAULT_SURE
from melonnx.train.data.targets import accepted_genres
from melonnx.train.data.tracks import Track

__all__ = [
    "DEFAULT_RATE",
    "SURE_RATES",
    "Calibration",
    "Judged",
    "accept_rates",
    "calibrate",
    "fit_temperature",
    "sure_bars",
    "unsure_threshold",
    "unsure_thresholds",
]

SURE_RATES = 80, 90, 95
"""Of a hundred sure answers so many should be right; the user chooses."""
DEFAULT_RATE = str(DEFAULT_SURE)
"""Of a model's bars, those that are taken where the user does not choose."""
_MISTAKES = 0.8
"""Of the mistakes that a rate allows, the share that is aimed for: the bar is the most favourable
of many, and other songs keep it less well."""

_TEMPERATURES = np.geomspace(0.2, 5, 161)
_USUAL_SPREAD = 0.5
"""Standard deviation of log temperatures that is expected before any song is seen: 20 songs that
    are all told right would else ask for the lowest, hundreds are hardly held back."""

_FEW_ANSWERS = 8
"""A label with fewer has no threshold of its own."""
_PRIOR_ANSWERS = 16
"""What all labels together are worth beside a label's own answers, in answers: fewer, and what is
    marked sure is less often right than wanted where labels are alike; more, and labels hardly
    differ."""
_PRIOR_SONGS = 5
"""What all genres together are worth beside the songs of one, where its other right answers are
counted."""


@dataclass(frozen=True)
class Judged:
    """Predictions of which it is known whether they are right."""

    scores: NDArray[np.float64]
    """[n]."""
    predicted: NDArray[np.int64]
    """[n]: index of the label."""
    right: NDArray[np.bool_]
    """[n]."""

    def falling(self) -> "Judged":
        """The surest first."""
        order = np.argsort(-self.scores, kind="stable")
        return Judged(self.scores[order], self.predicted[order], self.right[order])


@dataclass(frozen=True)
class Calibration:
    """What makes a network's probabilities a score, and an answer sure or unsure."""

    temperature: float
    accepts: dict[str, dict[str, float]]
    """:func:`accept_rates`."""
    bars: dict[str, dict[str, float]]
    """By rate, by genre (:func:`sure_bars`)."""


def calibrate(
    probabilities: NDArray[np.floating],
    tracks: Sequence[Track],
    labels: Sequence[str],
    parents: Mapping[str, str],
) -> Calibration:
    """Fit all of it to answers for tracks that were not learnt from.

    ``probabilities`` [tracks, labels], uncalibrated. Tracks that weigh less than a whole song
    are left out, if there are others.
    """
    rows = [row for row, track in enumerate(tracks) if track.weight >= 1] or range(len(tracks))
    counted, some = [tracks[row] for row in rows], probabilities[np.array(rows)]
    right = np.array(
        [[label in (track.label, *track.also) for label in labels] for track in counted]
    )
    temperature = fit_temperature(some, right)
    genres = genres_above(labels, parents)
    by_genre = sum_by_genre(scale(some, temperature), labels, parents)
    accepts = accept_rates(counted, genres)
    each, predicted = np.arange(len(counted)), by_genre.argmax(axis=1)
    judged = Judged(
        chances_accepted(by_genre, genres, accepts)[each, predicted],
        predicted,
        accepted_genres(counted, genres)[each, predicted],
    )
    return Calibration(temperature, accepts, sure_bars(judged, genres))


def fit_temperature(probabilities: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """The temperature at which right answers together are most likely; validation data only.

    ``probabilities`` [n, labels]; ``right`` [n, labels], one or more in each row. Where it is one
    in each and there are many, that is the least negative log-likelihood (Guo et al., ICML 2017);
    of few, it stays nearer to 1 (the mode under a normal prior of the log temperature).
    """
    losses = [
        -np.log((scale(probabilities, temperature) * right).sum(axis=1)).sum()
        for temperature in _TEMPERATURES
    ]
    prior = np.log(_TEMPERATURES) ** 2 / (2 * _USUAL_SPREAD**2)
    return float(_TEMPERATURES[np.argmin(losses + prior)])


def accept_rates(tracks: Sequence[Track], genres: Sequence[str]) -> dict[str, dict[str, float]]:
    """How often a song of one genre may be called another too: by the answer, by the genre.

    A genre has few songs, so each rate is shrunk to that of all genres, as if five more songs had
    it. Empty where no track has a second right answer.
    """
    if not any(track.also for track in tracks):
        return {}
    accepted = accepted_genres(tracks, genres)
    others = accepted.sum() / len(tracks) - 1
    usual = others / (len(genres) - 1)
    rates: dict[str, dict[str, float]] = {genre: {} for genre in genres}
    for genre in genres:
        own = accepted[[track.genre == genre for track in tracks]]
        shares = (own.sum(axis=0) + _PRIOR_SONGS * usual) / (len(own) + _PRIOR_SONGS)
        for answer, share in zip(genres, shares.tolist(), strict=True):
            if answer != genre:
                rates[answer][genre] = share
    return rates


def sure_bars(judged: Judged, genres: Sequence[str]) -> dict[str, dict[str, float]]:
    """By rate (``SURE_RATES``) and genre the score from which on its answers are that often right.

    (:func:`unsure_thresholds`.)
    """
    bars: dict[str, dict[str, float]] = {}
    for rate in SURE_RATES:
        wanted = 1 - _MISTAKES * (1 - rate / 100)
        found = unsure_thresholds(judged, len(genres), wanted)
        bars[str(rate)] = dict(zip(genres, found.tolist(), strict=True))
    return bars


def unsure_threshold(judged: Judged, wanted: float) -> float:
    """The lowest score from which on answers are right at the rate ``wanted``.

    Calibrated answers to validation data. Where no score reaches that rate over at least a fifth
    of the songs, the score of the best such rate. Being the most favourable of many cuts, it
    promises somewhat more than other songs will keep.
    """
    falling = judged.falling()
    return float(falling.scores[_last_sure(_rates(falling.scores, falling.right), wanted)])


def unsure_thresholds(judged: Judged, n_labels: int, wanted: float) -> NDArray[np.float64]:
    """For each label the lowest score from which on its answers are right at that rate.

    Takes what :func:`unsure_threshold` takes and gives float64 (n_labels,). A label has few
    validation songs, so its rate from a score on is shrunk to that of all labels from the same
    score on, as if sixteen more answers had been right at that rate (the mean of a beta-binomial
    posterior; Gelman et al., Bayesian Data Analysis, 2013, ch. 2.4). A label with fewer than
    eight answers takes the threshold of all. One that is wrong even where the model is surest
    gets 1: it is always unsure.
    """
    falling = judged.falling()
    scores, predicted, right = falling.scores, falling.predicted, falling.right
    rates = _rates(scores, right)
    last = _last_sure(rates, wanted)
    # A few wrong answers among the surest should not make the prior fall where scores rise.
    prior = np.maximum.accumulate(rates[::-1])[::-1]
    aim = min(wanted, rates[last])
    thresholds = np.full(n_labels, float(scores[last]))
    for label in range(n_labels):
        own = predicted == label
        if own.sum() < _FEW_ANSWERS:
            continue
        shrunk = (np.cumsum(own & right) + _PRIOR_ANSWERS * prior) / (
            np.cumsum(own) + _PRIOR_ANSWERS
        )
        reached = np.flatnonzero(_ends(scores) & (shrunk >= aim))
        thresholds[label] = scores[reached[-1]] if len(reached) else 1.0
    return thresholds


def _ends(scores: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Where answers can be parted [n]: after the last of those of one score."""
    return np.append(scores[1:] < scores[:-1], True)


def _rates(scores: NDArray[np.floating], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of right answers down to a score [n]; -1 inside of a tie, where none can be parted."""
    rates = np.cumsum(right) / np.arange(1, len(right) + 1)
    return np.where(_ends(scores), rates, -1)


def _last_sure(rates: NDArray[np.float64], wanted: float) -> int:
    enough = np.arange(1, len(rates) + 1) >= max(1, len(rates) // 5)
    reached = np.flatnonzero(enough & (rates >= wanted))
    return int(reached[-1] if len(reached) else np.argmax(np.where(enough, rates, -1)))
