"""Silences parts of what the network hears and asks it again: what did they matter to it.

Silence is the floor of the log-mel, 0; the clip's normalisation stays as it was, so that nothing
but the silenced part changes. Source: Zeiler & Fergus, Visualizing and Understanding
Convolutional Networks, ECCV 2014 (occlusion sensitivity), here in time and pitch.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.explain.examine import Examined
from melonnx.infer.frontend.long_tracks import Heard
from melonnx.infer.frontend.windows import Patches
from melonnx.infer.model.calibration import scale
from melonnx.infer.model.hierarchy import sum_by_genre
from melonnx.infer.model.metadata import ModelInfo
from melonnx.infer.model.pooling import pool_windows
from melonnx.infer.predictor import Predictor

__all__ = [
    "Region",
    "ask_again",
    "genre_probabilities",
    "heard_frames",
    "probabilities_without",
    "song_probabilities",
]

_BATCH = 2


@dataclass(frozen=True)
class Region:
    """A rectangle of a song's log-mel."""

    frames: tuple[int, int]
    """The first, and the one behind the last; in the whole track."""
    bands: tuple[int, int]
    """Mel bands, the same way."""


def heard_frames(heard: Heard, info: ModelInfo) -> int:
    """Frames of the track that one window hears: a short track's are fewer than its window."""
    return min(info.window, heard.n_frames)


def genre_probabilities(leaves: NDArray[np.float64], info: ModelInfo) -> NDArray[np.float64]:
    """The answers [..., genres] of windows, or of a song, from uncalibrated ones [..., labels]."""
    return sum_by_genre(scale(leaves, info.temperature), info.labels, info.parents)


def song_probabilities(by_window: NDArray[np.floating], info: ModelInfo) -> NDArray[np.float64]:
    """The song's answer (genres,) from the network's for its windows [windows, labels]."""
    return genre_probabilities(pool_windows(by_window, info.pooling), info)


def ask_again(
    predictor: Predictor, heard: Heard, silenced: Iterable[tuple[int, Sequence[Region]]]
) -> NDArray[np.float32]:
    """Outputs [asked, labels] of windows of ``heard``, each with regions of its own silenced.

    ``silenced``: the window's number, and the regions.
    """
    patches = (_silence(heard, predictor.info, window, regions) for window, regions in silenced)
    return predictor.run(_in_batches(patches)).probabilities


def probabilities_without(
    predictor: Predictor, examined: Examined, regions: Sequence[Region]
) -> NDArray[np.float64]:
    """The song's answer (genres,) with ``regions`` silenced; only windows in them run again."""
    heard, info = examined.heard, examined.info
    length = heard_frames(heard, info)
    affected = [
        window
        for window, start in enumerate(heard.starts)
        if any(one.frames[0] < start + length and start < one.frames[1] for one in regions)
    ]
    by_window = examined.outputs.probabilities.astype(np.float64)
    if affected:
        by_window[affected] = ask_again(predictor, heard, ((one, regions) for one in affected))
    return song_probabilities(by_window, info)


def _silence(
    heard: Heard, info: ModelInfo, window: int, regions: Sequence[Region]
) -> NDArray[np.float32]:
    """The patch (window, n_mels) of a window; a track that is shorter repeats, silence and all."""
    length = heard_frames(heard, info)
    row, start = heard.rows[window], heard.starts[window]
    patch = heard.log_mel[row : row + length].copy()
    for region in regions:
        first, behind = (min(max(0, frame - start), length) for frame in region.frames)
        patch[first:behind, slice(*region.bands)] = 0
    return np.take(patch, np.arange(info.window), axis=0, mode="wrap")


def _in_batches(patches: Iterable[NDArray[np.float32]]) -> Iterator[Patches]:
    batch: list[NDArray[np.float32]] = []
    for patch in patches:
        batch.append(patch)
        if len(batch) == _BATCH:
            yield np.stack(batch)
            batch = []
    if batch:
        yield np.stack(batch)
