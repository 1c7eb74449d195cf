"""Says what a collector needs to make folders better: what is confused, misfiled, or the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from melonnx.infer.results.rows import printable
from melonnx.train.evaluate.measures import bootstrap_interval, roc_auc
from melonnx.train.evaluate.predictions import Predictions

__all__ = ["AlikePair", "Doubt", "alike_pairs", "confusion_lines", "doubts", "label_lines"]

_ALIKE = 0.75
"""Two labels are listed where fewer pairs of songs than that are told apart."""
_FEWEST_SONGS = 5
"""Of a label that is compared with others."""
_MOST_LISTED = 20


@dataclass(frozen=True)
class Doubt:
    """A song that is surely said to be of another label than its folder's."""

    path: Path
    label: str
    said: str
    score: float
    """The chance that ``said`` is right."""


@dataclass(frozen=True)
class AlikePair:
    """Two labels that the songs hardly tell apart."""

    labels: tuple[str, str]
    auc: float
    """Of a song of each, the chance that the answers tell which is which; .5 is a coin's."""
    interval: tuple[float, float]
    """95%, by a bootstrap over artists."""


def doubts(answers: Predictions) -> list[Doubt]:
    """The songs whose answer is sure and is none of their right ones, the surest first."""
    rows = np.flatnonzero(~answers.right & ~answers.unsure)
    found = [
        Doubt(
            answers.tracks[row].path,
            answers.labels[answers.true[row]],
            answers.labels[answers.predicted[row]],
            float(answers.scores[row]),
        )
        for row in rows
    ]
    return sorted(found, key=lambda doubt: -doubt.score)


def alike_pairs(answers: Predictions) -> list[AlikePair]:
    """Pairs of labels whose songs get answers that hardly differ, the most alike first."""
    found: list[AlikePair] = []
    logs = np.log(np.maximum(answers.probabilities, 1e-12))
    for first, second in combinations(range(len(answers.labels)), 2):
        rows = np.flatnonzero(np.isin(answers.true, (first, second)))
        is_first = answers.true[rows] == first
        if min(is_first.sum(), (~is_first).sum()) < _FEWEST_SONGS:
            continue
        margins = logs[rows, first] - logs[rows, second]
        auc = roc_auc(is_first, margins)
        if auc < _ALIKE:
            groups = [answers.tracks[row].group for row in rows]
            interval = bootstrap_interval(
                lambda some, m=margins, t=is_first: roc_auc(t[some], m[some]), groups
            )
            found.append(AlikePair((answers.labels[first], answers.labels[second]), auc, interval))
    return sorted(found, key=lambda pair: pair.auc)


def confusion_lines(labels: Sequence[str], confusion: Sequence[Sequence[int]]) -> list[str]:
    """The confusion matrix as text: a row for each folder, columns in the same order, by number."""
    names = [printable(label) for label in labels]
    number = len(str(len(names)))
    longest = max(map(len, names))
    cells = [["." if not count else str(count) for count in row] for row in confusion]
    widths = [max(number, *(len(row[i]) for row in cells)) for i in range(len(names))]
    head = " ".join(str(i + 1).rjust(width) for i, width in enumerate(widths))
    lines = [f"{'':{number}} {'':{longest}}  {head}"]
    for i, (name, row) in enumerate(zip(names, cells, strict=True), 1):
        counts = " ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        lines.append(f"{i:{number}} {name:{longest}}  {counts}")
    return lines


def label_lines(answers: Predictions, confusion: Sequence[Sequence[int]]) -> list[str]:
    """All of it for a terminal."""
    lines = ["confusion: a row is a folder, a column what its songs were said to be"]
    lines += [*confusion_lines(answers.labels, confusion), ""]
    wrong = doubts(answers)
    if wrong:
        lines.append("probably in the wrong folder: surely said to be something else")
        lines += [
            f"  {printable(str(one.path))}: in {printable(one.label)}, sounds like "
            f"{printable(one.said)} ({one.score:.0%})"
            for one in wrong[:_MOST_LISTED]
        ]
        lines += [f"  and {len(wrong) - _MOST_LISTED} more"] * (len(wrong) > _MOST_LISTED)
    elif answers.unsure.all():
        lines.append(
            "probably in the wrong folder: cannot be told; with so few songs no answer is sure"
        )
    else:
        lines.append("probably in the wrong folder: none; no sure answer is another label")
    pairs = alike_pairs(answers)
    if pairs:
        lines += ["", "hardly told apart (of a song of each, how often it is seen which is which)"]
        for pair in pairs[:_MOST_LISTED]:
            low, high = pair.interval
            chance = "; no better than a coin is not ruled out" * (low <= 0.5)
            names = " and ".join(map(printable, pair.labels))
            lines.append(f"  {names}: {pair.auc:.0%} ({low:.0%} to {high:.0%}{chance})")
    else:
        lines += ["", f"every two labels are told apart in {_ALIKE:.0%} of pairs of songs or more"]
    return lines
