"""Classifies songs again under each change, and counts what that does to the answers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.audio.reader import load_audio
from melonnx.infer.errors import AudioError
from melonnx.train.data.corruptions import CONDITIONS, Condition
from melonnx.train.evaluate.measures import bootstrap_interval
from melonnx.train.evaluate.predictions import Answers, Panel
from melonnx.train.progress import Say

__all__ = ["ConditionScore", "MetalScore", "answers_under", "measure_conditions"]

_NO_ANSWER = -1


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
class ConditionScore:
    """How the songs fare under one change."""

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


def measure_conditions(panel: Panel, answers: Answers, say: Say) -> tuple[ConditionScore, ...]:
    """Classify the songs of ``answers`` under each condition; the first row is without change.

    ``panel``: who gave the answers.
    Each song is decoded once, to mono at the model's rate.
    """
    changed = answers_under(CONDITIONS, panel, answers, say)
    plain = Condition("unchanged", "level", lambda waveform, _: waveform)
    return tuple(
        _score(condition, answers, answer)
        for condition, answer in zip(
            (plain, *CONDITIONS), (answers.answer, *changed.T), strict=True
        )
    )


def answers_under(
    conditions: Sequence[Condition],
    panel: Panel,
    answers: Answers,
    say: Say,
) -> NDArray[np.int64]:
    """Index of the answer [songs, conditions]; -1 where what is left cannot be classified."""
    asked = {track.path: predictor for predictor, tracks in panel for track in tracks}
    rate = panel[0][0].info.mel_spec.sample_rate
    table = np.full((len(answers.tracks), len(conditions)), _NO_ANSWER)
    for row, track in enumerate(answers.tracks):
        if row and row % 25 == 0:
            say(f"changed audio: {row} of {len(answers.tracks)} songs")
        predictor, waveform = asked[track.path], load_audio(track.path, rate)
        for column, condition in enumerate(conditions):
            changed = condition.change(waveform, rate)
            try:
                prediction = (
                    predictor.predict(changed, top=1)
                    if isinstance(changed, bytes)
                    else predictor.predict_array(changed, rate, top=1)
                )
            except AudioError:
                continue
            table[row, column] = answers.labels.index(str(prediction.label))
    return table


def _score(condition: Condition, answers: Answers, answer: NDArray[np.int64]) -> ConditionScore:
    right = (answer != _NO_ANSWER) & answers.accepted[np.arange(len(answer)), answer]
    difference = right.astype(float) - answers.right

    def change(rows: NDArray[np.int64]) -> float:
        return float(100 * difference[rows].mean())

    return ConditionScore(
        name=condition.name,
        family=condition.family,
        accuracy=float(right.mean()),
        change_points=float(100 * difference.mean()),
        change_interval=bootstrap_interval(change, answers.groups),
        changed_share=float((answer != answers.answer).mean()),
        unanswered=int((answer == _NO_ANSWER).sum()),
        metal=_metal(answers, answer),
    )


def _metal(answers: Answers, answer: NDArray[np.int64]) -> MetalScore | None:
    if not {"rock", "metal"} <= set(answers.labels):
        return None
    rock, metal = answers.labels.index("rock"), answers.labels.index("metal")
    # A song that is right as both cannot be taken for the other.
    one = ~answers.accepted[:, [rock, metal]].all(axis=1)
    is_rock, is_metal = one & answers.accepted[:, rock], one & answers.accepted[:, metal]
    return MetalScore(
        rock_songs=int(is_rock.sum()),
        rock_as_metal=int((is_rock & (answer == metal)).sum()),
        metal_songs=int(is_metal.sum()),
        metal_as_rock=int((is_metal & (answer == rock)).sum()),
        other_songs=int((one & ~is_rock & ~is_metal).sum()),
        others_as_metal=int((one & ~is_rock & ~is_metal & (answer == metal)).sum()),
    )
