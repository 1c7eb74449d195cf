"""The scores of folds are what they say, and are kept."""

import json
from pathlib import Path

import numpy as np
import pytest

from melonnx.train.data.tracks import Track
from melonnx.train.evaluate.fold_scores import print_folds, score_folds


def test_scores_are_counted_by_hand_and_kept(tmp_path):
    """The second fold has no song of the third label, which then plays no part there."""

    def songs(letters, also=()):
        return [Track(Path("x.mp3"), letter, also=also) for letter in letters]

    right, labels = np.eye(3), ("a", "b", "c")
    predictions = [(right[[0, 0, 1, 2]], songs("abbc")), (right[[0, 1, 1, 2]], songs("abbb"))]
    scores = score_folds(predictions, labels)
    assert scores.keys() == {"accuracy", "macro_f1"}
    several = [(right[[0, 0, 1, 2]], songs("abb", ("c",)) + songs("c", ("a",))), predictions[1]]
    more = score_folds([(right[[2, 0, 1, 2]], several[0][1]), several[1]], labels)
    assert more["accepted_accuracy"] == [0.75, 0.75]
    assert more["accuracy"] == [0.5, 0.75]
    assert scores["accuracy"] == [0.75, 0.75]
    assert scores["macro_f1"] == pytest.approx([(2 / 3 + 2 / 3 + 1) / 3, (1 + 4 / 5) / 2])
    lines: list[str] = []
    print_folds(scores | {"accuracy": [0.5, 0.8]}, tmp_path, lines.append)
    assert lines == [
        "accuracy over the folds: 0.650 ± 0.212 (0.500, 0.800)",
        "macro f1 over the folds: 0.839 ± 0.086 (0.778, 0.900)",
    ]
    kept = json.loads((tmp_path / "folds.json").read_text())
    assert kept == {"accuracy": [0.5, 0.8], "macro_f1": scores["macro_f1"]}
