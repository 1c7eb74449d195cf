"""Shows a benchmark: tables for a terminal, Markdown, CSV, a bar chart and a confusion matrix."""

import csv
import io
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sklearn.metrics import ConfusionMatrixDisplay

from melonnx.infer.results.replace import write_text
from melonnx.train.classical.benchmark import Benchmark, Score

__all__ = ["PAPER", "PaperRow", "print_benchmark", "write_benchmark"]

_DPI = 120
_WIDTH = 120
"""Columns, where no terminal has any."""
_NETWORK_COLOUR = "tab:orange"


class PaperRow(NamedTuple):
    """A published accuracy on FMA-medium: 16 genres, the official split."""

    classifier: str
    features: str
    """Empty for the best of all feature sets of the paper."""
    accuracy: float


PAPER = (
    PaperRow("RBF SVM", "MFCC + contrast + centroid", 0.6339),
    PaperRow("RBF SVM", "all 518", 0.6288),
    PaperRow("RBF SVM", "MFCC", 0.6098),
    PaperRow("logistic regression", "", 0.6110),
    PaperRow("linear SVM", "", 0.6028),
    PaperRow("MLP", "", 0.5814),
    PaperRow("k-nearest neighbours", "", 0.5531),
    PaperRow("decision tree", "", 0.4761),
)
"""Source: Defferrard and others, FMA: A Dataset for Music Analysis, ISMIR 2017, and the baselines
notebook beside its code. Our list of feature sets is shorter than theirs."""


