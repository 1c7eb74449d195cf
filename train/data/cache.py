"""Keeps the log-mels of a data set on disk, so that audio is decoded once.

A shard is the log-mels of some tracks in one memory-mapped float16 file, with a JSON index
that is written last and renamed into place: a kill at any moment leaves whole shards, and the
next build makes what is missing.
"""

import contextlib
import hashlib
import json
import math
import multiprocessing
import os
import time
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.audio.reader import open_audio, require_sound
from melonnx.infer.errors import AudioError
from melonnx.infer.frontend.mel import MelSpec, log_mel
from melonnx.train.data.degradations import distort

__all__ = ["CachedLogMel", "build_cache", "default_cache_folder"]

CachedLogMel = NDArray[np.float16]
"""(frames, n_mels), memory-mapped, in [0, 1] as ``melonnx.infer.frontend.mel.LogMel``."""

_VERSION = 1
"""Raise it when the same file would give other log-mels: it is then part of the folder's name."""
_TRACKS_PER_SHARD = 64
_MOST_SHARDS = 100
"""Of one build: each shard that is mapped holds a file open, and systems allow about a thousand."""
_ABANDONED_S = 24 * 3600
"""A file in the making that was not written to for so long belongs to no living build."""


@dataclass(frozen=True)
class _Entry:
    shard: Path
    first: int
    frames: int
    error: str


def default_cache_folder() -> Path:
    """``melonnx`` in the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "melonnx"


def build_cache(
    paths: Sequence[Path],
    spec: MelSpec,
    root: Path,
    *,
    copy: int = 0,
    workers: int | None = None,
) -> Iterator[tuple[list[Path], dict[Path, CachedLogMel], dict[Path, str]]]:
    """Make what is missing and yield, shard by shard, what is there.

    Yields (the paths just done, log-mels by path, errors by path); joined they cover ``paths``.
    A track is made again when its file's size or time of change differs, and tried again where
    it could not be read: what was missing may be there now. ``copy``: 0 for the
    tracks as they are, else the number of a distorted copy
    (``melonnx.train.data.degradations``), the same one every time. ``workers``: processes, one for
    each core by default.
    """
    folder = root / _folder_name(spec)
    folder.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(folder)
    keys = {path: _identity(path, copy) for path in paths}
    entries = _read_index(folder)
    missing = [path for path in paths if keys[path] not in entries]
    yield _look_up([path for path in paths if keys[path] in entries], keys, entries, spec)
    size = max(_TRACKS_PER_SHARD, math.ceil(len(missing) / _MOST_SHARDS))
    jobs = [missing[at : at + size] for at in range(0, len(missing), size)]
    if not jobs:
        return
    workers = min(workers or os.cpu_count() or 1, len(jobs))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        futures = [
            pool.submit(_write_shard, folder, job, [keys[path] for path in job], spec, copy)
            for job in jobs
        ]
        try:
            for job, future in zip(jobs, futures, strict=True):
                yield _look_up(job, keys, _read_shard_index(future.result()), spec)
        except BaseException:  # also where nobody asks for the rest
            pool.shutdown(cancel_futures=True)
            raise


def _folder_name(spec: MelSpec) -> str:
    made_by = spec.to_dict() | ({"version": _VERSION} if _VERSION > 1 else {})
    digest = hashlib.sha256(json.dumps(made_by, sort_keys=True).encode()).hexdigest()
    return f"log-mel-{digest[:12]}"


def _remove_abandoned(folder: Path) -> None:
    for temporary in folder.glob("*.tmp"):
        with contextlib.suppress(FileNotFoundError):  # another build may have renamed it
            if time.time() - temporary.stat().st_mtime > _ABANDONED_S:
                temporary.unlink()


def _identity(path: Path, copy: int) -> str:
    which = f"{path.absolute()}|{copy}" if copy else f"{path.absolute()}"
    try:
        stat = path.stat()
    except OSError:
        return f"{which}|missing"
    return f"{which}|{stat.st_size}|{stat.st_mtime_ns}"


def _look_up(
    paths: list[Path], keys: dict[Path, str], entries: dict[str, _Entry], spec: MelSpec
) -> tuple[list[Path], dict[Path, CachedLogMel], dict[Path, str]]:
    log_mels: dict[Path, CachedLogMel] = {}
    errors: dict[Path, str] = {}
    shards: dict[Path, CachedLogMel] = {}
    for path in paths:
        entry = entries[keys[path]]
        if entry.error:
            errors[path] = entry.error
            continue
        if entry.shard not in shards:
            mapped = np.memmap(entry.shard, np.float16, mode="r")
            shards[entry.shard] = mapped.reshape(-1, spec.n_mels)
        log_mels[path] = shards[entry.shard][entry.first : entry.first + entry.frames]
    return paths, log_mels, errors


def _read_index(folder: Path) -> dict[str, _Entry]:
    entries: dict[str, _Entry] = {}
    for index in sorted(folder.glob("*.json")):
        rows = _read_shard_index(index)
        entries |= {key: entry for key, entry in rows.items() if not entry.error}
    return entries


def _read_shard_index(index: Path) -> dict[str, _Entry]:
    shard = index.with_suffix(".f16")
    rows: list[dict[str, Any]] = json.loads(index.read_text("utf-8", errors="surrogateescape"))
    return {row["key"]: _Entry(shard, row["first"], row["frames"], row["error"]) for row in rows}


def _write_shard(
    folder: Path, paths: list[Path], keys: list[str], spec: MelSpec, copy: int
) -> Path:
    """Runs in a worker process. Returns the path of the index."""
    name = hashlib.sha256("\n".join(keys).encode(errors="surrogateescape")).hexdigest()[:16]
    rows: list[dict[str, Any]] = []
    first = 0
    temporary = folder / f"{name}.{os.getpid()}.tmp"
    with temporary.open("wb") as file:
        for path, key in zip(paths, keys, strict=True):
            frames, error = 0, ""
            try:
                values = _cacheable(path, spec, copy)
                frames = len(values)
                file.write(values.tobytes())
            except AudioError as refused:
                error = str(refused)
            rows.append({"key": key, "first": first, "frames": frames, "error": error})
            first += frames
        if not first:  # an empty file cannot be mapped
            file.write(bytes(2 * spec.n_mels))
        _sync(file)
    temporary.replace(folder / f"{name}.f16")
    with temporary.open("w", encoding="utf-8", errors="surrogateescape") as file:
        json.dump(rows, file)
        _sync(file)
    return temporary.replace(folder / f"{name}.json")


def _cacheable(path: Path, spec: MelSpec, copy: int) -> CachedLogMel:
    with open_audio(path, spec.sample_rate) as reader:
        heard = np.concatenate(list(reader)) if copy else log_mel(reader, spec)
    require_sound(reader, spec)
    if copy:
        rng = np.random.default_rng((copy, zlib.crc32(path.name.encode(errors="surrogateescape"))))
        heard = log_mel(distort(heard, spec.sample_rate, rng), spec)
    return heard.astype(np.float16)


def _sync(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())
