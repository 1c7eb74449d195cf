"""Group cross-validation: folds of tracks, no artist in two of them."""

import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from melonnx.train.data.splits import Part, SplitMethod
from melonnx.train.data.tracks import DataSetError, Track

__all__ = ["fold_parts"]


def fold_parts(
    tracks: Sequence[Track], n_folds: int, method: SplitMethod, seed: int
) -> list[list[Part]]:
    """For each of ``n_folds`` the part of each track: "test" in the fold, else "train".

    Whole groups (``Track.group``) are in one fold; single songs where ``method`` is random.
    Raises DataSetError where that cannot be, or a label is missing from a fold's training part.
    """
    if method not in ("artist", "random"):
        raise DataSetError(f"folds are by artist or random, not {method}")
    labels = np.array([track.label for track in tracks])
    by_artist = method == "artist"
    groups = np.array([track.group if by_artist else track.song for track in tracks])
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    try:
        with warnings.catch_warnings():  # of labels with fewer tracks than there are folds
            warnings.simplefilter("ignore", UserWarning)
            folds = list(splitter.split(labels, labels, groups))
    except ValueError as error:
        raise DataSetError(f"cannot make {n_folds} folds: {error}") from None
    for train, _ in folds:
        missing = {track.label for track in tracks} - set(labels[train].tolist())
        if missing:
            raise DataSetError(
                f"{n_folds} folds leave a network without {', '.join(sorted(missing))}: each "
                "genre needs two artists or blocks"
            )
    return [
        ["test" if track in set(test.tolist()) else "train" for track in range(len(tracks))]
        for _, test in folds
    ]
