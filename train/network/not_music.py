"""Learns to tell music from what is none: a linear head on the embedding, and the bar below it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from melonnx.train.network.embeddings import WindowEmbeddings

__all__ = ["MusicHead", "Sounds", "fit_music_head", "music_of", "refused_below"]

_REGULARISATION = 0.01
"""scikit-learn's C, for embeddings of variance 1."""
_FOLDS = 5
_REFUSED = 0.005
"""Of the songs, kept from the head that is asked, the share that the bar may refuse."""


@dataclass(frozen=True)
class MusicHead:
    """A layer whose sigmoid is how much a window sounds like music."""

    kernel: NDArray[np.float32]
    """[d, 1]."""
    bias: NDArray[np.float32]
    """[1]."""
    bar: float
    """A song whose mean over windows is below does not sound like music."""


@dataclass(frozen=True)
class Sounds:
    """Embeddings by window of things to be heard, with what must not be parted."""

    windows: Sequence[WindowEmbeddings]
    """Of each, float32 [its windows, d]."""
    groups: Sequence[str]
    """Of each: the artist of a song, the speaker, kind or folder of a sound."""


def fit_music_head(songs: Sounds, others: Sounds) -> MusicHead:
    """Logistic regression on standardised embeddings of windows, ``songs`` against ``others``.

    Each song and each other sound counts the same, and both kinds together weigh the same. The
    bar lets all but half a percent of the songs pass, each asked of a head that has not heard its
    group.
    """
    held_out = np.zeros(len(songs.windows))
    folds = GroupKFold(min(_FOLDS, len(set(songs.groups))))
    for train, test in folds.split(held_out, groups=np.array(songs.groups)):
        kernel, bias = _fit([songs.windows[row] for row in train], others.windows)
        held_out[test] = [music_of(songs.windows[row], kernel, bias) for row in test]
    kernel, bias = _fit(songs.windows, others.windows)
    return MusicHead(kernel, bias, refused_below(held_out))


def refused_below(music: NDArray[np.floating]) -> float:
    """The bar that refuses at most half a percent of the songs: ``music`` [songs], unheard."""
    falling = np.sort(music)
    return float(falling[int(_REFUSED * len(falling))])


def music_of(
    windows: WindowEmbeddings, kernel: NDArray[np.float32], bias: NDArray[np.float32]
) -> float:
    """How much a song or sound is music, 0 to 1: the mean over its windows, as at inference."""
    return float((1 / (1 + np.exp(-(windows @ kernel + bias)))).mean())


def _fit(
    songs: Sequence[WindowEmbeddings], others: Sequence[WindowEmbeddings]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    sounds = [*songs, *others]
    counts = np.array([len(windows) for windows in sounds])
    is_song = (np.arange(len(sounds)) < len(songs)).repeat(counts)
    weights = (1 / counts).repeat(counts)
    for kind in (is_song, ~is_song):
        weights[kind] *= len(weights) / 2 / weights[kind].sum()
    windows = np.concatenate(sounds)
    scaler = StandardScaler().fit(windows)
    model = LogisticRegression(C=_REGULARISATION, max_iter=1000)
    model.fit(scaler.transform(windows), is_song, sample_weight=weights)
    kernel = model.coef_.T / scaler.scale_[:, None]
    bias = model.intercept_ - scaler.mean_ @ kernel
    return kernel.astype(np.float32), bias.astype(np.float32)
