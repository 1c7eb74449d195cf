"""Draws how a run went: accuracy and loss, training against validation."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

__all__ = ["draw_curves"]


def draw_curves(history: Sequence[dict[str, float]], best_epoch: int, path: Path) -> None:
    """Write a PNG of two plots over epochs; a dotted line marks the epoch that was kept.

    ``history``: one row an epoch with ``epoch``, ``loss``, ``accuracy`` and, if something was
    validated on, ``val_loss`` and ``val_accuracy``.
    """
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, name in zip(figure.subplots(1, 2), ("accuracy", "loss"), strict=True):
        epochs = [row["epoch"] for row in history]
        axes.plot(epochs, [row[name] for row in history], label="training (augmented crops)")
        if all(f"val_{name}" in row for row in history):
            axes.plot(
                epochs,
                [row[f"val_{name}"] for row in history],
                label="validation (mean weights)",
            )
        axes.axvline(best_epoch, color="0.5", linestyle=":", label=f"kept: epoch {best_epoch}")
        axes.set(xlabel="epoch", ylabel=name, title=name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(alpha=0.3)
    lines, names = figure.axes[0].get_legend_handles_labels()  # both plots have the same
    figure.legend(lines, names, loc="outside lower center", ncols=len(names))
    figure.savefig(path, dpi=120)
