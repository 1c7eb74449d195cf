"""Sums the probabilities of sub-genres to those of their genres."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["genres_above", "sum_by_genre"]


def genres_above(labels: Sequence[str], parents: Mapping[str, str]) -> tuple[str, ...]:
    """The genres above ``labels``, in the order of their first label; without ``parents``,
    the labels themselves.
    """
    return tuple(dict.fromkeys(parents[label] for label in labels)) if parents else tuple(labels)


def sum_by_genre(
    probabilities: NDArray[np.float64], labels: Sequence[str], parents: Mapping[str, str]
) -> NDArray[np.float64]:
    """Probabilities [..., labels] to [..., genres], in the order of :func:`genres_above`.

    ``parents``: genre by label; where it is empty the labels are genres, and nothing changes.
    """
    if not parents:
        return probabilities
    genres = genres_above(labels, parents)
    belongs = np.array([[parents[label] == genre for genre in genres] for label in labels])
    return probabilities @ belongs.astype(np.float64)