def print_benchmark(benchmark: Benchmark) -> None:
    """The table of accuracies on stdout, with networks and the paper's rows."""
    sets = _sets(benchmark)
    table = Table("accuracy", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in sets:
        table.add_column(_short(name), justify="right")
    by_cell = {(score.classifier, score.features): score for score in benchmark.scores}
    for classifier in _classifiers(benchmark):
        cells = (by_cell[classifier, name] for name in sets)
        table.add_row(
            classifier,
            *(
                Text(f"{score.accuracy:.1%}", style="bold" if score == benchmark.best else "")
                for score in cells
            ),
        )
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    for score in benchmark.networks:
        if score.learnt:
            console.print(Text(score.learnt), soft_wrap=True)
    console.print(f"{benchmark.songs} songs, {len(benchmark.labels)} genres; {benchmark.split}")
    console.print(table)
    lines = Table(
        "the best, and beside it", "accuracy (95%)", "macro-F1 (95%)", "fit", "predict",
        box=None, pad_edge=False, padding=(0, 2, 0, 0),
    )  # fmt: skip
    for score in (benchmark.best, *benchmark.networks, benchmark.majority):
        lines.add_row(*map(Text, (_title(score), *_figures(score))))
    console.print("", lines, "", _paper_table(benchmark), sep="\n")
    for score in benchmark.networks:
        console.print(Text(f"{score.classifier}: {score.note}"), soft_wrap=True)


def write_benchmark(benchmark: Benchmark, folder: Path, command: str) -> None:
    """Write ``benchmark.md``, ``benchmark.csv``, ``bars.png`` and ``confusion.png``.

    ``command``: what makes them again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _draw_bars(benchmark, folder / "bars.png")
    _draw_confusion(benchmark, folder / "confusion.png")
    write_text(folder / "benchmark.csv", _csv(benchmark))
    write_text(folder / "benchmark.md", _markdown(benchmark, command))


def _all_scores(benchmark: Benchmark) -> list[Score]:
    """The best first; what always says the commonest genre is last."""
    ranked = sorted((*benchmark.scores, *benchmark.networks), key=lambda score: -score.accuracy)
    return [*ranked, benchmark.majority]


def _csv(benchmark: Benchmark) -> str:
    names = [field.name for field in fields(Score)]
    table = io.StringIO(newline="")
    rows = csv.writer(table)
    rows.writerow(names)
    for score in _all_scores(benchmark):
        values = [getattr(score, name) for name in names]
        rows.writerow(
            " ".join(f"{end:.6f}" for end in value) if isinstance(value, tuple) else value
            for value in values
        )
    return table.getvalue()


def _markdown(benchmark: Benchmark, command: str) -> str:
    sets = _sets(benchmark)
    by_cell = {(score.classifier, score.features): score for score in benchmark.scores}

    def cell(score: Score) -> str:
        bold = "**" if score == benchmark.best else ""
        return f"{bold}{score.accuracy:.1%}{bold}"

    grid = [
        [classifier, *(cell(by_cell[classifier, name]) for name in sets)]
        for classifier in _classifiers(benchmark)
    ]
    columns = [f"{name} ({_size(benchmark, name)})" for name in sets]
    each = [[_title(score), *_figures(score)] for score in _all_scores(benchmark)]
    paper = [
        [
            row.classifier,
            row.features or "best of all",
            f"{row.accuracy:.2%}",
            _yours(benchmark, row),
        ]
        for row in PAPER
    ]
    notes = [f"- {score.classifier}: {score.note}" for score in benchmark.networks]
    sections = [
        f"# Classical benchmark: {benchmark.songs} songs, {len(benchmark.labels)} genres",
        f"Preset {benchmark.preset}; {benchmark.split}; {benchmark.groups} artists (where "
        "unknown: blocks of ten neighbours). Intervals are 95%, from a percentile bootstrap that "
        f"draws whole artists or blocks.\n\nMade, and made again, by\n\n```sh\n{command}\n```",
        "## Accuracy by classifier and feature set\n\n" + _rows(["", *columns], grid),
        "## Everything, the best first\n\nSeconds to fit are of all folds together, seconds to "
        "predict of all songs; features are not counted, but networks hear the audio files.\n\n"
        + _rows(["", "accuracy (95%)", "macro-F1 (95%)", "fit", "predict"], each),
        "\n".join(notes),
        "## Beside the FMA paper\n\nFMA-medium: 16 genres, the official split. Other music is "
        "easier or harder; what compares is the order.\n\n"
        + _rows(["classifier", "features", "paper", "here"], paper),
        f"![accuracy of all](bars.png)\n\n![confusion matrix of {_title(benchmark.best)}]"
        "(confusion.png)",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _figures(score: Score) -> tuple[str, str, str, str]:
    low, high = score.accuracy_interval
    f1_low, f1_high = score.macro_f1_interval
    return (
        f"{score.accuracy:.1%} ({low:.1%} to {high:.1%})",
        f"{score.macro_f1:.3f} ({f1_low:.3f} to {f1_high:.3f})",
        "" if score.fit_s is None else f"{score.fit_s:.2f} s",
        "" if score.predict_s is None else f"{score.predict_s:.2f} s",
    )


def _paper_table(benchmark: Benchmark) -> Table:
    table = Table(
        "FMA-medium, official split", "features", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for name in ("paper", "here"):
        table.add_column(name, justify="right")
    for row in PAPER:
        features = row.features or "best of all"
        table.add_row(row.classifier, features, f"{row.accuracy:.2%}", _yours(benchmark, row))
    return table


def _yours(benchmark: Benchmark, row: PaperRow) -> str:
    own = [
        score.accuracy
        for score in benchmark.scores
        if score.classifier == row.classifier and row.features in ("", score.features)
    ]
    return f"{max(own):.2%}" if own else ""


def _title(score: Score) -> str:
    return f"{score.classifier}, {score.features}" if score.features else score.classifier


def _sets(benchmark: Benchmark) -> list[str]:
    return list(dict.fromkeys(score.features for score in benchmark.scores))


def _classifiers(benchmark: Benchmark) -> list[str]:
    return list(dict.fromkeys(score.classifier for score in benchmark.scores))


def _size(benchmark: Benchmark, features: str) -> int:
    return next(score.columns for score in benchmark.scores if score.features == features)


def _short(features: str) -> str:
    """One word a line."""
    return features.replace(" + ", "\n+ ")


def _draw_bars(benchmark: Benchmark, path: Path) -> None:
    """Write a PNG: accuracy with its interval of every row, networks in another colour."""
    scores = _all_scores(benchmark)
    figure = Figure(figsize=(9, 1 + 0.22 * len(scores)), layout="constrained")
    axes = figure.subplots()
    colours = dict.fromkeys(scores, "tab:blue")
    colours |= dict.fromkeys(benchmark.networks, _NETWORK_COLOUR) | {benchmark.majority: "0.6"}
    values = np.array([score.accuracy for score in scores])
    ends = np.array([score.accuracy_interval for score in scores]).T
    axes.barh(
        range(len(scores)),
        values,
        xerr=np.clip([values - ends[0], ends[1] - values], 0, None),
        color=[colours[score] for score in scores],
        error_kw={"ecolor": "0.3", "linewidth": 1},
    )
    axes.set_yticks(range(len(scores)), [_title(score) for score in scores], fontsize=8)
    axes.set_ylim(len(scores) - 0.4, -0.6)
    axes.set_xlim(0, 1)
    axes.set(xlabel="accuracy (bar: 95% interval, over artists)")
    axes.set_title(f"{benchmark.songs} songs, {len(benchmark.labels)} genres", fontsize=10)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    figure.savefig(path, dpi=_DPI)


def _draw_confusion(benchmark: Benchmark, path: Path) -> None:
    """Write a PNG: rows are true genres, numbers songs."""
    size = 2.8 + 0.5 * len(benchmark.labels)
    figure = Figure(figsize=(size + 1, size), layout="constrained")
    axes = figure.subplots()
    ConfusionMatrixDisplay(np.array(benchmark.confusion), display_labels=benchmark.labels).plot(
        ax=axes, cmap="Blues", xticks_rotation=45, colorbar=False
    )
    axes.set(xlabel="answer", ylabel="true genre")
    axes.set_title(f"{_title(benchmark.best)}: {benchmark.best.accuracy:.1%}", fontsize=10)
    figure.savefig(path, dpi=_DPI)
