"""A long track's windows are those of its whole log-mel, of which little is ever held."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from melonnx.infer.frontend import long_tracks
from melonnx.infer.frontend.long_tracks import hear
from melonnx.infer.frontend.mel import MelSpec, log_mel
from melonnx.infer.frontend.windows import CELLS, window_starts
from tests.conftest import examples

DECIBELS = MelSpec(sample_rate=8000, n_fft=64, hop_length=32, n_mels=4, fmax=4000.0)
LEVELLED = MelSpec(
    sample_rate=8000, n_fft=64, hop_length=32, n_mels=4, fmax=4000.0, log_gain=100.0, level=2.0
)


def blocks(n_frames, size, seed=0):
    """Bursts of noise, so that no two windows are alike."""
    rng = np.random.default_rng(seed)
    n_samples = (n_frames - 1) * 32
    loudness = np.repeat(rng.uniform(0.01, 1, n_samples // 100 + 1), 100)[:n_samples]
    waveform = (rng.standard_normal(n_samples) * loudness).astype(np.float32)
    return [waveform[at : at + size] for at in range(0, n_samples, size)]


@pytest.mark.parametrize("spec", [DECIBELS, LEVELLED], ids=["decibels", "levelled"])
@examples(30)
@given(n_frames=st.integers(2, 12 * CELLS), most=st.integers(0, 12), size=st.integers(500, 200_000))
def test_windows_are_those_of_the_whole(spec, n_frames, most, size):
    window = 3
    heard = hear(blocks(n_frames, size), spec, window, 2, most)
    whole = log_mel(np.concatenate(blocks(n_frames, size)), spec)
    assert heard.n_frames == len(whole) == n_frames
    assert heard.starts == window_starts(n_frames, window, 2, most)
    for start, row in zip(heard.starts, heard.rows, strict=True):
        wanted = whole[start : start + window]
        assert heard.log_mel[row : row + window] == pytest.approx(wanted, abs=1e-6)


def test_memory_is_bounded_where_the_windows_are_few(monkeypatch):
    most_held = 0

    class Watched(long_tracks.JoinedFrames):
        def append(self, block):
            nonlocal most_held
            super().append(block)
            if self.frames.shape[1] == LEVELLED.n_mels:  # and not the three numbers of each frame
                most_held = max(most_held, len(self.frames))

    monkeypatch.setattr(long_tracks, "JoinedFrames", Watched)
    heard = hear(blocks(40 * CELLS, 3200), LEVELLED, 3, 3, 10)
    assert most_held <= 3 * CELLS + 100  # a block's frames beyond
    assert len(heard.log_mel) <= 3 * CELLS
    assert len(set(heard.starts)) == 10


def test_level_is_that_of_the_whole_track_and_not_of_what_is_held():
    quiet_then_loud = blocks(20 * CELLS, 3200)
    quiet_then_loud[-1][-40:] *= 100
    heard = hear(quiet_then_loud, DECIBELS, 3, 3, 10)
    assert heard.log_mel.max() < 0.8  # the clip's loudest bin is in none of the windows
