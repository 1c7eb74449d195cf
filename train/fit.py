"""Trains the network on a data set: split, cache, fit, keep the best epoch, calibrate."""

import json
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from melonnx.infer.calibration import scale
from melonnx.train.cache import CachedLogMel, build_cache
from melonnx.train.calibrate import fit_temperature, unsure_threshold
from melonnx.train.cnn import build_network
from melonnx.train.crops import LabelledLogMels, crop_batches, every_patch
from melonnx.train.curves import draw_curves
from melonnx.train.datasets import DataSetError, Track
from melonnx.train.label_tree import at_genre_level, labels_and_parents, split_labels
from melonnx.train.pictures import read_pictures
from melonnx.train.run import Run, RunError, Settings, read_run, write_atomically
from melonnx.train.splits import artists_in_several_parts

__all__ = ["train"]

_SURE_RATE = 0.9
"""Answers that are not marked unsure should be right so often (on validation data)."""

_MEMORY = 0.99
"""Share of the running mean of the weights that a batch leaves as it was."""

_TRACKS_AT_ONCE = 64
"""Whose patches are in memory together."""

Say = Callable[[str], None]


def train(
    data: Path,
    tracks: list[Track],
    folder: Path,
    settings: Settings,
    cache: Path,
    say: Say,
    pictures: Path | None = None,
) -> Run:
    """Train on ``tracks`` and leave the run in ``folder``; an interrupted run goes on.

    ``pictures``: a file of log-mels to learn from besides (``melonnx.train.pictures``); only
    songs with audio are tested on. ``say`` is told one line for each step and epoch. Validation
    data chooses the epoch, the temperature and the threshold; test data is not looked at.

    Raises DataSetError, and RunError where ``folder`` holds a run with other settings or data.
    """
    keras.utils.set_random_seed(settings.seed)
    log_mels = _log_mels(tracks, settings, cache, say)
    tracks = [track for track in tracks if track.path in log_mels]
    if pictures is not None:
        picture_tracks, picture_log_mels = read_pictures(pictures, settings.mel_spec)
        tracks += picture_tracks
        log_mels |= picture_log_mels
        say(f"pictures: {len(picture_tracks)}")
    run = _open_run(data, tracks, folder, settings, say)
    if run.finished:
        say(f"{folder} holds this run, finished; nothing to do")
        return run
    training, validation = (_labelled(run, part, log_mels) for part in ("train", "valid"))
    say(
        f"{len(training.log_mels)} tracks to train on, {len(validation.log_mels)} to validate on, "
        f"{len(run.songs('test'))} kept for the test; split by {settings.split}"
    )
    shared = artists_in_several_parts(run.tracks, run.parts)
    if shared:
        whose = ", by the data set's own choice" if settings.split == "official" else ""
        say(f"{shared} artists are in several parts{whose}: the scores flatter")
    network = _fit(run, training, validation, say)
    run = _calibrate(run, network, validation)
    say(f"temperature {run.temperature:.2f}, unsure below {run.threshold:.2f}")
    run.write()
    return run


def _log_mels(
    tracks: list[Track], settings: Settings, cache: Path, say: Say
) -> dict[Path, CachedLogMel]:
    log_mels: dict[Path, CachedLogMel] = {}
    errors: dict[Path, str] = {}
    done = 0
    for paths, made, refused in build_cache(
        [track.path for track in tracks], settings.mel_spec, cache
    ):
        log_mels |= made
        errors |= refused
        done += len(paths)
        say(f"log-mels: {done} of {len(tracks)}")
    for error in errors.values():
        say(f"left out: {error}")
    if not log_mels:
        raise DataSetError("none of the tracks could be read")
    return log_mels


def _open_run(data: Path, tracks: list[Track], folder: Path, settings: Settings, say: Say) -> Run:
    tracks, parts = split_labels(tracks, settings.split, settings.seed, say)
    labels, parents = labels_and_parents(tracks)
    run = Run(
        folder=folder,
        data=data,
        settings=settings,
        labels=labels,
        parents=parents,
        tracks=tuple(tracks),
        parts=tuple(parts),
        versions={
            "python": platform.python_version(),
            **{name: version(name) for name in ("melonnx", "tensorflow", "keras", "numpy")},
        },
    )
    if not (folder / "run.json").exists():
        run.write()
        return run
    before = read_run(folder)
    if (before.settings, before.data_hash) != (run.settings, run.data_hash):
        raise RunError(
            f"{folder}: holds a run with other settings or data; choose another folder, or "
            "remove that one"
        )
    return before


def _labelled(run: Run, part: Any, log_mels: dict[Path, CachedLogMel]) -> LabelledLogMels:
    tracks = run.part(part)
    classes = np.array([run.labels.index(track.label) for track in tracks])
    return LabelledLogMels([log_mels[track.path] for track in tracks], classes, len(run.labels))


def _fit(run: Run, training: LabelledLogMels, validation: LabelledLogMels, say: Say) -> keras.Model:
    settings = run.settings
    keeper = _Keeper(run.folder, settings, validation, say)
    network = keeper.resume() or _new_network(settings, len(run.labels))
    if not keeper.stopped and keeper.next_epoch < settings.epochs:
        network.fit(
            crop_batches(
                training, settings.window, settings.batch_size, settings.mixup, settings.seed,
                first=keeper.next_epoch * settings.batches_per_epoch,
            ),
            steps_per_epoch=settings.batches_per_epoch,
            initial_epoch=keeper.next_epoch,
            epochs=settings.epochs,
            callbacks=[keeper],
            shuffle=False,
            verbose=0,
        )  # fmt: skip
    return keras.models.load_model(run.network_path, compile=False)


