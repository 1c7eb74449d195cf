"""Targets to train on, and accepted genres to score by, where several genres may be right."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from melonnx.train.data.tracks import DataSetError, Track

__all__ = ["accepted_genres", "label_weights", "target_shares"]


def target_shares(
    tracks: Sequence[Track], labels: Sequence[str], also_share: float
) -> NDArray[np.float32]:
    """What the answer to each track should be: float32 [tracks, labels], rows sum to 1.

    The track's label gets all of it; where other genres are right too, they share
    ``also_share`` between them.

    Raises DataSetError where another right genre is none of ``labels``.
    """
    column_of = {label: column for column, label in enumerate(labels)}
    targets = np.zeros((len(tracks), len(labels)), np.float32)
    for row, track in enumerate(tracks):
        strange = [genre for genre in track.also if genre not in column_of]
        if strange:
            raise DataSetError(
                f"{track.path}: also names {', '.join(strange)}, which is none of the labels "
                f"{', '.join(labels)}"
            )
        targets[row, column_of[track.label]] = 1 - also_share * bool(track.also)
        for genre in track.also:
            targets[row, column_of[genre]] = also_share / len(track.also)
    return targets


def accepted_genres(tracks: Sequence[Track], genres: Sequence[str]) -> NDArray[np.bool_]:
    """Which of ``genres`` are right answers to each track, bool [tracks, genres]."""
    rows = [[genre in track.accepted for genre in genres] for track in tracks]
    return np.array(rows, np.bool_).reshape(len(tracks), len(genres))


def label_weights(targets: NDArray[np.float32], balance: float) -> NDArray[np.float64]:
    """What each track counts [tracks] for the share that its labels have; 1 in the mean.

    ``balance`` as in :class:`melonnx.train.settings.Settings`.
    """
    shares = targets.sum(axis=0) / targets.sum()
    factors = targets @ np.where(shares > 0, shares, 1) ** -balance
    return factors / factors.mean()
