"""Reads log-mels that are published as pictures, to learn from beside audio or without any."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.frontend.mel import MelSpec, band_centres
from melonnx.train.data.cache import CachedLogMel
from melonnx.train.data.tracks import DataSetError, Track, require_printable

__all__ = ["Pictures", "read_pictures"]

_IDS_TOGETHER = 100
"""Tracks whose ids are so close may be of one album."""
_SECONDS = 30


@dataclass(frozen=True)
class Pictures:
    """Tracks without audio, and what there is instead."""

    tracks: tuple[Track, ...]
    """A track's path is the file's with the name behind it, and leads to no file."""
    log_mels: dict[Path, CachedLogMel]
    vectors: dict[Path, NDArray[np.float32]]
    """(d,) by track, of mean 0 and variance 1 over the tracks: features that others made, which
    the network may learn to imitate. Empty where the file has none."""


def read_pictures(path: Path, spec: MelSpec, fmax: float | None = None) -> Pictures:
    """Read an ``.npz`` of log-mels that were made with the front end ``spec``, or nearly.

    Its arrays: ``log_mel`` uint8 [tracks, frames, n_mels], each clip scaled from its own floor
    (0) to its maximum as :func:`melonnx.infer.frontend.mel.normalise` does; ``genre`` by track;
    ``name`` or ``track_id`` by track, ids of one album being neighbours; ``split`` (train, valid or
    test) where the data set has one; ``vggish`` [tracks, d] where there are such features.
    Exact repeats are read once.

    ``fmax``: where the pictures' bands reach to another frequency (Hz) than ``spec``'s. They
    are then of 30 s each, and brought to the bands and frames of ``spec`` by interpolation.

    Raises DataSetError where the file is none of this.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        log_mels, genres = arrays["log_mel"], arrays["genre"]
        ids = arrays.get("track_id")
        names = arrays["name"] if ids is None else ids
    except (OSError, EOFError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise DataSetError(f"{path}: holds no pictures of log-mels ({error})") from None
    if log_mels.dtype != np.uint8 or log_mels.ndim != 3 or log_mels.shape[2] != spec.n_mels:
        raise DataSetError(
            f"{path}: log_mel is {log_mels.dtype} {log_mels.shape}; expected uint8 [tracks, "
            f"frames, {spec.n_mels}]"
        )
    n_tracks = len(log_mels)
    if ids is not None and not np.issubdtype(ids.dtype, np.integer):
        raise DataSetError(f"{path}: track_id is {ids.dtype}; expected integers")
    splits = arrays.get("split", [""] * n_tracks)
    vectors = _standardised(arrays["vggish"]) if "vggish" in arrays else None
    for what in (genres, names, splits, *([] if vectors is None else [vectors])):
        if len(what) != n_tracks:
            raise DataSetError(f"{path}: its arrays are not of one length")
    tracks: list[Track] = []
    by_path: dict[Path, CachedLogMel] = {}
    vector_of: dict[Path, NDArray[np.float32]] = {}
    seen: set[bytes] = set()
    for row, log_mel in enumerate(log_mels):
        picture = log_mel.tobytes()
        if picture in seen:
            continue
        seen.add(picture)
        album = "" if ids is None else f"ids from {ids[row] // _IDS_TOGETHER * _IDS_TOGETHER}"
        track = Track(path / str(names[row]), str(genres[row]), album, str(splits[row]))
        tracks.append(track)
        by_path[track.path] = _to_spec(log_mel, spec, fmax)
        if vectors is not None:
            vector_of[track.path] = vectors[row]
    require_printable(path, tracks)
    return Pictures(tuple(tracks), by_path, vector_of)


def _standardised(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    values = vectors.astype(np.float32)
    return (values - values.mean(axis=0)) / (values.std(axis=0) + 1e-3)


def _to_spec(log_mel: NDArray[np.uint8], spec: MelSpec, fmax: float | None) -> CachedLogMel:
    if fmax is None:
        return (log_mel / np.float16(255)).astype(np.float16)
    n_frames = spec.n_frames(_SECONDS * spec.sample_rate)
    frames = (np.arange(n_frames) + 0.5) / n_frames * len(log_mel) - 0.5
    theirs = band_centres(spec.n_mels, spec.fmin, fmax)
    bands = np.interp(band_centres(spec.n_mels, spec.fmin, spec.fmax), theirs, range(spec.n_mels))
    values = _interpolate(_interpolate(log_mel.astype(np.float32), frames).T, bands).T
    values -= values.min()
    return (values / max(float(values.max()), 1.0)).astype(np.float16)


def _interpolate(rows: NDArray[np.float32], at: NDArray[np.float64]) -> NDArray[np.float32]:
    at = np.clip(at, 0, len(rows) - 1)
    lower = at.astype(int)
    share = (at - lower).astype(np.float32)[:, None]
    mixed = rows[lower]
    mixed += share * (rows[np.minimum(lower + 1, len(rows) - 1)] - mixed)
    return mixed
