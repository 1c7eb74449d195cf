"""Feeds the network: endless batches of random, augmented crops of cached log-mels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from melonnx.infer.windows import patch_batches, window_starts
from melonnx.train.augment import augment, crop, mix_up
from melonnx.train.cache import CachedLogMel

__all__ = ["LabelledLogMels", "crop_batches", "every_patch"]


@dataclass(frozen=True)
class LabelledLogMels:
    """Log-mels of one part of a data set."""

    log_mels: Sequence[CachedLogMel]
    classes: NDArray[np.int64]
    """Index of each one's label."""
    n_labels: int


def crop_batches(
    data: LabelledLogMels, window: int, batch_size: int, mixup: float, seed: int, first: int
) -> tf.data.Dataset:
    """Batches float32 ([batch, window, n_mels], [batch, labels]) without end.

    Batch number n is a pure function of ``seed`` and n; ``first`` is the number to begin with,
    so a resumed run goes on with the batches that it would have had. Genres are drawn with the
    square root of their share: the few get more than their due, without being learnt by heart.
    """
    counts = np.bincount(data.classes, minlength=data.n_labels)
    chances = np.sqrt(counts) / np.sqrt(counts).sum()
    members = [np.flatnonzero(data.classes == label) for label in range(data.n_labels)]

    def make(number: np.int64) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        rng = np.random.default_rng((seed, int(number)))
        labels = rng.choice(data.n_labels, batch_size, p=chances)
        tracks = [data.log_mels[rng.choice(members[label])] for label in labels]
        patches = np.stack([augment(crop(track, window, rng), rng) for track in tracks])
        targets = np.eye(data.n_labels, dtype=np.float32)[labels]
        return mix_up(patches, targets, mixup, rng) if mixup > 0 else (patches, targets)

    n_mels = data.log_mels[0].shape[1]

    def batch(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        patches, targets = tf.numpy_function(make, [number], (tf.float32, tf.float32))
        patches.set_shape((batch_size, window, n_mels))
        targets.set_shape((batch_size, data.n_labels))
        return patches, targets

    numbers = tf.data.Dataset.range(first, np.iinfo(np.int64).max)
    return numbers.map(batch, num_parallel_calls=2, deterministic=True).prefetch(4)


def every_patch(
    log_mels: Sequence[CachedLogMel], window: int, hop: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """All patches, cut as inference cuts them, float32 [n, window, n_mels], and whose they are.

    The second array holds the index of each patch's track.
    """
    patches: list[NDArray[np.float32]] = []
    owners: list[int] = []
    for index, values in enumerate(log_mels):
        starts = window_starts(len(values), window, hop)
        patches += patch_batches(values.astype(np.float32), window, starts, len(starts))
        owners += [index] * len(starts)
    return np.concatenate(patches), np.array(owners)
