"""Fits the light network to crops of log-mels: epoch by epoch, kept, stopped and gone on with."""

import json
import math
import shutil
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from melonnx.infer.model.pooling import pool_windows
from melonnx.infer.results.replace import write_text, writing
from melonnx.train.data.cache import CachedLogMel
from melonnx.train.fit.crops import Examples, crop_batches, every_patch
from melonnx.train.fit.curves import draw_curves
from melonnx.train.fit.losses import GenreAccuracy, GenreLoss
from melonnx.train.fit.optimizer import build_optimizer
from melonnx.train.network.cnn import build_network, start_from
from melonnx.train.progress import Say, show_steps, told_time
from melonnx.train.settings import Settings

__all__ = ["by_track", "fit_network"]

_MEMORY = 0.99
"""Share of the running mean of the weights that a batch leaves as it was."""

_TIMED_BATCHES = 8
"""Behind the first, which is slow, after which it is said how long it will take."""
_DRAWN_EVERY = 5.0
"""Seconds, at most; the last epoch is drawn, too. A picture takes as long as a short epoch."""
_TRACKS_AT_ONCE = 64
"""Whose patches are in memory together."""


def fit_network(
    folder: Path,
    settings: Settings,
    examples: Examples,
    validation: Examples | None,
    say: Say,
    *,
    start: Path | None = None,
    mirrored: bool = False,
) -> keras.Model:
    """Train and return the network that is to be kept; ``folder`` holds it as ``network.keras``.

    It is that of the epoch with the least validation loss, or of the last one where there is no
    ``validation``. ``start``: a trained network to begin with instead of chance. ``mirrored``: on
    all GPUs together, which share each batch. What an earlier call left in ``folder`` is gone on
    with.
    """
    n_batches = max(settings.batches_per_epoch, len(examples.log_mels) // settings.batch_size)
    keeper = _Keeper(folder, settings, examples, n_batches, validation, say)
    with _scope(mirrored, say):
        network = keeper.resume() or _new_network(settings, examples, n_batches, start)
        if not keeper.stopped and keeper.next_epoch < settings.epochs:
            done = keeper.next_epoch * n_batches
            with show_steps(settings.epochs * n_batches, done) as advance:
                bar = keras.callbacks.LambdaCallback(on_train_batch_end=lambda *_, **__: advance())
                network.fit(
                    crop_batches(examples, settings, done),
                    steps_per_epoch=n_batches,
                    initial_epoch=keeper.next_epoch,
                    epochs=settings.epochs,
                    callbacks=[keeper, bar],
                    shuffle=False,
                    verbose=0,
                )
    return keeper.kept_network()


def by_track(
    network: keras.Model, log_mels: Sequence[CachedLogMel], settings: Settings, n_labels: int
) -> NDArray[np.float64]:
    """Probabilities [tracks, labels] as inference gives them, pooled over windows.

    ``n_labels``: how many of the network's outputs are logits.
    """
    parts: list[NDArray[np.float64]] = []
    for at in range(0, len(log_mels), _TRACKS_AT_ONCE):
        some = log_mels[at : at + _TRACKS_AT_ONCE]
        patches, owners = every_patch(
            some, settings.window, settings.window_hop, settings.max_windows
        )
        logits = network.predict(patches, batch_size=64, verbose=0)[:, :n_labels]
        probabilities = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
        parts += [
            pool_windows(probabilities[owners == number], settings.pooling)[None]
            for number in range(len(some))
        ]
    return np.concatenate(parts)


def _scope(mirrored: bool, say: Say) -> AbstractContextManager[Any]:
    if not mirrored:
        return nullcontext()
    strategy = tf.distribute.MirroredStrategy()
    say(f"training on {strategy.num_replicas_in_sync} devices")
    return strategy.scope()


def _new_network(
    settings: Settings, examples: Examples, n_batches: int, start: Path | None
) -> keras.Model:
    network = _untrained(settings, examples)
    if start is not None:
        trained: Any = keras.models.load_model(start, compile=False)
        start_from(network, trained)
    network.compile(
        optimizer=build_optimizer(settings, n_batches),
        loss=GenreLoss(examples.targets.shape[1], settings.label_smoothing),
        metrics=[GenreAccuracy(examples.targets.shape[1])],
    )
    # With its variables there beforehand, TensorFlow traces a step of training once, not twice.
    optimizer: Any = network.optimizer
    optimizer.build(network.trainable_variables)
    return network


def _untrained(settings: Settings, examples: Examples) -> keras.Model:
    n_labels = examples.targets.shape[1]
    n_imitated = examples.all_targets.shape[1] - n_labels
    return build_network(settings.mel_spec.n_mels, n_labels, n_imitated, settings.dropout)


class _Keeper(keras.callbacks.Callback):
    """Ends each epoch on disk: history, curves, checkpoint, best network, early stopping.

    What is validated, as inference does it (mean over a track's windows), and kept is the
    running mean of the weights (Polyak averaging, as in Tarvainen and Valpola, NeurIPS 2017):
    on small sets the weights of any one moment swing by tens of points. ``state.json`` names
    the files that belong to it and is replaced last, so a kill at any moment costs at most one
    epoch.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        examples: Examples,
        n_batches: int,
        validation: Examples | None,
        say: Say,
    ) -> None:
        super().__init__()
        self._folder, self._settings, self._say = folder, settings, say
        self._validation = validation
        self._averaged: Any = _untrained(settings, examples)
        self._n_batches = n_batches
        self._n_labels = examples.targets.shape[1]
        self._history: list[dict[str, float]] = []
        self._files: dict[str, str] = {}
        self._mean: list[np.ndarray] = []
        self._began = time.monotonic()
        self._is_timed = False
        self._began_second = self._began
        self._drawn = -math.inf

    @property
    def next_epoch(self) -> int:
        return len(self._history)

    @property
    def _best(self) -> dict[str, float]:
        if self._validation is None:
            return self._history[-1]
        return min(self._history, key=lambda row: row["val_loss"])

    @property
    def stopped(self) -> bool:
        waited = self.next_epoch - self._best["epoch"] if self._history else 0
        return waited >= self._settings.patience

    def resume(self) -> keras.Model | None:
        state = self._folder / "state.json"
        if not state.exists():
            return None
        values = json.loads(state.read_text())
        self._history, self._files = values["history"], values["files"]
        averaged: Any = keras.models.load_model(
            self._folder / self._files["averaged"], compile=False
        )
        self._mean = averaged.get_weights()
        self._say(f"going on after epoch {self.next_epoch}")
        network: Any = keras.models.load_model(self._folder / self._files["checkpoint"])
        return network

    def kept_network(self) -> keras.Model:
        kept = self._folder / "network.keras"
        with writing(kept) as part:
            shutil.copyfile(self._folder / self._files["best"], part)
        network: Any = keras.models.load_model(kept, compile=False)
        return network

    def on_train_begin(self, logs: Any = None) -> None:
        del logs
        self._mean = self._mean or self._trained().get_weights()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        del epoch, logs
        self._began = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        del logs
        step = self.next_epoch * self._n_batches + batch
        averages = self._settings.average_weights
        keep = np.float32(min(_MEMORY, (1 + step) / (10 + step)) if averages else 0)
        for mean, weights in zip(self._mean, self._trained().get_weights(), strict=True):
            mean *= keep
            mean += (1 - keep) * weights
        if batch == 0 and not self._is_timed:
            self._began_second = time.monotonic()
        elif batch == _TIMED_BATCHES and not self._is_timed:
            self._is_timed = True
            each = (time.monotonic() - self._began_second) / _TIMED_BATCHES
            epochs = self._settings.epochs - self.next_epoch
            self._say(
                f"about {told_time(each * self._n_batches)} an epoch, "
                f"{told_time(each * self._n_batches * epochs)} for {epochs}"
            )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._averaged.set_weights(self._mean)
        row = {name: float(value) for name, value in (logs or {}).items()} | self._validate()
        seconds = time.monotonic() - self._began
        self._history.append({"epoch": epoch + 1, **row, "seconds": round(seconds, 1)})
        is_best = self._best is self._history[-1]
        self._checkpoint(epoch + 1, is_best=is_best)
        is_last = self.stopped or self.next_epoch == self._settings.epochs
        if is_last or time.monotonic() - self._drawn > _DRAWN_EVERY:
            draw_curves(self._history, int(self._best["epoch"]), self._folder / "curves.png")
            self._drawn = time.monotonic()
        self._say(
            f"epoch {epoch + 1}: loss {row['loss']:.3f}, accuracy {row['accuracy']:.3f}"
            + (
                f"; validation loss {row['val_loss']:.3f}, accuracy {row['val_accuracy']:.3f}"
                if self._validation is not None
                else ""
            )
            + f" ({seconds:.0f} s{self._time_left()}){' *' if is_best else ''}"
        )
        if self.stopped:
            self._say(f"stopped: no better validation loss for {self._settings.patience} epochs")
            self._trained().stop_training = True

    def _time_left(self) -> str:
        """By the epochs so far, the median of which is hardly moved by one that was held up."""
        left = self._settings.epochs - self.next_epoch
        usual = float(np.median([row["seconds"] for row in self._history]))
        return f", {told_time(usual * left)} left" if left else ""

    def _validate(self) -> dict[str, float]:
        if self._validation is None:
            return {}
        log_mels = [versions[0] for versions in self._validation.log_mels]
        probabilities = by_track(self._averaged, log_mels, self._settings, self._n_labels)
        right = probabilities[np.arange(len(probabilities)), self._validation.classes]
        return {
            "val_loss": float(-np.log(np.maximum(right, 1e-7)).mean()),
            "val_accuracy": float((right == probabilities.max(axis=1)).mean()),
        }

    def _trained(self) -> Any:
        return self.model

    def _checkpoint(self, epoch: int, *, is_best: bool) -> None:
        self._files |= {
            "checkpoint": f"checkpoint-{epoch}.keras",
            "averaged": f"averaged-{epoch}.keras",
        }
        if is_best:
            self._files["best"] = self._files["averaged"]
        self._save(self._trained(), self._files["checkpoint"])
        self._save(self._averaged, self._files["averaged"])
        state = json.dumps({"files": self._files, "history": self._history}, indent=1)
        write_text(self._folder / "state.json", state)
        for old in (*self._folder.glob("checkpoint-*"), *self._folder.glob("averaged-*")):
            if old.name not in self._files.values():
                old.unlink()

    def _save(self, network: Any, name: str) -> None:
        with writing(self._folder / name) as part:
            network.save(part)
