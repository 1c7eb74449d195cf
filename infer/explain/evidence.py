"""Where in a song, by seconds and by pitch, the network found what speaks for each genre.

Measured by occlusion, place by place. The network's class activations come for nothing and are
finer in time, but those of ``genre-base`` have no pitch, and what activations name matters less to
the answer (``tests/benchmarks/explain.py``).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.errors import UnknownGenreError
from melonnx.infer.explain.examine import Examined
from melonnx.infer.explain.occlusion import (
    Region,
    ask_again,
    genre_probabilities,
    heard_frames,
    song_probabilities,
)
from melonnx.infer.frontend.mel import MelSpec, band_centres
from melonnx.infer.model.calibration import SMALLEST, scale
from melonnx.infer.model.metadata import ModelInfo
from melonnx.infer.model.pooling import pool_windows
from melonnx.infer.predictor import Predictor
from melonnx.infer.spelling import did_you_mean

__all__ = ["Band", "EvidenceMap", "activation_over_time", "log_odds", "map_evidence", "pitch_bands"]

_CELL_S = 1.0
_LEAST_CELLS = 8
"""Of short songs, a cell is shorter, so that there are so many."""
_COLUMNS_A_CELL = 4
"""The cells of windows that overlap begin at other moments."""
_MOMENT_S = 0.25
_MOMENTS = 2048
_CELLS = 128
"""Of long songs, a cell is longer, so that the network runs not much oftener than this for
each band; but at least once for each window."""
_OCTAVES = (
    ("bass", 0, 250),
    ("low mid", 250, 500),
    ("low mid", 500, 1000),
    ("high mid", 1000, 2000),
    ("high mid", 2000, 4000),
    ("treble", 4000, 8000),
    ("treble", 8000, 16000),
)


@dataclass(frozen=True)
class Band:
    """A stretch of pitch."""

    name: str
    """bass, low mid, high mid or treble."""
    low_hz: float
    high_hz: float
    mels: tuple[int, int]
    """The first mel band in it, and the one behind the last."""


@dataclass(frozen=True)
class EvidenceMap:
    """What would become of each window's answer if one place in it were silent.

    Places are a second long, and columns a part of it: all columns of a place are alike. Where
    windows overlap, it is their mean.
    """

    whole: NDArray[np.float64]
    """(columns, genres): the probabilities with nothing silenced; NaN where the network did not
    listen."""
    without: NDArray[np.float64]
    """(columns, bands, genres): those without the place."""
    column_s: float
    """Seconds a column; the first begins with the song."""
    column_frames: float
    """The same in frames of the log-mel."""
    bands: tuple[Band, ...]
    """Lowest first."""
    genres: tuple[str, ...]
    probabilities: NDArray[np.float64]
    """(genres,): the song's, with nothing silenced."""
    n_windows: int
    pooling: str = "probabilities"
    """How the song's answer comes of its windows', as in ``ModelInfo``."""

    def speaks_for(self, genre: str, against: str | None = None) -> NDArray[np.float64]:
        """Log-odds (columns, bands) that ``genre`` loses in its window without each place.

        Against all others, or against ``against``; negative where the place speaks against
        it. Raises UnknownGenreError.
        """
        whole = log_odds(self.whole, self.genres, genre, against)
        return whole[:, None] - log_odds(self.without, self.genres, genre, against)

    def matters_for(self, genre: str, against: str | None = None) -> NDArray[np.float64]:
        """The same in the song's answer: where its window is certain, no one place matters.

        To first order: the song's answer is the mean over its windows. Of a mean of logits that
        is exact where genres have no sub-genres, and there a certain window's places do matter.
        """
        if self.pooling == "logits":
            change = _logarithms(self.without) - _logarithms(self.whole)[:, None]
            left = self.probabilities * np.exp(change / self.n_windows)
            left /= left.sum(axis=-1, keepdims=True)
        else:
            change = (self.without - self.whole[:, None]) / self.n_windows
            left = np.maximum(self.probabilities + change, 0)
        whole = log_odds(self.probabilities, self.genres, genre, against)
        return whole - log_odds(left, self.genres, genre, against)


def log_odds(
    probabilities: NDArray[np.float64],
    genres: tuple[str, ...],
    genre: str,
    against: str | None = None,
) -> NDArray[np.float64]:
    """Natural log-odds (...) of ``genre`` from probabilities [..., genres].

    Against all others, or against ``against``. Raises UnknownGenreError.
    """
    at = _index(genres, genre)
    chosen = probabilities[..., at]
    if against is None:
        other = np.delete(probabilities, at, axis=-1).sum(axis=-1)  # 1 - p has too few digits
    else:
        other = probabilities[..., _index(genres, against)]
    return np.log(np.maximum(chosen, 1e-9)) - np.log(np.maximum(other, 1e-9))


