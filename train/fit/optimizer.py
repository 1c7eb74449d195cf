"""The optimizer that the settings name."""

from typing import Any

import keras

from melonnx.train.settings import Settings

__all__ = ["build_optimizer"]


def build_optimizer(
    settings: Settings, n_batches: int, *, at_the_end: float = 0.0
) -> keras.optimizers.Optimizer:
    """For epochs of ``n_batches``; ``at_the_end``: share of the rate that "cosine" ends with."""
    rate: Any = settings.learning_rate
    if settings.schedule == "cosine":
        steps = settings.epochs * n_batches
        rate = keras.optimizers.schedules.CosineDecay(rate, steps, alpha=at_the_end)
    if settings.optimizer == "adam":
        return keras.optimizers.Adam(rate)
    return keras.optimizers.AdamW(rate, weight_decay=settings.weight_decay)
