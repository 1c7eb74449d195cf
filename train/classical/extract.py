"""Computes the features of a data set on all cores; a kill costs the songs in hand, no more."""

import base64
import csv
import io
import json
import multiprocessing
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from pathlib import Path
from unicodedata import category

import numpy as np
from librosa import ParameterError
from threadpoolctl import threadpool_limits

from melonnx.infer.audio.reader import open_audio, require_sound
from melonnx.infer.errors import AudioError
from melonnx.infer.frontend.mel import MelSpec
from melonnx.infer.results.replace import write_text
from melonnx.train.classical.feature_names import COLUMNS
from melonnx.train.classical.feature_table import FeatureTable
from melonnx.train.classical.features import Features, clip_features
from melonnx.train.data.tracks import DataSet, DataSetError

__all__ = ["extract", "failures_path", "part_path", "song_features", "write_failures"]

_COMPILED_SAMPLES = 22050
"""A second of them calls all that longer ones do."""

Computed = tuple[Path, Features | str]
"""A path with its features, or with one line on why there are none."""
Progress = Callable[[Iterable[Computed], int], Iterable[Computed]]
"""Wraps what comes in, told how many there will be."""


def part_path(out: Path) -> Path:
    """Where finished rows wait until the table is whole."""
    return out.with_name(f"{out.name}.part")


def failures_path(out: Path) -> Path:
    """The list of the songs that are not in the table."""
    return out.with_name(f"{out.stem}.failures.csv")


def extract(
    dataset: DataSet,
    part: Path,
    progress: Progress,
    *,
    fma_compatible: bool = False,
    workers: int | None = None,
) -> tuple[FeatureTable, dict[Path, str]]:
    """The features of every song that has them, and by path why the others have none.

    Each row goes to the end of ``part`` as it is made, under the file's path, size and time of
    change; what is there already is not made again. ``workers``: processes, one for each core by
    default. Raises DataSetError where no song has features.
    """
    keys = {track.path: _key(track.path, fma_compatible) for track in dataset.tracks}
    rows = _read_part(part)
    features = {path: rows[key] for path, key in keys.items() if key in rows}
    failures = {
        path: f"{path}: its name is no text, which is all that a table can hold; rename it"
        for path in keys
        if any(category(letter) == "Cs" for letter in str(path.relative_to(dataset.root)))
    }
    missing = [path for path in keys if path not in features and path not in failures]
    with part.open("ab") as file:
        for path, result in progress(
            _compute_all(missing, fma_compatible=fma_compatible, workers=workers), len(missing)
        ):
            if isinstance(result, str):
                failures[path] = result
                continue
            features[path] = result
            row = {"key": keys[path], "features": base64.b64encode(result.tobytes()).decode()}
            file.write(b"\n" + json.dumps(row).encode())  # first, so that a torn row ends there
            file.flush()
    if not features:
        raise DataSetError(f"{dataset.root}: none of its {len(keys)} songs has features")
    tracks = [track for track in dataset.tracks if track.path in features]
    values = np.stack([features[track.path] for track in tracks])
    relative = tuple(replace(track, path=track.path.relative_to(dataset.root)) for track in tracks)
    return FeatureTable(relative, values), dict(sorted(failures.items()))


def write_failures(failures: dict[Path, str], path: Path) -> None:
    """Write the songs without features as a CSV of path and reason; no file where all have some."""
    if not failures:
        path.unlink(missing_ok=True)
        return
    table = io.StringIO(newline="")
    rows = csv.writer(table)
    rows.writerow(["path", "error"])
    rows.writerows([song.as_posix(), error] for song, error in failures.items())
    write_text(path, table.getvalue())


def song_features(path: Path, *, fma_compatible: bool = False) -> Computed:
    """Decode one file, mono at its own rate. Never raises on account of the file."""
    try:
        with open_audio(path, None) as reader:
            waveform = np.concatenate(list(reader))
        require_sound(reader, MelSpec().n_fft)
    except AudioError as error:
        return path, str(error)
    try:
        with warnings.catch_warnings():  # of clips that are short, or have no pitch
            warnings.simplefilter("ignore", UserWarning)
            return path, clip_features(waveform, reader.sample_rate, fma_compatible=fma_compatible)
    except ParameterError as error:
        return path, f"{path}: {len(waveform)} samples at {reader.sample_rate} Hz: {error}"


def _compute_all(
    paths: Sequence[Path], *, fma_compatible: bool, workers: int | None
) -> Iterator[Computed]:
    workers = min(workers or os.cpu_count() or 1, max(1, len(paths)))
    if workers > 1:
        _compile()
    context = multiprocessing.get_context("spawn")
    # One thread each: those of BLAS would fight the other processes for the same cores.
    with ProcessPoolExecutor(workers, context, threadpool_limits, (1,)) as pool:
        compute = partial(song_features, fma_compatible=fma_compatible)
        for future in as_completed([pool.submit(compute, path) for path in paths]):
            yield future.result()


def _compile() -> None:
    """Make librosa compile what it needs, in this process alone.

    numba keeps what is compiled beside librosa. Several processes that fill an empty cache at
    once can leave one that crashes whoever reads it, from then on.
    """
    noise = np.random.default_rng(0).standard_normal(_COMPILED_SAMPLES, np.float32)
    clip_features(noise, _COMPILED_SAMPLES)


def _key(path: Path, fma_compatible: bool) -> str:
    kind = "fma" if fma_compatible else "right"
    try:
        stat = path.stat()
    except OSError:
        return f"{kind}|{path.absolute()}|missing"
    return f"{kind}|{path.absolute()}|{stat.st_size}|{stat.st_mtime_ns}"


def _read_part(part: Path) -> dict[str, Features]:
    rows: dict[str, Features] = {}
    for line in part.read_bytes().splitlines() if part.is_file() else ():
        try:
            row = json.loads(line)
            values = np.frombuffer(base64.b64decode(row["features"], validate=True), np.float32)
        except (ValueError, KeyError, TypeError):  # torn by a kill
            continue
        if len(values) == len(COLUMNS):
            rows[row["key"]] = values
    return rows