def _logarithms(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log(np.maximum(probabilities, SMALLEST))


def _index(genres: tuple[str, ...], genre: str) -> int:
    if genre not in genres:
        near = did_you_mean(genre, genres)
        raise UnknownGenreError(f"the model knows no {genre!r}{near}; it tells {', '.join(genres)}")
    return genres.index(genre)


def pitch_bands(spec: MelSpec) -> tuple[Band, ...]:
    """Bass, and the octaves above it as far as the mel bands go; they leave none out."""
    centres = band_centres(spec.n_mels, spec.fmin, spec.fmax)
    bands = []
    for name, low, high in _OCTAVES:
        inside = np.flatnonzero((centres >= low) & (centres < high))
        if len(inside):
            ends = max(low, spec.fmin), min(high, spec.fmax)
            bands.append(Band(name, *ends, (int(inside[0]), int(inside[-1]) + 1)))
    return tuple(bands)


def map_evidence(predictor: Predictor, examined: Examined) -> EvidenceMap:
    """Silence each second (an eighth of short songs) of each band in turn, and ask again.

    The network runs about ``seconds * bands`` times, 0.4 s for 30 s of ``genre-base``.
    """
    info, heard = examined.info, examined.heard
    bands = pitch_bands(info.mel_spec)
    length, n_windows = heard_frames(heard, info), len(heard.starts)
    seconds = length * info.mel_spec.frame_seconds
    cell_s = min(_CELL_S, heard.n_frames * info.mel_spec.frame_seconds / _LEAST_CELLS)
    n_cells = max(1, min(round(seconds / cell_s), _CELLS // n_windows, length))
    edges = np.linspace(0, length, n_cells + 1).round().astype(int)

    def places() -> Iterator[tuple[int, list[Region]]]:
        for window, start in enumerate(heard.starts):
            for cell in range(n_cells):
                frames = (start + int(edges[cell]), start + int(edges[cell + 1]))
                for band in bands:
                    yield window, [Region(frames, band.mels)]

    leaves = examined.outputs.probabilities.astype(np.float64)
    silenced = ask_again(predictor, heard, places()).reshape(n_windows, n_cells, len(bands), -1)
    whole_of, without_of = (
        genre_probabilities(one.astype(np.float64), info) for one in (leaves, silenced)
    )

    step = length / n_cells / _COLUMNS_A_CELL
    n_columns = max(1, round(heard.n_frames / step))
    whole = np.zeros((n_columns, len(info.genres)))
    without = np.zeros((n_columns, len(bands), len(info.genres)))
    counts = np.zeros(n_columns)
    for window, start in enumerate(heard.starts):
        columns = round(start / step) + np.arange(n_cells * _COLUMNS_A_CELL)
        columns = columns[columns < n_columns]
        cells = np.arange(len(columns)) // _COLUMNS_A_CELL
        whole[columns] += whole_of[window]
        without[columns] += without_of[window, cells]
        counts[columns] += 1
    counts[counts == 0] = np.nan
    return EvidenceMap(
        whole=whole / counts[:, None],
        without=without / counts[:, None, None],
        column_s=step * info.mel_spec.frame_seconds,
        column_frames=step,
        bands=bands,
        genres=info.genres,
        probabilities=song_probabilities(leaves, info),
        n_windows=n_windows,
        pooling=info.pooling,
    )


def activation_over_time(
    examined: Examined, genre: str, against: str | None = None
) -> tuple[NDArray[np.float32], float]:
    """The network's own class activations for ``genre``, summed up over pitch.

    Returns what each moment adds to the log-odds (columns,), NaN where the network did not
    listen, and the seconds of a column. Sub-genres count by their share of their genre; all
    other genres, or ``against`` alone, are subtracted. Raises UnknownGenreError.
    """
    info, heard, by_place = examined.info, examined.heard, examined.outputs.evidence
    if by_place is None:
        raise ValueError("the outputs were asked for without evidence")
    leaves = pool_windows(examined.outputs.probabilities.astype(np.float64), info.pooling)
    weights = _share_below(leaves, info, [genre])
    others = [against] if against else [one for one in info.genres if one != genre]
    weights -= _share_below(leaves, info, others)
    by_moment = (by_place.mean(axis=2) @ weights / info.temperature).astype(np.float32)

    length = heard_frames(heard, info)
    every = max(round(_MOMENT_S / info.mel_spec.frame_seconds), -(-heard.n_frames // _MOMENTS))
    n_columns = -(-heard.n_frames // every)
    total, count = np.zeros(n_columns), np.zeros(n_columns)
    cells = np.arange(length) * by_moment.shape[1] // info.window
    for start, window in zip(heard.starts, by_moment, strict=True):
        columns = (start + np.arange(length)) // every
        np.add.at(total, columns, window[cells])
        np.add.at(count, columns, 1)
    with np.errstate(invalid="ignore"):
        return (total / count).astype(np.float32), every * info.mel_spec.frame_seconds


def _share_below(
    leaves: NDArray[np.float64], info: ModelInfo, genres: list[str]
) -> NDArray[np.float64]:
    """(labels,): the probabilities of those below ``genres``, scaled to sum to 1."""
    for genre in genres:
        _index(info.genres, genre)
    below = np.array([info.parents.get(label, label) in genres for label in info.labels])
    shares = np.where(below, scale(leaves, info.temperature), 0)
    return shares / shares.sum()
