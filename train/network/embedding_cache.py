"""Keeps what a model made of songs on disk, so that a second look at them takes seconds."""

import hashlib
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.results.replace import writing

__all__ = ["EmbeddingCache"]

_VERSION = 1
"""Raise it when the same song and model would give other embeddings."""


class EmbeddingCache:
    """The embeddings of songs by one model file, a file each below the user's cache.

    A song is heard anew where its size or its time of change differs, or the model's bytes do.
    """

    def __init__(self, root: Path, model: Path) -> None:
        digest = hashlib.sha256(model.read_bytes()).hexdigest()
        self._folder = root / f"embeddings-{_VERSION}-{digest[:16]}"

    def get(self, song: Path) -> NDArray[np.float32] | None:
        """(windows, d) of ``song``; None where it was not heard, or what was kept is damaged."""
        try:
            found = np.load(self._place(song), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        return found if found.dtype == np.float32 and found.ndim == 2 else None

    def put(self, song: Path, embeddings: NDArray[np.float32]) -> None:
        """Keep ``embeddings`` (windows, d) of ``song``, by rename; a full disk is no error."""
        try:
            place = self._place(song)
            place.parent.mkdir(parents=True, exist_ok=True)
            with writing(place) as part, part.open("wb") as file:
                np.save(file, embeddings)
        except OSError:
            return

    def _place(self, song: Path) -> Path:
        stat = song.stat()
        identity = f"{song.absolute()}|{stat.st_size}|{stat.st_mtime_ns}"
        name = hashlib.sha256(os.fsencode(identity)).hexdigest()[:32]
        return self._folder / name[:2] / f"{name}.npy"
