"""Hears of a long track only the places that the network listens to, without decoding the rest."""

import numpy as np

from melonnx.infer.audio.reader import AudioReader
from melonnx.infer.frontend.joined_frames import JoinedFrames
from melonnx.infer.frontend.long_tracks import Heard
from melonnx.infer.frontend.mel import ClipLevel, Frames, MelSpec, mel_frames, normalise
from melonnx.infer.frontend.silence import is_quiet
from melonnx.infer.frontend.windows import window_starts

__all__ = ["skim"]

_WORTH_IT = 3
"""Times as long as what is heard of it: seeking has a price, too."""
_MOST_SILENCE = 0.5
"""Of a stretch as long as a window: how long it goes on, and where there is more, only the whole
track can tell."""
_SAMPLES, _SAMPLE_S = 40, 0.25
"""The level of a track is that of so many moments of so many seconds, evenly spread: within 0.5 dB
of the whole's; the six windows of genre-base are too few, and miss it by 1.3 dB."""


def skim(reader: AudioReader, spec: MelSpec, window: int, hop: int, most: int) -> Heard | None:
    """The ``most`` windows of a track, as :func:`melonnx.infer.frontend.long_tracks.hear` has them.

    The frames are those of the whole track; the level (``ClipLevel``) is of moments all along it.
    None where the track must be heard whole, by a new reader: it is short, any number of windows
    is wanted (``most`` 0), its length is not known for sure, seeking in it is not exact, a place
    does not decode, or a window, or the surroundings of a silent moment, are silent for half of
    their time.
    """
    n_samples = reader.n_samples
    if not most or n_samples is None:
        return None
    n_frames = spec.n_frames(n_samples)
    short = max(1, round(_SAMPLE_S / spec.frame_seconds))
    if n_frames < _WORTH_IT * (most * window + _SAMPLES * short):
        return None
    starts = window_starts(n_frames, window, hop, most)
    windows: list[Frames] = []
    moments: list[Frames] = []
    between = np.linspace(0, n_frames - short, _SAMPLES + 2)[1:-1].astype(int).tolist()
    for places, length, heard in ((starts, window, windows), (between, short, moments)):
        for start in places:
            frames = _frames_at(reader, spec, n_samples, start, length, alone=heard is moments)
            if frames is None:
                return None
            heard.append(frames)
    loudest = max(float(one.swing.max()) for one in (*windows, *moments))
    around: list[Frames | None] = [
        _frames_at(reader, spec, n_samples, max(0, start - window // 2), window, alone=True)
        for start, one in zip(between, moments, strict=True)
        if _silence(one, loudest) == 1
    ]
    if reader.is_silent or any(
        one is None or _silence(one, loudest) > _MOST_SILENCE for one in (*windows, *around)
    ):
        return None
    kept = JoinedFrames(spec.n_mels)
    for one in windows:
        kept.append(one.power)
    rows = list(range(0, len(starts) * window, window))
    return Heard(normalise(kept.frames, spec, _level(windows, moments)), n_frames, starts, rows)


def _frames_at(
    reader: AudioReader, spec: MelSpec, n_samples: int, start: int, length: int, *, alone: bool
) -> Frames | None:
    """The ``length`` frames from ``start`` on; None where they do not decode."""
    before = -(-spec.n_fft // 2 // spec.hop_length)  # frames that reach into mel_power's padding
    first = max(0, start - before)
    wanted = (start + length - first - 1) * spec.hop_length + spec.n_fft // 2
    wanted = min(wanted, n_samples - first * spec.hop_length)
    waveform = reader.read_at(first * spec.hop_length, wanted, alone=alone)
    if waveform is None:
        return None
    power, swing = (np.concatenate(one) for one in zip(*mel_frames([waveform], spec), strict=True))
    return Frames(power[start - first :][:length], swing[start - first :][:length])


def _silence(frames: Frames, loudest: float) -> float:
    """Share of the frames that are quiet."""
    return float(is_quiet(frames.swing, loudest).mean())


def _level(windows: list[Frames], moments: list[Frames]) -> ClipLevel:
    """The mean of the moments alone, in which each part of the track has its due; peaks of all."""
    of_moments = ClipLevel()
    for one in moments:
        of_moments = of_moments.heard(one.power)
    of_all = of_moments
    for one in windows:
        of_all = of_all.heard(one.power)
    return ClipLevel(of_all.loudest, of_all.quietest, of_moments.total, of_moments.n_frames)
