"""Embeds songs window by window with a model file: all that a new head needs of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.audio.reader import open_audio, require_sound
from melonnx.infer.errors import AudioError
from melonnx.infer.frontend.long_tracks import hear
from melonnx.infer.frontend.windows import Patches, patch_batches
from melonnx.infer.model.session import Model
from melonnx.train.data.tracks import Track
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


def embed_songs(model: Model, tracks: Sequence[Track], say: Say) -> dict[Path, WindowEmbeddings]:
    """The embedding of each window of every track, by path; one that fails is said and left out."""
    embeddings: dict[Path, WindowEmbeddings] = {}
    for number, track in enumerate(tracks, 1):
        try:
            windows = song_windows(model, track.path)
        except AudioError as error:
            say(f"left out: {error}")
            continue
        embeddings[track.path] = np.concatenate(
            [
                model.run(windows[at : at + _BATCH], evidence=False).embedding
                for at in range(0, len(windows), _BATCH)
            ]
        )
        if number % 25 == 0:
            say(f"{number} of {len(tracks)} songs heard")
    return embeddings