def _new_network(settings: Settings, n_labels: int) -> keras.Model:
    network = build_network(settings.mel_spec.n_mels, n_labels)
    schedule = keras.optimizers.schedules.CosineDecay(
        settings.learning_rate, settings.epochs * settings.batches_per_epoch
    )
    network.compile(
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=settings.weight_decay),
        loss=keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=settings.label_smoothing
        ),
        metrics=["accuracy"],
    )
    return network


def _calibrate(run: Run, network: keras.Model, validation: LabelledLogMels) -> Run:
    by_track = _by_track(network, validation, run.settings)
    temperature = fit_temperature(by_track, validation.classes)
    scores = scale(by_track, temperature)
    by_genre = at_genre_level(scores, validation.classes, run.labels, run.parents)
    threshold = unsure_threshold(*by_genre, _SURE_RATE)
    return replace(run, temperature=temperature, threshold=threshold, finished=True)


def _by_track(
    network: keras.Model, data: LabelledLogMels, settings: Settings
) -> NDArray[np.float64]:
    """Probabilities [tracks, labels] as inference gives them: the mean over windows."""
    by_track = np.zeros((len(data.log_mels), data.n_labels))
    for at in range(0, len(by_track), _TRACKS_AT_ONCE):
        some = data.log_mels[at : at + _TRACKS_AT_ONCE]
        patches, owners = every_patch(some, settings.window, settings.window_hop)
        logits = network.predict(patches, batch_size=64, verbose=0)
        probabilities = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
        np.add.at(by_track, at + owners, probabilities)
    return by_track / by_track.sum(axis=1, keepdims=True)


class _Keeper(keras.callbacks.Callback):
    """Ends each epoch on disk: history, curves, checkpoint, best network, early stopping.

    What is validated, as inference does it (mean over a track's windows), and kept is the
    running mean of the weights (Polyak averaging, as in Tarvainen and Valpola, NeurIPS 2017):
    on small sets the weights of any one moment swing by tens of points. ``state.json`` names
    the files that belong to it and is replaced last, so a kill at any moment costs at most one
    epoch.
    """

    def __init__(
        self, folder: Path, settings: Settings, validation: LabelledLogMels, say: Say
    ) -> None:
        super().__init__()
        self._folder, self._settings, self._say = folder, settings, say
        self._validation = validation
        self._history: list[dict[str, float]] = []
        self._mean: list[np.ndarray] = []
        self._averaged: Any = None
        self._began = time.monotonic()

    @property
    def next_epoch(self) -> int:
        return len(self._history)

    @property
    def _best(self) -> dict[str, float]:
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
        self._history = values["history"]
        averaged: Any = keras.models.load_model(self._folder / values["averaged"], compile=False)
        self._mean = averaged.get_weights()
        self._say(f"going on after epoch {self.next_epoch}")
        network: Any = keras.models.load_model(self._folder / values["checkpoint"])
        return network

    def on_train_begin(self, logs: Any = None) -> None:
        del logs
        self._averaged = _new_network(self._settings, self._trained().output_shape[-1])
        self._mean = self._mean or self._trained().get_weights()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        del epoch, logs
        self._began = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        del logs
        step = self.next_epoch * self._settings.batches_per_epoch + batch
        keep = np.float32(min(_MEMORY, (1 + step) / (10 + step)))
        for mean, weights in zip(self._mean, self._trained().get_weights(), strict=True):
            mean *= keep
            mean += (1 - keep) * weights

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._averaged.set_weights(self._mean)
        row = {name: float(value) for name, value in (logs or {}).items()}
        probabilities = _by_track(self._averaged, self._validation, self._settings)
        right = probabilities[np.arange(len(probabilities)), self._validation.classes]
        row["val_loss"] = float(-np.log(np.maximum(right, 1e-7)).mean())
        row["val_accuracy"] = float((right == probabilities.max(axis=1)).mean())
        seconds = time.monotonic() - self._began
        self._history.append({"epoch": epoch + 1, **row, "seconds": round(seconds, 1)})
        is_best = self._best is self._history[-1]
        if is_best:
            self._save(self._averaged, "network.keras")
        self._checkpoint(epoch + 1)
        draw_curves(self._history, int(self._best["epoch"]), self._folder / "curves.png")
        self._say(
            f"epoch {epoch + 1}: loss {row['loss']:.3f}, accuracy {row['accuracy']:.3f}; "
            f"validation loss {row['val_loss']:.3f}, accuracy {row['val_accuracy']:.3f} "
            f"({seconds:.0f} s){' *' if is_best else ''}"
        )
        if self.stopped:
            self._say(f"stopped: no better validation loss for {self._settings.patience} epochs")
            self._trained().stop_training = True

    def _trained(self) -> Any:
        return self.model

    def _save(self, network: Any, name: str) -> None:
        temporary = self._folder / f"tmp-{name}"
        network.save(temporary, include_optimizer=network is self._trained())
        temporary.replace(self._folder / name)

    def _checkpoint(self, epoch: int) -> None:
        files = {"checkpoint": f"checkpoint-{epoch}.keras", "averaged": f"averaged-{epoch}.keras"}
        self._save(self._trained(), files["checkpoint"])
        self._save(self._averaged, files["averaged"])
        state = json.dumps({**files, "history": self._history}, indent=1)
        write_atomically(self._folder / "state.json", state)
        for old in (*self._folder.glob("checkpoint-*"), *self._folder.glob("averaged-*")):
            if old.name not in files.values():
                old.unlink()
