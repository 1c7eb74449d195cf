"""Reliability: how sure predictions are against how often they are right (ECE)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["ReliabilityBin", "calibrated_error", "calibration_error", "reliability_bins"]

_BINS = 15
_DRAWS = 1000


class ReliabilityBin(NamedTuple):
    """The answers with a score above ``low``, up to ``high``."""

    low: float
    high: float
    songs: int
    score: float
    """Their mean score."""
    accuracy: float


def reliability_bins(
    scores: NDArray[np.floating], right: NDArray[np.bool_]
) -> tuple[ReliabilityBin, ...]:
    """Sort answers into 15 equally wide bins by score; empty bins are left out.

    ``scores`` [n]: probability of the top answer; ``right`` [n].
    Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
    """
    number = _bin_numbers(scores)
    bins = []
    for i in range(_BINS):
        inside = number == i
        if inside.any():
            score, accuracy = float(scores[inside].mean()), float(right[inside].mean())
            songs = int(inside.sum())
            bins.append(ReliabilityBin(i / _BINS, (i + 1) / _BINS, songs, score, accuracy))
    return tuple(bins)


def calibration_error(scores: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """Expected calibration error (ECE): mean gap of score and accuracy over the bins.

    Takes what :func:`reliability_bins` takes; a bin counts by its songs. Source: the same.
    """
    gaps = np.bincount(_bin_numbers(scores), weights=scores - right, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(scores))


def calibrated_error(scores: NDArray[np.floating], seed: int = 0) -> float:
    """The ECE to expect of these ``scores`` [n] if each were true: what chance alone makes.

    Few songs in a bin never match its score exactly, so the ECE of a perfect model is above 0.
    Source: the consistency resampling of Bröcker and Smith, Increasing the Reliability of
    Reliability Diagrams, Weather and Forecasting, 2007.
    """
    rng = np.random.default_rng(seed)
    draws = rng.random((_DRAWS, len(scores))) < scores
    return float(np.mean([calibration_error(scores, right) for right in draws]))


def _bin_numbers(scores: NDArray[np.floating]) -> NDArray[np.int64]:
    return np.clip(np.ceil(scores * _BINS).astype(np.int64) - 1, 0, _BINS - 1)
