"""Reads the data sets that a command line names."""

from collections.abc import Sequence
from pathlib import Path

import typer

from melonnx.train.data.tracks import DataSet
from melonnx.train.progress import say

__all__ = ["read_data", "source_weights"]


def read_data(
    data: Sequence[Path],
    artists: Path | None,
    without: Sequence[str],
    weights: dict[str, float],
    *,
    subgenres: bool,
) -> DataSet:
    """As :func:`melonnx.train.data.readers.dataset.read_datasets` does; says what was left out."""
    from melonnx.train.data.readers.dataset import read_datasets

    dataset = read_datasets(
        [root.resolve() for root in data],
        artists,
        subgenres=subgenres,
        without=without,
        weights=weights,
    )
    for reason, count in dataset.skipped.items():
        say(f"left out: {reason} ({count})")
    return dataset


def source_weights(options: Sequence[str] | None) -> dict[str, float]:
    """By source, of ``--weight SOURCE=W``; raises typer.BadParameter where W is no weight."""
    weights: dict[str, float] = {}
    for option in options or ():
        source, _, text = option.rpartition("=")
        try:
            weight = float(text)
        except ValueError:
            weight = -1.0
        if not source or not 0 < weight <= 1:
            raise typer.BadParameter(
                f"{option!r}: expected SOURCE=W with W above 0, up to 1", param_hint="--weight"
            )
        weights[source] = weight
    return weights
