"""Scores of a cross-validation: one figure a fold, their mean and their spread."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score

from melonnx.infer.results.replace import write_text
from melonnx.train.data.tracks import Track
from melonnx.train.progress import Say

__all__ = ["print_folds", "score_folds"]


def score_folds(
    predictions: Sequence[tuple[NDArray[np.float64], Sequence[Track]]], labels: Sequence[str]
) -> dict[str, list[float]]:
    """Accuracy and macro-F1 of each fold from probabilities [tracks, labels] and the tracks.

    Both are strict: the first label counts. ``accepted_accuracy`` counts every right genre, and
    is there where tracks have several. macro-F1 is over the labels that the fold's songs have.
    """
    scores: dict[str, list[float]] = {"accuracy": [], "macro_f1": []}
    several = any(track.also for _, tracks in predictions for track in tracks)
    for probabilities, tracks in predictions:
        predicted = probabilities.argmax(axis=1)
        classes = np.array([labels.index(track.label) for track in tracks])
        scores["accuracy"].append(float(accuracy_score(classes, predicted)))
        if several:
            right = [
                labels[number] in (track.label, *track.also)
                for number, track in zip(predicted, tracks, strict=True)
            ]
            scores.setdefault("accepted_accuracy", []).append(float(np.mean(right)))
        there = np.unique(classes).tolist()
        macro_f1 = f1_score(classes, predicted, labels=there, average="macro", zero_division=0.0)
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
