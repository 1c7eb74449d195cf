"""Predictions of a model file, through the runtime, for songs whose genre is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.library.find import classify_files
from melonnx.infer.predictor import Predictor
from melonnx.train.data.targets import accepted_genres
from melonnx.train.data.tracks import DataSetError, Track
from melonnx.train.progress import Say

__all__ = ["Predictions", "Predictors", "predict_all", "predict_tracks"]

Predictors = Sequence[tuple[Predictor, Sequence[Track]]]
"""Models of one kind, each with the songs that it predicts: those kept from its training."""


@dataclass(frozen=True)
class Predictions:
    """What a model predicts of the songs that it could read; one row a song."""

    labels: tuple[str, ...]
    """Its genres."""
    tracks: tuple[Track, ...]
    true: NDArray[np.int64]
    """[songs]: index of the genre in ``labels``."""
    accepted: NDArray[np.bool_]
    """[songs, labels]: the right answers, ``true`` among them."""
    probabilities: NDArray[np.float64]
    """[songs, labels]."""
    scores: NDArray[np.float64]
    """[songs]: the chance that the prediction is right, as the model has it."""
    unsure: NDArray[np.bool_]
    """[songs]."""
    embeddings: NDArray[np.float32]
    """[songs, d]."""
    subgenres: tuple[str | None, ...]
    """The sub-genre that each song was found to be; None where the model tells genres only."""
    leaves: tuple[str, ...]
    """What the model tells apart: its sub-genres, or ``labels`` again."""
    failures: dict[str, str]
    """Paths of the songs that have no prediction, with the reason."""

    @property
    def predicted(self) -> NDArray[np.int64]:
        """Index of the most probable label [songs]."""
        return self.probabilities.argmax(axis=1)

    @property
    def right(self) -> NDArray[np.bool_]:
        """[songs]: whether the prediction is accepted."""
        return self.accepted[np.arange(len(self.true)), self.predicted]

    @property
    def groups(self) -> list[str]:
        """The artist, or the block of neighbours, of each song."""
        return [track.group for track in self.tracks]


def predict_all(predictors: Predictors, say: Say) -> Predictions:
    """Predict each model's own songs; the predictions are joined in that order.

    Raises DataSetError as :func:`predict_tracks` does.
    """
    parts = [predict_tracks(predictor, tracks, say) for predictor, tracks in predictors]
    return Predictions(
        labels=parts[0].labels,
        tracks=tuple(track for part in parts for track in part.tracks),
        true=np.concatenate([part.true for part in parts]),
        accepted=np.concatenate([part.accepted for part in parts]),
        probabilities=np.concatenate([part.probabilities for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
        unsure=np.concatenate([part.unsure for part in parts]),
        embeddings=np.concatenate([part.embeddings for part in parts]),
        subgenres=tuple(predicted for part in parts for predicted in part.subgenres),
        leaves=parts[0].leaves,
        failures={path: error for part in parts for path, error in part.failures.items()},
    )


def predict_tracks(predictor: Predictor, tracks: Sequence[Track], say: Say) -> Predictions:
    """Classify every track; one that fails is left out and named.

    Raises DataSetError where a genre is not among the model's labels, or nothing is left.
    """
    labels = predictor.info.genres
    strange = {track.genre for track in tracks} - set(labels)
    if strange:
        raise DataSetError(
            f"songs here are of {', '.join(sorted(strange))}, which the model does not tell; it "
            f"tells {', '.join(labels)}"
        )
    failures: dict[str, str] = {}
    classified: list[Track] = []
    probabilities: list[list[float]] = []
    scores: list[float] = []
    unsure: list[bool] = []
    embeddings: list[NDArray[np.float32]] = []
    subgenres: list[str | None] = []
    predictions = classify_files(predictor, [track.path for track in tracks])
    for number, (track, prediction) in enumerate(zip(tracks, predictions, strict=True), 1):
        if number % 100 == 0:
            say(f"{number} of {len(tracks)} songs")
        if prediction.embedding is None:
            failures[str(track.path)] = str(prediction.error)
            continue
        classified.append(track)
        probabilities.append([prediction.probabilities[label] for label in labels])
        scores.append(prediction.score or 0.0)
        unsure.append(prediction.unsure)
        embeddings.append(prediction.embedding)
        subgenres.append(prediction.subgenre)
    if not classified:
        raise DataSetError("none of the songs could be classified")
    return Predictions(
        labels=labels,
        tracks=tuple(classified),
        true=np.array([labels.index(track.genre) for track in classified]),
        accepted=accepted_genres(classified, labels),
        probabilities=np.array(probabilities),
        scores=np.array(scores),
        unsure=np.array(unsure),
        embeddings=np.stack(embeddings),
        subgenres=tuple(subgenres),
        leaves=predictor.info.labels,
        failures=failures,
    )
