"""What programs that run a waveform twin must do first, said in Python: for the tests of each."""

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from melonnx.infer.audio.down_mix import STRETCH
from melonnx.infer.frontend.mel import MelSpec, mel_frames
from melonnx.infer.frontend.silence import silences, sounding

__all__ = ["SPECS", "WINDOW", "songs", "sounding_samples", "stereo_of_kind"]

WINDOW = 40
SPECS = (MelSpec(n_mels=16, sample_rate=8000, fmax=4000, n_fft=512, hop_length=160),
         MelSpec(n_mels=16, sample_rate=8000, fmax=4000, n_fft=512, hop_length=420))  # fmt: skip
"""Frames that overlap, and such as leave samples out."""


def stereo_of_kind(kind: str, seed: int, channels: int) -> NDArray[np.float32]:
    """Noise (3 stretches, channels): plain; turned against itself; in the bass; for a stretch."""
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal((3 * STRETCH, channels)).astype(np.float32)
    if channels == 1 or kind == "plain":
        return samples
    turned = samples[:, [0] * channels] * np.where(np.arange(channels) % 2, -1, 1)
    if kind == "bass":
        tone = np.sin(np.arange(3 * STRETCH) / 200)[:, None]
        turned = np.float32(0.1) * samples + tone * np.where(np.arange(channels) % 2, -1, 1)
    if kind == "half":
        turned[STRETCH:] = samples[STRETCH:]
    return turned.astype(np.float32)


@st.composite
def songs(draw: st.DrawFn) -> NDArray[np.float32]:
    """Parts (samples,) at 8 kHz: noise, silence, dither, a constant, in any order and length."""
    kinds = st.sampled_from(["noise", "quiet", "zeros", "dither", "constant"])
    parts = draw(st.lists(st.tuples(kinds, st.floats(0.01, 6)), min_size=1, max_size=6))
    rng = np.random.default_rng(len(parts))
    made: list[NDArray[np.float64]] = []
    for kind, seconds in [*parts, ("noise", draw(st.floats(0.1, 3)))]:
        n = int(seconds * 8000)
        scale = {"noise": 0.1, "quiet": 1e-3, "dither": 3e-5}.get(kind, 0.0)
        made.append(rng.uniform(-scale, scale, n) + 0.2 * (kind == "constant"))
    if draw(st.booleans()):
        made.reverse()
    return np.concatenate(made).astype(np.float32)


def sounding_samples(song: NDArray[np.float32], spec: MelSpec) -> NDArray[np.float32]:
    """``song`` (samples,) without the frames that the runtime calls silent."""
    swing = np.concatenate([frames.swing for frames in mel_frames([song], spec)])
    silent = silences(swing, WINDOW, spec.frame_seconds)
    parts = sounding(len(swing), silent)
    hop = spec.hop_length
    kept = np.concatenate([song[begin * hop : end * hop] for begin, end in parts])
    return kept[:-1] if silent and silent[-1][1] == len(swing) else kept
