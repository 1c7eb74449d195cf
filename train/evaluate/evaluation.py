"""Evaluates a model file in every way that a report shows."""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import soundfile

from melonnx.infer.model.metadata import ModelInfo
from melonnx.infer.model.session import load_model
from melonnx.infer.predictor import Predictor
from melonnx.train.data.readers.dataset import read_dataset
from melonnx.train.data.tracks import DataSetError, Track
from melonnx.train.evaluate.learnt_songs import LearntSongs, learnt_songs
from melonnx.train.evaluate.predictions import Predictions, Predictors, predict_tracks
from melonnx.train.evaluate.robustness import CorruptionScore, measure_robustness
from melonnx.train.evaluate.scores import Report
from melonnx.train.evaluate.source_probe import SourceReport, probe_sources
from melonnx.train.progress import Say
from melonnx.train.run import RunError, read_run

__all__ = [
    "Evaluation",
    "Songs",
    "evaluate_model",
    "open_predictors",
    "read_random_scores",
    "read_test_songs",
]


@dataclass(frozen=True)
class Songs:
    """The songs to measure on."""

    tracks: tuple[Track, ...]
    description: str
    """Which they are, in words."""
    split: str
    """"artist", "official" or "random" where they are the test part of a run, else empty."""
    sources: dict[Path, str]
    """The collection of each song, where the table names it."""


@dataclass(frozen=True)
class Evaluation:
    """An evaluation: what was measured, on what, how, and what came out."""

    model_file: str
    model_sha256: str
    info: ModelInfo
    data: str
    """Which songs, in words."""
    split: str
    """As in :class:`Songs`."""
    command: str
    versions: dict[str, str]
    scores: Report
    corruptions: tuple[CorruptionScore, ...]
    """The unchanged songs first."""
    sources: SourceReport | None
    learnt: LearntSongs
    random: dict[str, Any] | None
    """Figures of the same training, split at random (:func:`read_random_scores`)."""

    def to_dict(self) -> dict[str, Any]:
        """All figures as JSON values."""
        return {
            "model": {
                "file": self.model_file,
                "sha256": self.model_sha256,
                "name": self.info.name,
                "version": self.info.version,
                "dataset": self.info.dataset,
                "split": self.info.split,
                "temperature": self.info.temperature,
                "bars": self.info.bars,
            },
            "data": self.data,
            "split": self.split,
            "command": self.command,
            "versions": self.versions,
            "scores": self.scores.to_dict(),
            "conditions": [asdict(score) for score in self.corruptions],
            "sources": self.sources and asdict(self.sources),
            "learnt": asdict(self.learnt),
            "random": self.random,
        }


def open_predictors(model: Path, data: Path, songs: Songs) -> Predictors:
    """Which model predicts which song: ``model`` all, or each fold's own model its fold.

    Raises RunError where ``data`` is a run with folds that has not been exported.
    """
    if not (data / "run.json").exists() or not read_run(data).settings.folds:
        return [(Predictor(model), songs.tracks)]
    folds = [read_run(folder) for folder in read_run(data).fold_folders]
    for fold in folds:
        if not fold.model_path.exists():
            raise RunError(f"{data}: its folds have no model files; melonnx export makes them")
    return [(Predictor(fold.model_path), fold.tested) for fold in folds]


def read_test_songs(data: Path, artists: Path | None, *, subgenres: bool, say: Say) -> Songs:
    """The test part of the run in ``data``; where that is no run, all songs of the data set.

    Of a run with folds that is every song, each in its fold. Raises DataSetError and RunError.
    """
    if (data / "run.json").exists():
        run = read_run(data)
        if run.settings.folds:
            folds = [read_run(folder) for folder in run.fold_folders]
            return Songs(
                tuple(song for fold in folds for song in fold.tested),
                f"every {'whole ' * any(t.weight < 1 for t in run.tracks)}song of the run "
                f"`{data}` on `{run.data}`, asked of that one of its "
                f"{len(folds)} fold models which had not heard its "
                f"{'artist' if run.settings.split == 'artist' else 'own clip'} (seed "
                f"{run.settings.seed}; data hash `{run.data_hash[:16]}`)",
                run.settings.split,
                _sources(run.tracks),
            )
        sizes = ", ".join(f"{len(run.part(part))} {part}" for part in ("train", "valid", "test"))
        settings = run.settings
        return Songs(
            tuple(run.tested),
            f"test part of the run `{data}` on `{run.data}` (split: {settings.split}, seed "
            f"{settings.seed}: {sizes}; data hash `{run.data_hash[:16]}`)",
            settings.split,
            _sources(run.tracks),
        )
    root = data.resolve()
    dataset = read_dataset(root, artists, subgenres=subgenres)
    for reason, count in dataset.skipped.items():
        say(f"left out: {reason} ({count})")
    return Songs(dataset.tracks, f"all of `{data}`", "", _sources(dataset.tracks))


def _sources(tracks: Sequence[Track]) -> dict[Path, str]:
    return {track.path: track.source for track in tracks if track.source}


def read_random_scores(model: Path) -> dict[str, Any]:
    """The figures in a model file that was measured on a random split.

    Raises ModelFileError, and DataSetError where ``model`` holds no such figures.
    """
    info = load_model(model, device="cpu").info
    if "random, seed" not in info.split or not info.metrics:
        raise DataSetError(
            f"{model}: was not measured on a random split (its split: {info.split or 'not said'}); "
            "train with --split random, then export"
        )
    return info.metrics


def evaluate_model(
    model: Path,
    predictors: Predictors,
    songs: Songs,
    predictions: Predictions,
    scores: Report,
    *,
    random: Mapping[str, Any] | None,
    command: str,
    say: Say,
) -> Evaluation:
    """Predict again on corrupted audio, and probe the embeddings for the sources.

    ``predictions``, ``scores``: what ``predictors`` said of the ``songs``, and how good that is.
    The networks of several folds have no embedding in common, so it is ``model``'s that is probed.
    ``random``: the figures of a random split; ``command``: what makes all this again.
    """
    predictor = Predictor(model)
    of_one = predictions
    if len(predictors) > 1:
        of_one = replace(
            predictions, embeddings=predict_tracks(predictor, predictions.tracks, say).embeddings
        )
    return Evaluation(
        model_file=str(model),
        model_sha256=hashlib.sha256(model.read_bytes()).hexdigest(),
        info=predictor.info,
        data=songs.description,
        split=songs.split,
        command=command,
        versions={
            **{name: version(name) for name in ("melonnx", "onnxruntime", "numpy", "soxr")},
            "libsndfile": soundfile.__libsndfile_version__,
            "Python": platform.python_version(),
        },
        scores=scores,
        corruptions=measure_robustness(predictors, predictions, say),
        sources=probe_sources(of_one, songs.sources),
        learnt=learnt_songs(predictors),
        random=None if random is None else dict(random),
    )
