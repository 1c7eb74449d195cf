"""Lets the upper part of a network learn on, at a low rate, from songs that are few."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from melonnx.train.fit.losses import GenreLoss
from melonnx.train.fit.optimizer import build_optimizer
from melonnx.train.fit.song_batches import learn, song_batches
from melonnx.train.network.head import Head
from melonnx.train.network.student import FrontWindows, embed_fronts, upper_of
from melonnx.train.progress import Say
from melonnx.train.settings import Settings

__all__ = ["Songs", "song_logits", "tune"]

_AT_THE_END = 1e-2
"""Share of the learning rate that is left at the end."""
_TELL_EVERY = 10


@dataclass(frozen=True)
class Songs:
    """Songs, each with what should be said of it."""

    fronts: Sequence[Sequence[FrontWindows]]
    """Of each song: as it is, then its distorted copies."""
    targets: NDArray[np.float32]
    """[songs, labels], rows sum to 1."""
    weights: NDArray[np.float32]
    """[songs]: what each counts."""


def tune(
    student: keras.Model, head: Head, songs: Songs, kept_out: Songs | None, settings: Settings,
    say: Say,
) -> tuple[Head, int]:  # fmt: skip
    """Teach what of ``student`` learns, and ``head``; what is kept is returned, and its epoch.

    That is the epoch which loses least on ``kept_out``, 0 where no step made it better; the last
    one where nothing is kept out. A song's embedding is the mean over its windows. Batch norms
    keep their statistics and their factors.
    """
    keras.utils.set_random_seed(settings.seed)
    upper = upper_of(student, settings)
    for layer in upper.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    network = _network(upper, head, songs, settings)
    n_batches = max(1, len(songs.fronts) // settings.batch_size)
    network.compile(
        build_optimizer(settings, n_batches, at_the_end=_AT_THE_END),
        loss=GenreLoss(songs.targets.shape[1], settings.label_smoothing),
        jit_compile=False,
    )
    best = _loss(upper, head, kept_out) if kept_out else np.inf
    kept, kept_epoch = network.get_weights(), 0
    for epoch in range(1, settings.epochs + 1):
        losses = [
            learn(network, heard, songs.targets[rows], songs.weights[rows])
            for heard, rows in song_batches(songs.fronts, settings, epoch, n_batches)
        ]
        told = f"epoch {epoch} of {settings.epochs}: loss {np.mean(losses):.3f}"
        if kept_out:
            loss = _loss(upper, _head_of(network), kept_out)
            told += f"; validation loss {loss:.3f}"
            if loss < best:
                best, kept, kept_epoch = loss, network.get_weights(), epoch
                told += " *"
        if epoch % _TELL_EVERY == 0 or epoch == settings.epochs:
            say(told)
        if kept_out and epoch - kept_epoch >= settings.patience:
            break
    if kept_out:
        network.set_weights(kept)
    return _head_of(network), kept_epoch if kept_out else settings.epochs


def song_logits(
    upper: keras.Model, head: Head, fronts: Sequence[Sequence[FrontWindows]]
) -> NDArray[np.float32]:
    """What is said of each song as it is, all its windows together: [songs, labels]."""
    embedded = embed_fronts(upper, [versions[0] for versions in fronts])
    return np.stack([windows.mean(axis=0) for windows in embedded]) @ head[0] + head[1]


def _network(upper: keras.Model, head: Head, songs: Songs, settings: Settings) -> keras.Model:
    """Front windows [batch, windows, ...] to logits [batch, labels]."""
    shape, together = songs.fronts[0][0].shape[1:], settings.windows_together
    heard = keras.Input((together, *shape))
    embedded: Any = upper(ops.reshape(heard, (-1, *shape)))
    song = ops.mean(ops.reshape(embedded, (-1, together, embedded.shape[-1])), axis=1)
    logits = layers.Dense(len(head[1]), name="logits")
    network = keras.Model(heard, logits(layers.Dropout(settings.dropout)(song)))
    logits.set_weights(list(head))
    return network


def _head_of(network: keras.Model) -> Head:
    kernel, bias = network.get_layer("logits").get_weights()
    return kernel, bias


def _loss(upper: keras.Model, head: Head, songs: Songs) -> float:
    logits = song_logits(upper, head, songs.fronts)
    logits -= logits.max(axis=1, keepdims=True)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    lost = -(songs.targets * logs).sum(axis=1)
    return float((lost * songs.weights).sum() / songs.weights.sum())
