"""Robustness: predicts songs again under each corruption, and counts what that changes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.audio.reader import load_audio
from melonnx.infer.errors import AudioError
from melonnx.train.evaluate.corruptions import CORRUPTIONS, Corruption
from melonnx.train.evaluate.measures import bootstrap_interval
from melonnx.train.evaluate.predictions import Predictions, Predictors
from melonnx.train.progress import Say

__all__ = ["CorruptionScore", "MetalScore", "measure_robustness", "predict_corrupted"]

_NO_PREDICTION = -1


@dataclass(frozen=True)
class MetalScore:
    """Who is taken for whom between rock and metal: loud music should not become metal."""

    rock_songs: int
    rock_as_metal: int
    metal_songs: int
    metal_as_rock: int
    other_songs: int
    """Neither rock nor metal."""
    others_as_metal: int


@dataclass(frozen=True)
class CorruptionScore:
    """How the songs fare under one corruption."""

    name: str
    family: str
    accuracy: float
    """Of all songs; one without an answer counts as wrong."""
    change_points: float
    """Accuracy less that of the unchanged songs, in percentage points."""
    change_interval: tuple[float, float]
    """95%, from a bootstrap over artists of the songs' differences."""
    changed_share: float
    """Share of songs with another answer than unchanged."""
    unanswered: int
    metal: MetalScore | None
    """None where the model does not tell both rock and metal."""


def measure_robustness(
    predictors: Predictors, predictions: Predictions, say: Say
) -> tuple[CorruptionScore, ...]:
    """Classify the songs of ``predictions`` under each corruption; the first row is without any.

    ``predictors``: who made them.
    Each song is decoded once, to mono at the model's rate.
    """
    changed = predict_corrupted(CORRUPTIONS, predictors, predictions, say)
    plain = Corruption("unchanged", "level", lambda waveform, _: waveform)
    return tuple(
        _score(corruption, predictions, predicted)
        for corruption, predicted in zip(
            (plain, *CORRUPTIONS), (predictions.predicted, *changed.T), strict=True
        )
    )


def predict_corrupted(
    corruptions: Sequence[Corruption],
    predictors: Predictors,
    predictions: Predictions,
    say: Say,
) -> NDArray[np.int64]:
    """Index of the prediction [songs, corruptions]; -1 where what is left cannot be classified."""
    predictor_of = {track.path: predictor for predictor, tracks in predictors for track in tracks}
    rate = predictors[0][0].info.mel_spec.sample_rate
    table = np.full((len(predictions.tracks), len(corruptions)), _NO_PREDICTION)
    for row, track in enumerate(predictions.tracks):
        if row and row % 25 == 0:
            say(f"changed audio: {row} of {len(predictions.tracks)} songs")
        predictor, waveform = predictor_of[track.path], load_audio(track.path, rate)
        for column, corruption in enumerate(corruptions):
            changed = corruption.change(waveform, rate)
            try:
                prediction = (
                    predictor.predict(changed, top=1)
                    if isinstance(changed, bytes)
                    else predictor.predict_array(changed, rate, top=1)
                )
            except AudioError:
                continue
            table[row, column] = predictions.labels.index(str(prediction.label))
    return table


def _score(
    corruption: Corruption, predictions: Predictions, predicted: NDArray[np.int64]
) -> CorruptionScore:
    right = (predicted != _NO_PREDICTION) & predictions.accepted[
        np.arange(len(predicted)), predicted
    ]
    difference = right.astype(float) - predictions.right

    def change(rows: NDArray[np.int64]) -> float:
        return float(100 * difference[rows].mean())

    return CorruptionScore(
        name=corruption.name,
        family=corruption.family,
        accuracy=float(right.mean()),
        change_points=float(100 * difference.mean()),
        change_interval=bootstrap_interval(change, predictions.groups),
        changed_share=float((predicted != predictions.predicted).mean()),
        unanswered=int((predicted == _NO_PREDICTION).sum()),
        metal=_metal(predictions, predicted),
    )


def _metal(predictions: Predictions, predicted: NDArray[np.int64]) -> MetalScore | None:
    if not {"rock", "metal"} <= set(predictions.labels):
        return None
    rock, metal = predictions.labels.index("rock"), predictions.labels.index("metal")
    # A song that is right as both cannot be taken for the other.
    one = ~predictions.accepted[:, [rock, metal]].all(axis=1)
    is_rock, is_metal = one & predictions.accepted[:, rock], one & predictions.accepted[:, metal]
    return MetalScore(
        rock_songs=int(is_rock.sum()),
        rock_as_metal=int((is_rock & (predicted == metal)).sum()),
        metal_songs=int(is_metal.sum()),
        metal_as_rock=int((is_metal & (predicted == rock)).sum()),
        other_songs=int((one & ~is_rock & ~is_metal).sum()),
        others_as_metal=int((one & ~is_rock & ~is_metal & (predicted == metal)).sum()),
    )
