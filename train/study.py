"""Measures a model file in every way that a report shows."""

import hashlib
import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import soundfile

from melonnx.infer.metadata import ModelInfo
from melonnx.infer.predictor import Predictor
from melonnx.train.answers import Answers
from melonnx.train.datasets import DataSetError, Track, read_dataset
from melonnx.train.evaluate import Report
from melonnx.train.robustness import ConditionScore, measure_conditions
from melonnx.train.run import read_run
from melonnx.train.sources import SourceReport, tell_sources_apart
from melonnx.train.track_table import read_sources

__all__ = ["Songs", "Study", "read_random_scores", "read_test_songs", "study"]

Say = Callable[[str], None]


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
class Study:
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
    conditions: tuple[ConditionScore, ...]
    """The unchanged songs first."""
    sources: SourceReport | None
    random: dict[str, Any] | None
    """``scores`` of the report of a random split."""

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
                "thresholds": self.info.thresholds,
            },
            "data": self.data,
            "split": self.split,
            "command": self.command,
            "versions": self.versions,
            "scores": self.scores.to_dict(),
            "conditions": [asdict(score) for score in self.conditions],
            "sources": self.sources and asdict(self.sources),
            "random": self.random,
        }


def read_test_songs(data: Path, artists: Path | None, *, subgenres: bool, say: Say) -> Songs:
    """The test part of the run in ``data``; where that is no run, all songs of the data set.

    Raises DataSetError and RunError.
    """
    if (data / "run.json").exists():
        run = read_run(data)
        sizes = ", ".join(f"{len(run.part(part))} {part}" for part in ("train", "valid", "test"))
        settings = run.settings
        return Songs(
            tuple(run.songs("test")),
            f"test part of the run `{data}` on `{run.data}` (split: {settings.split}, seed "
            f"{settings.seed}: {sizes}; data hash `{run.data_hash[:16]}`)",
            settings.split,
            read_sources(run.data, artists),
        )
    root = data.resolve()
    dataset = read_dataset(root, artists, subgenres=subgenres)
    for reason, count in dataset.skipped.items():
        say(f"left out: {reason} ({count})")
    return Songs(dataset.tracks, f"all of `{data}`", "", read_sources(root, artists))


def read_random_scores(path: Path) -> dict[str, Any]:
    """The figures of another report, made on the test part of a random split.

    Raises DataSetError where ``path`` is no such report.
    """
    try:
        values = json.loads(path.read_text("utf-8"))
        split, scores = values["split"], values["scores"]
    except (OSError, ValueError, KeyError, TypeError):
        raise DataSetError(f"{path}: is no report.json of melonnx evaluate") from None
    if split != "random":
        raise DataSetError(
            f"{path}: is no report on the test part of a run with --split random, but "
            f"{f'of one split by {split}' if split else 'on a folder'}"
        )
    return scores


def study(
    model: Path,
    predictor: Predictor,
    songs: Songs,
    answers: Answers,
    scores: Report,
    *,
    random: Mapping[str, Any] | None,
    command: str,
    say: Say,
) -> Study:
    """Ask again on changed audio, and look for the sources in the embeddings.

    ``answers``, ``scores``: what ``predictor`` said of the ``songs``, and how good that is.
    ``random``: the figures of a random split; ``command``: what makes all this again.
    """
    return Study(
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
        conditions=measure_conditions(predictor, answers, say),
        sources=tell_sources_apart(answers, songs.sources),
        random=None if random is None else dict(random),
    )
