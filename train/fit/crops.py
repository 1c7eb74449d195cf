"""Feeds the network: endless batches of random, augmented crops of cached log-mels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from melonnx.infer.frontend.windows import patch_batches, window_starts
from melonnx.train.data.cache import CachedLogMel
from melonnx.train.fit.augmentation import augment, crop, mix_up
from melonnx.train.settings import Settings

__all__ = ["Examples", "crop_batches", "every_patch"]


@dataclass(frozen=True)
class Examples:
    """Log-mels to learn from, each with what the network should answer."""

    log_mels: Sequence[Sequence[CachedLogMel]]
    """Of each track: as it is, then its distorted copies."""
    targets: NDArray[np.float32]
    """[tracks, labels], rows sum to 1."""
    classes: NDArray[np.int64]
    """[tracks]: index of the label; -1 where nobody knows the genre."""
    vectors: NDArray[np.float32] | None = None
    """[tracks, imitated]: what another network says of each, to be imitated; None for nothing."""

    @property
    def all_targets(self) -> NDArray[np.float32]:
        """[tracks, labels + imitated]: ``targets``, and ``vectors`` beside them."""
        return self.targets if self.vectors is None else np.hstack([self.targets, self.vectors])


def crop_batches(examples: Examples, settings: Settings, first: int) -> tf.data.Dataset:
    """Batches float32 ([batch, window, n_mels], [batch, labels + imitated]) without end.

    Batch number n is a pure function of the seed and n; ``first`` is the number to begin with,
    so a resumed run goes on with the batches that it would have had. Genres are drawn with the
    square root of their share: the few get more than their due, without being learnt by heart.
    """
    n_labels = examples.targets.shape[1]
    members = [np.flatnonzero(examples.classes == label) for label in range(n_labels)]
    chances = np.sqrt([len(tracks) for tracks in members])
    chances /= chances.sum()
    unlabelled = np.flatnonzero(examples.classes < 0)
    share = settings.unlabelled if len(unlabelled) else 0.0
    all_targets = examples.all_targets

    def make(number: np.int64) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        rng = np.random.default_rng((settings.seed, int(number)))
        labels = rng.choice(n_labels, settings.batch_size, p=chances)
        is_labelled = rng.random(settings.batch_size) >= share
        tracks = [
            rng.choice(members[label] if known else unlabelled)
            for label, known in zip(labels, is_labelled, strict=True)
        ]
        versions = [examples.log_mels[track] for track in tracks]
        patches = np.stack([
            _patch(own[rng.integers(len(own))], settings, rng) for own in versions
        ])  # fmt: skip
        targets = all_targets[tracks]
        if settings.mixup > 0:
            return mix_up(patches, targets, settings.mixup, rng)
        return patches, targets

    def batch(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        patches, targets = tf.numpy_function(make, [number], (tf.float32, tf.float32))
        n_mels = examples.log_mels[0][0].shape[1]
        patches.set_shape((settings.batch_size, settings.window, n_mels))
        targets.set_shape((settings.batch_size, all_targets.shape[1]))
        return patches, targets

    numbers = tf.data.Dataset.range(first, np.iinfo(np.int64).max)
    batches = numbers.map(batch, num_parallel_calls=2, deterministic=True).prefetch(4)
    # Several GPUs share each batch; there are no files to share out among them.
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return batches.with_options(options)


def _patch(
    log_mel: CachedLogMel, settings: Settings, rng: np.random.Generator
) -> NDArray[np.float32]:
    if settings.augment:
        return augment(crop(log_mel, settings.window, rng), rng)
    first = rng.integers(0, max(1, len(log_mel) - settings.window + 1))
    frames = np.arange(first, first + settings.window)
    return log_mel[frames % len(log_mel)].astype(np.float32)


def every_patch(
    log_mels: Sequence[CachedLogMel], window: int, hop: int, most: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """All patches, cut as inference cuts them, float32 [n, window, n_mels], and whose they are.

    ``window``, ``hop`` and ``most`` as for :func:`melonnx.infer.frontend.windows.window_starts`.
    The second array holds the index of each patch's track.
    """
    patches: list[NDArray[np.float32]] = []
    owners: list[int] = []
    for index, values in enumerate(log_mels):
        starts = window_starts(len(values), window, hop, most)
        patches += patch_batches(values.astype(np.float32), window, starts, len(starts))
        owners += [index] * len(starts)
    return np.concatenate(patches), np.array(owners)
