"""Columns hold the mean, least or greatest of their frames, and never grow too many."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from melonnx.infer.explain.columns import Columns


@pytest.mark.parametrize(
    ("pool", "expected"), [(np.add, np.mean), (np.minimum, np.min), (np.maximum, np.max)]
)
@given(
    blocks=st.lists(st.integers(0, 60), min_size=1, max_size=12),
    most=st.integers(1, 20),
    seed=st.integers(0, 99),
)
def test_any_blocks_are_pooled_as_one(pool, expected, blocks, most, seed):
    frames = np.random.default_rng(seed).standard_normal((sum(blocks), 3)).astype(np.float32)
    columns, at = Columns(3, most, pool), 0
    for size in blocks:
        columns.append(frames[at : at + size])
        at += size
    pooled, every = columns.pooled(), columns.every
    assert len(pooled) <= most + 1
    assert every == 1 or len(frames) > most * every / 2
    groups = [frames[at : at + every] for at in range(0, len(frames), every)]
    assert len(pooled) == len(groups)
    for column, group in zip(pooled, groups, strict=True):
        np.testing.assert_allclose(column, expected(group, axis=0), atol=1e-5)
