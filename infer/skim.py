"""Hears of a long track only the places that the network listens to, without decoding the rest."""

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.audio.reader import AudioReader
from melonnx.infer.frontend.joined_frames import JoinedFrames
from melonnx.infer.frontend.long_tracks import Heard
from melonnx.infer.frontend.mel import ClipLevel, MelSpec, mel_frames, normalise
from melonnx.infer.frontend.silence import is_quiet
from melonnx.infer.frontend.windows import window_starts

__all__ = ["skim"]

_WORTH_IT = 2
"""Times as long as its windows: seeking has a price, too."""
_MOST_SILENCE = 0.5
"""Of a place: how long it goes on, and where there is more, only the whole track can tell."""


def skim(reader: AudioReader, spec: MelSpec, window: int, hop: int, most: int) -> Heard | None:
    """The ``most`` windows of a track, as :func:`melonnx.infer.frontend.long_tracks.hear` has them.

    The frames are those of the whole track; the level (``ClipLevel``) is of the windows alone.
    None where the track must be heard whole, by a new reader: it is short, any number of windows
    is wanted (``most`` 0), its length is not known for sure, seeking in it is not exact, a place
    does not decode or is silent for half of its time.
    """
    n_samples = reader.n_samples
    if not most or n_samples is None or spec.n_frames(n_samples) < _WORTH_IT * most * window:
        return None
    n_frames = spec.n_frames(n_samples)
    starts = window_starts(n_frames, window, hop, most)
    kept, level = JoinedFrames(spec.n_mels), ClipLevel()
    swings: list[NDArray[np.float32]] = []
    before = -(-spec.n_fft // 2 // spec.hop_length)  # frames that reach into mel_power's padding
    for start in starts:
        first = max(0, start - before)
        length = (start + window - first - 1) * spec.hop_length + spec.n_fft // 2
        length = min(length, n_samples - first * spec.hop_length)
        waveform = reader.read_at(first * spec.hop_length, length)
        if waveform is None:
            return None
        powers, swing = zip(*mel_frames([waveform], spec), strict=True)
        power = np.concatenate(powers)[start - first :][:window]
        swings.append(np.concatenate(swing)[start - first :][:window])
        level = level.heard(power)
        kept.append(power)
    loudest = max(float(swing.max()) for swing in swings)
    if reader.is_silent or any(is_quiet(one, loudest).mean() > _MOST_SILENCE for one in swings):
        return None
    rows = list(range(0, len(starts) * window, window))
    return Heard(normalise(kept.frames, spec, level), n_frames, starts, rows)
