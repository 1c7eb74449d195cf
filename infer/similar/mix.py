"""Makes mixes of a library: songs like some and unlike others, or a way from song to song."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.similar.index import Index
from melonnx.infer.similar.neighbours import Neighbour, nearest

__all__ = ["Limit", "Limits", "mix", "way"]

_AGAINST = 0.5
"""What a song that is not wanted weighs beside one that is (Rocchio, Relevance Feedback in
Information Retrieval, 1971; of its usual weights, .25 to .75, the middle)."""

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Limit:
    """How many songs of one artist, say, a mix may have."""

    key: Callable[[str], Hashable | None]
    """What songs have in common, by path; None for a song that counts for nobody."""
    most: int


@dataclass
class Limits:
    """What a mix has so far of each; songs are taken once."""

    limits: Sequence[Limit] = ()
    taken: set[int] = field(default_factory=set)
    counts: Counter[tuple[int, Hashable]] = field(default_factory=Counter)
    admits: Callable[[int], bool] | None = None
    """Which rows may be in the mix at all; None for all."""

    def take(self, row: int, path: str) -> bool:
        """Whether the song may be in the mix; it is counted then."""
        if row in self.taken or (self.admits is not None and not self.admits(row)):
            return False
        keys = [
            (number, key)
            for number, limit in enumerate(self.limits)
            if (key := limit.key(path)) is not None
        ]
        if any(self.counts[key] >= self.limits[key[0]].most for key in keys):
            return False
        self.taken.add(row)
        self.counts.update(keys)
        return True


def mix(
    index: Index, like: Sequence[Vector], unlike: Sequence[Vector], k: int, limits: Limits
) -> list[Neighbour]:
    """The ``k`` songs nearest to the middle of ``like`` (one or more) and away from ``unlike``.

    Vectors are float32 (d,). Nearest first; fewer where the limits leave no more.
    """
    query = _middle(like) - _AGAINST * _middle(unlike) if unlike else _middle(like)
    return _first(index, query.astype(np.float32), k, limits)


def way(index: Index, first: int, last: int, n: int, limits: Limits) -> list[Neighbour]:
    """``n`` songs (2 or more) from the row ``first`` to the row ``last``, each near to its place on
    the arc between their directions; fewer where the limits leave no more.

    ``similarity`` is that to the place.
    """
    begin, end = (_unit(index.embeddings[row]) for row in (first, last))
    angle = float(np.arccos(np.clip(begin @ end, -1, 1)))
    ends = [_neighbour(index, row, 1.0) for row in (first, last)]
    for row in (first, last):
        limits.take(row, index.paths[row])
    between: list[Neighbour] = []
    for share in np.linspace(0, 1, n)[1:-1]:
        if angle > 1e-3:
            place = np.sin((1 - share) * angle) * begin + np.sin(share * angle) * end
        else:  # one direction, where the arc has no length to be divided by
            place = (1 - share) * begin + share * end
        between += _first(index, place.astype(np.float32), 1, limits)
    return [ends[0], *between, ends[1]]


def _first(index: Index, query: Vector, k: int, limits: Limits) -> list[Neighbour]:
    found: list[Neighbour] = []
    for row, cosine in _in_order(index, query, k + len(limits.taken)):
        if len(found) == k:
            break
        if limits.take(row, index.paths[row]):
            found.append(_neighbour(index, row, cosine))
    return found


def _in_order(index: Index, query: Vector, some: int) -> Iterator[tuple[int, float]]:
    """Rows and cosines, nearest first; so many more are sought as are asked for."""
    told = 0
    while told < len(index.paths):
        rows, cosines = nearest(index.embeddings, query, some)
        yield from zip(rows[told:].tolist(), cosines[told:].tolist(), strict=True)
        told, some = len(rows), 8 * some


def _neighbour(index: Index, row: int, cosine: float) -> Neighbour:
    return Neighbour(index.paths[row], index.labels[row], cosine, index.is_unsure(row))


def _middle(vectors: Sequence[Vector]) -> Vector:
    return np.mean([_unit(vector) for vector in vectors], axis=0)


def _unit(vector: Vector) -> Vector:
    whole = np.array(vector, np.float32)
    return whole / max(float(np.linalg.norm(whole)), np.finfo(np.float32).tiny)
