"""Silence has no window and no part in the level; a track without it stays as it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from melonnx.infer.frontend.long_tracks import hear
from melonnx.infer.frontend.mel import MelSpec, log_mel
from melonnx.infer.frontend.silence import silences, sounding
from melonnx.infer.frontend.windows import CELLS, sounding_starts, window_starts

DECIBELS = MelSpec(sample_rate=8000, n_fft=64, hop_length=32, n_mels=4, fmax=4000.0)
LEVELLED = MelSpec(
    sample_rate=8000, n_fft=64, hop_length=32, n_mels=4, fmax=4000.0, log_gain=100.0, level=2.0
)
WINDOW = 100  # 0.4 s
SPECS = pytest.mark.parametrize("spec", [DECIBELS, LEVELLED], ids=["decibels", "levelled"])


def noise(n_frames, gain=0.1, seed=0):
    samples = np.random.default_rng(seed).standard_normal(n_frames * 32)
    return (samples * gain).astype(np.float32)


def dither(n_samples):
    return (np.random.default_rng(0).integers(-2, 3, n_samples) / 32768).astype(np.float32)


def hum(n_samples):
    return (1.4e-4 * np.sin(2 * np.pi * 50 / 8000 * np.arange(n_samples))).astype(np.float32)


SILENT = {
    "zeros": lambda n: np.zeros(n, np.float32),
    "dither": dither,
    "hum": hum,
    "constant": lambda n: np.full(n, 0.3, np.float32),
}


@SPECS
@pytest.mark.parametrize("most", [0, 6])
@pytest.mark.parametrize("kind", SILENT)
@pytest.mark.parametrize("where", ["front", "behind"])
def test_what_is_heard_of_a_track_with_silence_is_the_track(spec, most, kind, where):
    song = noise(2000)[:-7]  # no frame lies on its end
    silence = SILENT[kind](32 * 15000)
    parts = (silence, song) if where == "front" else (song, silence)
    alone = hear([song], spec, WINDOW, WINDOW, most)
    heard = hear([np.concatenate(parts)], spec, WINDOW, WINDOW, most)
    shift = 15000 if where == "front" else 0
    assert len(heard.starts) == len(alone.starts)
    for ours, theirs in zip(heard.starts, alone.starts, strict=True):
        assert abs(ours - shift - theirs) <= (2 if kind == "constant" else 0)
    if kind != "constant":  # whose edge is a click, which is loud
        for ours, theirs in zip(heard.rows[1:-1], alone.rows[1:-1], strict=True):
            np.testing.assert_allclose(
                heard.log_mel[ours : ours + WINDOW], alone.log_mel[theirs : theirs + WINDOW],
                atol=2e-4,
            )  # fmt: skip
    ((begin, end),) = heard.silent
    assert (begin, end) == pytest.approx((0, 15000) if where == "front" else (2001, 17001), abs=3)
    assert heard.n_sounding == pytest.approx(2000, abs=4)


@SPECS
@settings(deadline=None, max_examples=25)
@given(
    rests=st.lists(st.integers(1, WINDOW - 5), max_size=6),
    n_frames=st.integers(2, 4 * CELLS),
    most=st.integers(0, 9),
)
def test_a_track_with_rests_alone_is_heard_to_the_bit_as_before(spec, rests, n_frames, most):
    song = noise(n_frames)
    for number, rest in enumerate(rests):
        song[number * 7001 :][: rest * 32] = 0
    heard = hear([song], spec, WINDOW, WINDOW, most)
    if song.any():
        assert heard.silent == []
        assert heard.starts == window_starts(len(song) // 32 + 1, WINDOW, WINDOW, most)
        np.testing.assert_array_equal(heard.log_mel, log_mel(song, spec))


@SPECS
@settings(deadline=None, max_examples=12)
@given(
    lengths=st.lists(st.sampled_from([30, 450, 9000, 40000]), min_size=2, max_size=5),
    most=st.integers(1, 8),
    size=st.integers(1000, 200_000),
)
def test_blocks_of_any_size_give_the_same_and_windows_lie_in_what_sounds(spec, lengths, most, size):
    parts = [
        noise(length, seed=number) if number % 2 else np.zeros(length * 32, np.float32)
        for number, length in enumerate(lengths)
    ]
    track = np.concatenate(parts)
    whole = hear([track], spec, WINDOW, WINDOW, most)
    blocks = [track[at : at + size] for at in range(0, len(track), size)]
    heard = hear(blocks, spec, WINDOW, WINDOW, most)
    assert (heard.starts, heard.rows, heard.silent) == (whole.starts, whole.rows, whole.silent)
    np.testing.assert_allclose(heard.log_mel, whole.log_mel, atol=1e-5)
    assert len(heard.log_mel) <= max(CELLS * WINDOW, 0)
    is_sound = np.zeros(heard.n_frames, bool)
    for begin, end in sounding(heard.n_frames, heard.silent):
        is_sound[begin:end] = True
    for start, row in zip(heard.starts, heard.rows, strict=True):
        assert is_sound[start : start + WINDOW].any()
        power = heard.log_mel[row : row + WINDOW].sum(axis=1)
        sounds = is_sound[start : start + WINDOW]
        assert power[sounds].mean() > power[~sounds].mean() if not sounds.all() else True


def test_a_minute_amid_hours_of_silence_is_still_heard_in_many_places():
    minute, hours = noise(15 * CELLS), np.zeros(32 * WINDOW * CELLS * 5, np.float32)
    heard = hear([hours, minute, hours], LEVELLED, WINDOW, WINDOW, 6)
    first = WINDOW * CELLS * 5
    assert len(heard.starts) == 6
    assert first - WINDOW <= heard.starts[0] < heard.starts[-1] <= first + 15 * CELLS


@given(gain=st.floats(1e-3, 1))
def test_a_track_that_is_turned_down_has_the_same_silences(gain):
    track = np.concatenate((noise(900), np.zeros(32 * 900, np.float32), noise(900)))
    heard = hear([track * np.float32(gain)], LEVELLED, WINDOW, WINDOW, 0)
    assert heard.silent == hear([track], LEVELLED, WINDOW, WINDOW, 0).silent != []


def test_music_that_is_faint_all_over_is_no_silence():
    assert silences(np.full(1000, 1e-4, np.float32), WINDOW, 0.004) == []
    assert silences(np.zeros(1000, np.float32), WINDOW, 0.004) == []


def test_clicks_amid_silence_are_silence_unless_nothing_else_is_there():
    swing = np.zeros(5000, np.float32)
    swing[1000] = 0.5
    assert silences(swing, WINDOW, 0.004) == [(0, 1000), (1001, 5000)]
    swing[3000:4000] = 0.5
    assert silences(swing, WINDOW, 0.004) == [(0, 3000), (4000, 5000)]


@given(
    lengths=st.lists(st.integers(1, 300), min_size=1, max_size=6),
    most=st.integers(0, 9),
    window=st.integers(1, 80),
)
def test_windows_lie_in_the_parts_that_hold_them(lengths, most, window):
    parts, at = [], 5
    for length in lengths:
        parts.append((at, at + length))
        at += length + window
    starts = sounding_starts(at, parts, window, window, most)
    assert starts == sorted(set(starts))
    assert len(starts) <= most or not most
    for start in starts:
        begin, end = next(one for one in parts if one[0] <= start < one[1])
        assert start + window <= end or start == begin
