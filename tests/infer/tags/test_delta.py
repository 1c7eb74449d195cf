"""What a delta says is enough to get the other file back, and short where files are alike."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from melonnx.infer.tags.delta import apply_delta, make_delta

pieces = st.lists(
    st.one_of(st.binary(max_size=50), st.sampled_from([bytes(range(200)), bytes(500), b"ab" * 90])),
    max_size=8,
).map(b"".join)


@given(source=pieces, target=pieces)
def test_the_target_comes_back(source, target):
    steps = json.loads(json.dumps(make_delta(source, target)))
    assert b"".join(apply_delta(source, steps)) == target


def test_moved_and_swapped_pieces_cost_nothing_but_their_names():
    first, second = bytes(range(256)) * 20, bytes(reversed(range(256))) * 20
    source = b"header" + first + second
    target = b"a longer header" + second + b"between" + first
    steps = make_delta(source, target)
    assert b"".join(apply_delta(source, steps)) == target
    assert len(json.dumps(steps)) < 200


def test_what_is_far_into_a_large_file_is_found():
    source = bytes(3_000_000) + b"end"
    target = b"x" + bytes(3_000_000) + b"End"
    steps = make_delta(source, target)
    assert b"".join(apply_delta(source, steps)) == target
    assert len(json.dumps(steps)) < 500


@pytest.mark.parametrize("step", [[-1, 2], [0, 11], [5, -2], "not base64!"])
def test_a_damaged_delta_is_an_error(step):
    with pytest.raises(ValueError):  # noqa: PT011
        list(apply_delta(bytes(10), [step]))
