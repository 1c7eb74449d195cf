"""Reads log-mels that are published as pictures, to learn from beside audio."""

import zipfile
from pathlib import Path

import numpy as np

from melonnx.infer.mel import MelSpec
from melonnx.train.cache import CachedLogMel
from melonnx.train.tracks import DataSetError, Track

__all__ = ["read_pictures"]


def read_pictures(path: Path, spec: MelSpec) -> tuple[list[Track], dict[Path, CachedLogMel]]:
    """Read an ``.npz`` of log-mels that were made with the front end ``spec``.

    Its arrays: ``log_mel`` uint8 [tracks, frames, n_mels], each clip scaled from its own floor
    (0) to its maximum (255) as :func:`melonnx.infer.mel.normalise` does; ``name`` and ``genre``
    by track; ``split`` (train, valid or test) where the data set has one. Exact repeats are
    read once. A track's path is the file's with the name behind it, and leads to no file.

    Raises DataSetError where the file is none of this.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            log_mels, names, genres = (arrays[name] for name in ("log_mel", "name", "genre"))
            splits = arrays["split"] if "split" in arrays else [""] * len(names)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataSetError(f"{path}: holds no pictures of log-mels ({error})") from None
    if log_mels.dtype != np.uint8 or log_mels.ndim != 3 or log_mels.shape[2] != spec.n_mels:
        raise DataSetError(
            f"{path}: log_mel is {log_mels.dtype} {log_mels.shape}; expected uint8 [tracks, "
            f"frames, {spec.n_mels}]"
        )
    tracks: list[Track] = []
    by_path: dict[Path, CachedLogMel] = {}
    seen: set[bytes] = set()
    for log_mel, name, genre, split in zip(log_mels, names, genres, splits, strict=True):
        picture = log_mel.tobytes()
        if picture in seen:
            continue
        seen.add(picture)
        track = Track(path / str(name), str(genre), split=str(split))
        tracks.append(track)
        by_path[track.path] = (log_mel / np.float16(255)).astype(np.float16)
    return tracks, by_path
