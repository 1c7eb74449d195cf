"""Scores exported networks on the songs of a benchmark, to stand beside its classifiers."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from melonnx.infer.predictor import Predictor
from melonnx.train.classical.benchmark import Folds, Score, score_cell
from melonnx.train.classical.feature_table import FeatureTable
from melonnx.train.data.readers.dataset import read_dataset
from melonnx.train.data.tracks import DataSetError, Track
from melonnx.train.evaluate.evaluation import open_predictors, read_test_songs
from melonnx.train.evaluate.learnt_songs import learnt_songs
from melonnx.train.evaluate.predictions import Predictions, Predictors, predict_all
from melonnx.train.progress import Say
from melonnx.train.run import Run, RunError, read_run

__all__ = ["folds_of_run", "restrict_to_runs", "score_model", "score_run"]

_HEARS = "the audio"


def restrict_to_runs(table: FeatureTable, runs: Sequence[Run]) -> FeatureTable:
    """The songs of ``table`` that every one of ``runs`` kept for a test in one of its folds.

    Raises RunError where a run has no folds, DataSetError where no song is left.
    """
    for run in runs:
        if not run.settings.folds:
            raise RunError(f"{run.folder}: has no folds; give its model file by --model instead")
    folds = [set(_fold_of(run)) for run in runs]
    rows = [
        row
        for row, track in enumerate(table.tracks)
        if all(track.path.as_posix() in songs for songs in folds)
    ]
    if not rows:
        raise DataSetError("no song of the table of features is in these runs")
    tracks = tuple(table.tracks[row] for row in rows)
    return FeatureTable(tracks, table.values[rows], table.left_out)


def folds_of_run(table: FeatureTable, run: Run) -> Folds:
    """The folds of ``run``, so that classifiers learn from what its networks learnt from."""
    fold_of = _fold_of(run)
    numbers = np.array([fold_of[track.path.as_posix()] for track in table.tracks])
    each = range(run.settings.folds)
    return Folds(
        test=tuple(np.flatnonzero(numbers == fold) for fold in each),
        train=tuple(np.flatnonzero(numbers != fold) for fold in each),
        description=f"the {run.settings.folds} folds of the run {run.folder.name} (split: "
        f"{run.settings.split}, seed {run.settings.seed})",
    )


def score_run(run: Run, table: FeatureTable, say: Say) -> Score:
    """Each fold's own model of ``run`` is asked of the songs kept from it.

    Raises RunError where the run has not been exported.
    """
    songs = read_test_songs(run.folder, None, subgenres=False, say=say)
    wanted = {track.path.as_posix() for track in table.tracks}
    predictors = [
        (predictor, [track for track in tracks if _name(track, run.data) in wanted])
        for predictor, tracks in open_predictors(run.folder, run.folder, songs)
    ]
    say(f"asking the fold models of {run.folder}")
    note = f"each fold's own model, on the {run.settings.folds} folds of that run"
    return _score([one for one in predictors if one[1]], run.folder.name, note, say)


def score_model(model: Path, data: Path, table: FeatureTable, folds: Folds, say: Say) -> Score:
    """One model file predicts every song that ``folds`` tests.

    Raises DataSetError where it does not know one of the genres.
    """
    predictor = Predictor(model)
    tracks = _audio_of([table.tracks[row] for row in folds.rows], data)
    say(f"asking {model}")
    learnt = learnt_songs([(predictor, tracks)]).line()
    say(learnt)
    split = predictor.info.split or "not said"
    note = f"{learnt} One model of all songs (its split: {split})"
    score = _score([(predictor, tracks)], predictor.info.name, note, say)
    return replace(score, learnt=learnt)


def _audio_of(songs: Sequence[Track], data: Path) -> list[Track]:
    """The songs below ``data``; those of FMA's published table are found by their number."""
    if all(song.path.suffix for song in songs):
        return [replace(song, path=data / song.path) for song in songs]
    audio = {track.number: track.path for track in read_dataset(data).tracks}
    found = [replace(song, path=audio[song.number]) for song in songs if song.number in audio]
    if not found:
        raise DataSetError(f"{data}: has no audio of the songs in the table of features")
    return found


def _score(predictors: Predictors, name: str, note: str, say: Say) -> Score:
    begin = time.perf_counter()
    predictions: Predictions = predict_all(predictors, say)
    seconds = time.perf_counter() - begin
    if predictions.failures:
        note += f"; {len(predictions.failures)} songs could not be classified"
    return score_cell(
        name,
        _HEARS,
        predictions.true,
        predictions.predicted,
        predictions.groups,
        predict_s=seconds,
        note=note,
    )


def _fold_of(run: Run) -> dict[str, int]:
    """The fold, from 0, that asks each song, by its path below the data."""
    return {
        _name(track, run.data): fold
        for fold, folder in enumerate(run.fold_folders)
        for track in read_run(folder).songs("test")
    }


def _name(track: Track, root: Path) -> str:
    below = track.path.is_relative_to(root)
    return (track.path.relative_to(root) if below else track.path).as_posix()
