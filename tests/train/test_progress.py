"""How long it takes is said as a person would say it."""

import pytest

from melonnx.train.progress import told_time


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.4, "0 s"), (42, "42 s"), (89.4, "89 s"), (95, "2 min"), (3570, "1 h 0 min"),
        (4790, "1 h 20 min"),
    ],
)  # fmt: skip
def test_a_length_of_time_is_told_in_its_unit(seconds, told):
    assert told_time(seconds) == told
