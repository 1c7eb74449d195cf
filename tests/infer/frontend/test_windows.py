"""Windows cover the whole track, and short tracks fill one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from melonnx.infer.frontend.windows import MOST_WINDOWS, patch_batches, window_starts


@given(n_frames=st.integers(1, 2000), length=st.integers(1, 200), hop=st.integers(1, 200))
def test_windows_cover_every_frame_unless_hops_leave_gaps(n_frames, length, hop):
    starts = window_starts(n_frames, length, hop)
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert starts[-1] == max(0, n_frames - length)
    assert max(np.diff(starts), default=0) <= hop


def test_starts_worked_by_hand():
    assert window_starts(10, 4, 4) == [0, 4, 6]
    assert window_starts(12, 4, 4) == [0, 4, 8]
    assert window_starts(4, 4, 2) == [0]
    assert window_starts(3, 4, 2) == [0]
    assert window_starts(103, 3, 3, 5) == [0, 25, 50, 75, 100]
    assert window_starts(103, 3, 3, 1) == [50]


@given(n_frames=st.integers(1, 2000), length=st.integers(8, 200), most=st.integers(1, 9))
def test_at_most_so_many_windows_reach_from_start_to_end(n_frames, length, most):
    all_starts = window_starts(n_frames, length, length)
    starts = window_starts(n_frames, length, length, most)
    if len(all_starts) <= most:
        assert starts == all_starts
    else:
        assert len(starts) == most
        assert starts == sorted(starts)
        assert max(np.diff(starts), default=0) - min(np.diff(starts), default=0) <= 1
        assert (starts[0], starts[-1]) == (0, all_starts[-1]) or most == 1


@given(
    n_frames=st.integers(1, 10**6), length=st.integers(1, 200), most=st.integers(1, MOST_WINDOWS)
)
def test_windows_of_a_long_track_are_all_different_and_stand_on_cells(n_frames, length, most):
    starts = window_starts(n_frames, length, length, most)
    assert len(set(starts)) == len(starts) <= most
    assert 0 <= starts[0] <= starts[-1] <= max(0, n_frames - length)
    if n_frames > 2 * length * MOST_WINDOWS:
        assert all(start % length == 0 for start in starts)


def test_patches_come_in_order_and_batches():
    log_mel = np.arange(20, dtype=np.float32).reshape(10, 2)
    batches = list(patch_batches(log_mel, 4, [0, 4, 6], 2))
    assert [batch.shape for batch in batches] == [(2, 4, 2), (1, 4, 2)]
    assert batches[1][0].tolist() == log_mel[6:10].tolist()


def test_short_track_is_repeated_to_fill_its_window():
    log_mel = np.array([[1], [2], [3]], np.float32)
    (batch,) = patch_batches(log_mel, 7, [0], 8)
    assert batch[0, :, 0].tolist() == [1, 2, 3, 1, 2, 3, 1]
