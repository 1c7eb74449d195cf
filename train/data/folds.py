"""Group cross-validation: every song is asked of a network that has not heard its artist."""

import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedGroupKFold

from melonnx.infer.results.replace import write_text
from melonnx.train.data.splits import Part
from melonnx.train.data.tracks import DataSetError, Track
from melonnx.train.progress import Say
from melonnx.train.run import Settings

__all__ = ["fold_parts", "print_folds", "score_folds"]


def fold_parts(tracks: Sequence[Track], settings: Settings) -> list[list[Part]]:
    """For each of ``settings.folds`` the part of each track: "test" in the fold, else "train".

    Whole groups (``Track.group``) are in one fold; single songs where ``settings.split`` is
    random. Raises DataSetError where that cannot be, or a label is missing from a fold's
    training part.
    """
    if settings.split not in ("artist", "random"):
        raise DataSetError(f"folds are by artist or random, not {settings.split}")
    labels = np.array([track.label for track in tracks])
    by_artist = settings.split == "artist"
    groups = np.array([track.group if by_artist else track.song for track in tracks])
    splitter = StratifiedGroupKFold(settings.folds, shuffle=True, random_state=settings.seed)
    try:
        with warnings.catch_warnings():  # of labels with fewer tracks than there are folds
            warnings.simplefilter("ignore", UserWarning)
            folds = list(splitter.split(labels, labels, groups))
    except ValueError as error:
        raise DataSetError(f"cannot make {settings.folds} folds: {error}") from None
    for learn, _ in folds:
        missing = {track.label for track in tracks} - set(labels[learn].tolist())
        if missing:
            raise DataSetError(
                f"{settings.folds} folds leave a network without {sorted(missing)}: each genre "
                "needs two artists or blocks"
            )
    return [
        ["test" if track in set(ask.tolist()) else "train" for track in range(len(tracks))]
        for _, ask in folds
    ]


def score_folds(
    answers: Sequence[tuple[NDArray[np.float64], Sequence[Track]]], labels: Sequence[str]
) -> dict[str, list[float]]:
    """Accuracy and macro-F1 of each fold from probabilities [tracks, labels] and the tracks.

    Both are strict: the first label counts. ``accepted_accuracy`` counts every right genre, and
    is there where tracks have several. macro-F1 is over the labels that the fold's songs have.
    """
    scores: dict[str, list[float]] = {"accuracy": [], "macro_f1": []}
    several = any(track.also for _, tracks in answers for track in tracks)
    for probabilities, tracks in answers:
        answer = probabilities.argmax(axis=1)
        classes = np.array([labels.index(track.label) for track in tracks])
        scores["accuracy"].append(float(accuracy_score(classes, answer)))
        if several:
            right = [
                labels[number] in (track.label, *track.also)
                for number, track in zip(answer, tracks, strict=True)
            ]
            scores.setdefault("accepted_accuracy", []).append(float(np.mean(right)))
        there = np.unique(classes).tolist()
        macro_f1 = f1_score(classes, answer, labels=there, average="macro", zero_division=0.0)
        scores["macro_f1"].append(float(macro_f1))
    return scores


def print_folds(scores: dict[str, list[float]], folder: Path, say: Say) -> None:
    """Say mean and spread (standard deviation over folds), and keep all in ``folds.json``."""
    for name, values in scores.items():
        spread = float(np.std(values, ddof=1))
        each = ", ".join(f"{value:.3f}" for value in values)
        what = name.replace("_", " ")
        say(f"{what} over the folds: {np.mean(values):.3f} ± {spread:.3f} ({each})")
    write_text(folder / "folds.json", json.dumps(scores, indent=2))
