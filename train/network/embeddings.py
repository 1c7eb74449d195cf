"""Embeds songs window by window with a model file: all that a new head needs of them."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.audio.reader import open_audio, require_sound
from melonnx.infer.errors import AudioError
from melonnx.infer.frontend.long_tracks import hear
from melonnx.infer.frontend.windows import Patches, patch_batches
from melonnx.infer.model.session import Model
from melonnx.train.data.tracks import Track
from melonnx.train.network.embedding_cache import EmbeddingCache
from melonnx.train.progress import Say

__all__ = ["WindowEmbeddings", "embed_songs", "song_windows"]

WindowEmbeddings = NDArray[np.float32]
"""(windows, d): what a model makes of each window that it hears of a song."""

_BATCH = 2


def song_windows(model: Model, path: Path) -> Patches:
    """The windows that the runtime hears of a song, float32 [windows, frames, n_mels].

    Raises an AudioError for what cannot be classified either.
    """
    info, spec = model.info, model.info.mel_spec
    with open_audio(path, spec.sample_rate) as reader:
        heard = hear(reader, spec, info.window, info.window_hop, info.max_windows)
        require_sound(reader, spec.n_fft)
    (windows,) = patch_batches(heard.log_mel, info.window, heard.rows, len(heard.rows))
    return windows


def embed_songs(
    model: Model, tracks: Sequence[Track], say: Say, cache: EmbeddingCache | None = None
) -> dict[Path, WindowEmbeddings]:
    """The embedding of each window of every track, by path; one that fails is said and left out.

    A song is decoded while another is asked about. ``cache``: of the same model; what it holds is
    not heard again.
    """
    found = {track.path: cache.get(track.path) if cache else None for track in tracks}
    missing = [path for path, known in found.items() if known is None]
    if len(missing) < len(found):
        say(f"{len(found) - len(missing)} of {len(found)} songs are known from an earlier run")
    with ThreadPoolExecutor(_workers()) as pool:
        heard = pool.map(lambda path: _embed(model, path), missing)
        for number, (path, (windows, problem)) in enumerate(zip(missing, heard, strict=True), 1):
            if windows is None:
                say(f"left out: {problem}")
                continue
            found[path] = windows
            if cache:
                cache.put(path, windows)
            if number % 25 == 0:
                say(f"{number} of {len(missing)} songs heard")
    return {path: windows for path, windows in found.items() if windows is not None}


def _workers() -> int:
    return min(4, os.cpu_count() or 1)


def _embed(model: Model, path: Path) -> tuple[WindowEmbeddings | None, str]:
    try:
        windows = song_windows(model, path)
    except AudioError as error:
        return None, str(error)
    batches = (windows[at : at + _BATCH] for at in range(0, len(windows), _BATCH))
    return np.concatenate([model.run(one, evidence=False).embedding for one in batches]), ""
