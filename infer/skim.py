"""Hears of a long track only the places that the network listens to, without decoding the rest."""

import numpy as np

from melonnx.infer.audio.reader import SILENCE, AudioReader
from melonnx.infer.frontend.joined_frames import JoinedFrames
from melonnx.infer.frontend.long_tracks import Heard
from melonnx.infer.frontend.mel import ClipLevel, MelSpec, mel_power, normalise
from melonnx.infer.frontend.windows import window_starts

__all__ = ["skim"]

_WORTH_IT = 2
"""Times as long as its windows: seeking has a price, too."""


def skim(reader: AudioReader, spec: MelSpec, window: int, hop: int, most: int) -> Heard | None:
    """The ``most`` windows of a track, as :func:`melonnx.infer.frontend.long_tracks.hear` has them.

    The frames are those of the whole track; the level (``ClipLevel``) is of the windows alone.
    None where the track must be heard whole, by a new reader: it is short, any number of windows
    is wanted (``most`` 0), its length is not known for sure, seeking in it is not exact, a place
    does not decode or all are silent.
    """
    n_samples = reader.n_samples
    if not most or n_samples is None or spec.n_frames(n_samples) < _WORTH_IT * most * window:
        return None
    n_frames = spec.n_frames(n_samples)
    starts = window_starts(n_frames, window, hop, most)
    kept, level = JoinedFrames(spec.n_mels), ClipLevel()
    before = -(-spec.n_fft // 2 // spec.hop_length)  # frames that reach into mel_power's padding
    for start in starts:
        first = max(0, start - before)
        length = (start + window - first - 1) * spec.hop_length + spec.n_fft // 2
        length = min(length, n_samples - first * spec.hop_length)
        waveform = reader.read_at(first * spec.hop_length, length)
        if waveform is None:
            return None
        power = np.concatenate(list(mel_power([waveform], spec)))[start - first :][:window]
        level = level.heard(power)
        kept.append(power)
    if reader.peak < SILENCE:
        return None
    rows = list(range(0, len(starts) * window, window))
    return Heard(normalise(kept.frames, spec, level), n_frames, starts, rows)
