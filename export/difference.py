"""How far one output is from what it should be, and where."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Worst", "by_row", "worst_difference", "worst_of_all"]


@dataclass(frozen=True)
class Worst:
    """The largest difference of an output."""

    difference: float
    """max |got - wanted| / max(1, max |wanted|), as :func:`by_row` takes it."""
    where: str
    """Which song or window, and which label or number of a vector."""


def worst_difference(
    got: NDArray[np.floating],
    wanted: NDArray[np.floating],
    rows: Sequence[str],
    columns: Sequence[str],
    tied: NDArray[np.bool_] | None = None,
) -> Worst:
    """The largest of :func:`by_row`, with what it is called by ``rows`` and ``columns``."""
    differences = by_row(got, wanted, tied)
    row, column = divmod(int(differences.argmax()), differences.shape[1])
    name = columns[column] if columns else f"number {column}"
    return Worst(float(differences[row, column]), f"{rows[row]}: {name}")


def by_row(
    got: NDArray[np.floating],
    wanted: NDArray[np.floating],
    tied: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Differences [rows, columns] of such arrays, or of evidence [rows, frames', n_mels', columns].

    Relative to the largest number that is ``wanted``, where it is above 1. Evidence is compared in
    its mean over places, which is the logits, and in the median place: ``genre-base`` gives a
    feature's maximum to the frames that hold it, and of two that are equal but for rounding, as
    where a short clip is repeated, to either. Of rows that are ``tied`` [rows] in most places, only
    the mean counts. A NaN differs by infinity.
    """
    differences = np.nan_to_num(np.abs(np.asarray(got, np.float64) - wanted), nan=np.inf)
    if wanted.ndim == 4:
        logits = np.abs(got.mean(axis=(1, 2), dtype=np.float64) - wanted.mean(axis=(1, 2)))
        by_place = np.median(differences, axis=(1, 2))
        if tied is not None:
            by_place[tied] = 0
        differences = np.maximum(by_place, np.nan_to_num(logits, nan=np.inf))
    return differences / max(1.0, float(np.abs(wanted).max()))


def worst_of_all(found: Iterable[Worst]) -> Worst:
    """The one of the largest difference."""
    return max(found, key=lambda worst: worst.difference)
