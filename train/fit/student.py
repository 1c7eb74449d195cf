"""Teaches a student song by song: the genres, and what its teachers make of the whole song."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from melonnx.infer.results.replace import writing
from melonnx.train.fit.losses import GenreLoss
from melonnx.train.fit.song_batches import learn, song_batches
from melonnx.train.network.student import FrontWindows, upper_of
from melonnx.train.progress import Say, show_steps, told_time
from melonnx.train.settings import Settings

__all__ = ["StudentExamples", "standardised", "teach"]

_AVERAGED = 0.1
"""Of all batches, about the share of the last ones whose weights' running mean is kept."""
_NORM_MEMORY = 0.95
_DROPPED_CHANNELS, _DROPPED = 0.05, 0.5
"""Of the front's feature map, and of the embedding below the logits."""
_FARTHEST = 5.0
"""Standard deviations beyond which nothing is imitated."""
_AT_THE_END = 1e-2
"""Share of the learning rate that is left at the end."""


@dataclass(frozen=True)
class StudentExamples:
    """Songs, each with what should be said of it."""

    fronts: Sequence[Sequence[FrontWindows]]
    """Of each song: as it is, then its distorted copies."""
    targets: NDArray[np.float32]
    """[songs, labels], rows sum to 1."""
    imitated: NDArray[np.float32]
    """[songs, d]: the teachers' embeddings (:func:`standardised`)."""
    weights: NDArray[np.float32]
    """[songs]: what each counts, 1 in the mean or less."""


def standardised(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of mean 0 and variance 1 in each column of [songs, d], and none farther than five."""
    spread = embeddings.std(axis=0) + 1e-6
    return np.clip((embeddings - embeddings.mean(axis=0)) / spread, -_FARTHEST, _FARTHEST)


def teach(
    student: keras.Model, lessons: StudentExamples, folder: Path, settings: Settings, say: Say
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Teach what of ``student`` learns, and return kernel and bias of the genres.

    The embedding of a song is the mean over its windows; the genres are told by a linear layer on
    it, so that the pooling of logits says of a song what was learnt of it. The weights that stay
    are a running mean. After each epoch ``folder`` holds a checkpoint, which the next call goes on
    with.
    """
    keras.utils.set_random_seed(settings.seed)  # whatever was taught before it
    network = _network(student, lessons, settings)
    n_batches = max(1, len(lessons.fronts) // settings.batch_size)
    _compile(network, settings, n_batches, lessons.targets.shape[1])
    answers = np.hstack([lessons.targets, lessons.imitated])
    done = _resume(network, folder)
    if done:
        say(f"going on after epoch {done}")
    with show_steps(settings.epochs * n_batches, done * n_batches) as advance:
        began = time.monotonic()
        for epoch in range(done, settings.epochs):
            losses: list[float] = []
            for heard, rows in song_batches(lessons.fronts, settings, epoch, n_batches):
                losses.append(learn(network, heard, answers[rows], lessons.weights[rows]))
                advance()
            _checkpoint(network, folder, epoch + 1)
            each = (time.monotonic() - began) / (epoch + 1 - done)
            left = settings.epochs - epoch - 1
            say(
                f"epoch {epoch + 1} of {settings.epochs}: loss {np.mean(losses):.3f}"
                + (f" ({told_time(each * left)} left)" if left else "")
            )
    optimizer: Any = network.optimizer
    optimizer.finalize_variable_values(network.trainable_variables)
    kernel, bias = network.get_layer("logits").get_weights()
    return kernel, bias


def _network(student: keras.Model, lessons: StudentExamples, settings: Settings) -> keras.Model:
    """Front windows [batch, windows, ...] to [batch, labels + imitated]."""
    upper = upper_of(student, settings)
    for layer in upper.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = _NORM_MEMORY
    shape, together = lessons.fronts[0][0].shape[1:], settings.windows_together
    heard = keras.Input((together, *shape))
    windows = ops.reshape(heard, (-1, *shape))
    if len(shape) == 2:  # frames and channels
        windows = layers.SpatialDropout1D(_DROPPED_CHANNELS)(windows)
    embedded: Any = upper(windows)
    song = ops.mean(ops.reshape(embedded, (-1, together, embedded.shape[-1])), axis=1)
    logits = layers.Dense(lessons.targets.shape[1], name="logits")(layers.Dropout(_DROPPED)(song))
    imitation = layers.Dense(lessons.imitated.shape[1], name="imitation")(song)
    return keras.Model(heard, layers.Concatenate()([logits, imitation]))


def _compile(network: keras.Model, settings: Settings, n_batches: int, n_labels: int) -> None:
    schedule = keras.optimizers.schedules.CosineDecay(
        settings.learning_rate, settings.epochs * n_batches, alpha=_AT_THE_END
    )
    memory = 1 - 1 / max(1, _AVERAGED * settings.epochs * n_batches)
    optimizer: Any = keras.optimizers.AdamW(
        schedule, weight_decay=settings.weight_decay, use_ema=True, ema_momentum=memory
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    loss = GenreLoss(n_labels, settings.label_smoothing)
    network.compile(optimizer, loss=loss, jit_compile=False)
    optimizer.build(network.trainable_variables)


def _checkpoint(network: keras.Model, folder: Path, epoch: int) -> None:
    path = folder / f"after-{epoch}.weights.h5"
    with writing(path) as part:
        network.save_weights(part)
    for old in folder.glob("after-*.weights.h5"):
        if old != path:
            old.unlink()


def _resume(network: keras.Model, folder: Path) -> int:
    """Take the last checkpoint, if there is one; after how many epochs it was."""
    found = {int(p.name.split(".")[0][6:]): p for p in folder.glob("after-*.weights.h5")}
    if not found:
        return 0
    last = max(found)
    network.load_weights(found[last])
    return last
