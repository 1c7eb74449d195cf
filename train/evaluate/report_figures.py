"""Draws the figures of a report: confusion matrix, reliability, and corrupted audio."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from sklearn.metrics import ConfusionMatrixDisplay

from melonnx.train.evaluate.decided import DecidedScore
from melonnx.train.evaluate.robustness import CorruptionScore
from melonnx.train.evaluate.scores import Report

__all__ = ["draw_confusion", "draw_corruptions", "draw_reliability"]

_DPI = 120
_COLOURS = {"level": "tab:blue", "limiter": "tab:red", "codec": "tab:green", "length": "tab:purple"}


def draw_confusion(report: Report, path: Path) -> None:
    """Write a PNG: rows are true genres, numbers songs, colours shares of the row."""
    counts = np.array(report.confusion)
    songs = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, songs, out=np.zeros(counts.shape), where=songs > 0)
    size = 2.8 + 0.5 * len(counts)
    figure = Figure(figsize=(size + 1, size), layout="constrained")
    axes = figure.subplots()
    names = [
        f"{label} ({number})" for label, number in zip(report.labels, songs[:, 0], strict=True)
    ]
    ConfusionMatrixDisplay(shares).plot(
        ax=axes,
        include_values=False,
        cmap="Blues",
        im_kw={"vmin": 0, "vmax": 1},
        colorbar=False,
    )
    for (row, column), number in np.ndenumerate(counts):
        if number:
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(number), ha="center", va="center", color=colour)
    axes.set_xticks(range(len(names)), report.labels, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="answer", ylabel="true genre (songs)")
    axes.set_title(f"{report.songs} songs, {report.accuracy:.1%} right")
    figure.colorbar(
        axes.images[0], ax=axes, label="share of the row", format=PercentFormatter(1), shrink=0.8
    )
    figure.savefig(path, dpi=_DPI)


def draw_reliability(report: "Report | DecidedScore", path: Path) -> None:
    """Write a PNG: how often answers of a score are right, and how many there are of it."""
    figure = Figure(figsize=(6, 6.5), layout="constrained")
    rates, counts = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    bins = report.reliability
    widths = [one.high - one.low for one in bins]
    lows = [one.low for one in bins]
    rates.bar(lows, [one.accuracy for one in bins], widths, align="edge", edgecolor="white")
    rates.plot([0, 1], [0, 1], color="0.3", linestyle="--", label="score = accuracy")
    rates.plot(
        [one.score for one in bins],
        [one.accuracy for one in bins],
        color="black",
        marker="o",
        markersize=4,
        linewidth=0,
        label="mean score of the bin",
    )
    rates.set(ylabel="share of right answers", xlim=(0, 1), ylim=(0, 1.02))
    rates.set_title(
        f"ECE {report.ece:.1%} ({report.ece_if_calibrated:.1%} expected by chance, "
        f"{report.songs} songs)"
    )
    rates.legend(loc="upper left")
    rates.yaxis.set_major_formatter(PercentFormatter(1))
    bars = counts.bar(lows, [one.songs for one in bins], widths, align="edge", edgecolor="white")
    counts.bar_label(bars, fontsize=8)
    counts.margins(y=0.25)
    counts.set(xlabel="score of the answer", ylabel="songs")
    counts.xaxis.set_major_formatter(PercentFormatter(1))
    figure.savefig(path, dpi=_DPI)


def draw_corruptions(scores: Sequence[CorruptionScore], baseline: float, path: Path) -> None:
    """Write a PNG: accuracy, and songs with another answer, under each change.

    ``scores``: the unchanged songs first; ``baseline``: accuracy of the majority answer.
    """
    plain, changed = scores[0], scores[1:]
    figure = Figure(figsize=(11, 1.6 + 0.32 * len(changed)), layout="constrained")
    right, other = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    for row, score in enumerate(changed):
        colour = _COLOURS[score.family]
        low, high = (plain.accuracy + points / 100 for points in score.change_interval)
        right.plot([low, high], [row, row], color=colour, linewidth=2, alpha=0.5)
        right.plot(score.accuracy, row, "o", color=colour)
        bar = other.barh(row, score.changed_share, color=colour)
        other.bar_label(bar, [f"{score.changed_share:.0%}"], padding=3)
    right.axvline(plain.accuracy, color="black", linewidth=1, label="unchanged")
    right.axvline(baseline, color="0.5", linestyle=":", label="always the commonest genre")
    right.set_yticks(range(len(changed)), [score.name for score in changed])
    right.set_ylim(len(changed) - 0.4, -0.6)
    right.set_xlim(0, 1)
    right.set(xlabel="accuracy (bar: 95% interval of the change, over artists)")
    figure.legend(*right.get_legend_handles_labels(), loc="outside upper left", ncols=2)
    most = max(score.changed_share for score in changed)
    other.set(xlabel="songs with another answer than unchanged", xlim=(0, max(0.1, 1.2 * most)))
    other.xaxis.set_major_locator(MaxNLocator(5))
    for axes in (right, other):
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.grid(axis="x", alpha=0.3)
        axes.set_axisbelow(True)
    figure.savefig(path, dpi=_DPI)
