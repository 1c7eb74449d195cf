"""Times and pitches are written as they are read."""

import pytest

from melonnx.infer.units import clock, hertz


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (59.4, "0:59"),
        (59.6, "1:00"),
        (61, "1:01"),
        (3599.9, "1:00:00"),
        (3723, "1:02:03"),
    ],
)
def test_seconds_are_read_as_on_a_clock(seconds, text):
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(5.25, "0:05.2"), (59.96, "1:00.0"), (3605.3, "1:00:05.3")]
)
def test_tenths_are_shown_where_asked_for(seconds, text):
    assert clock(seconds, tenths=True) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0, 250, "0 to 250 Hz"), (500, 1000, "0.5 to 1 kHz"), (4000, 11025, "4 to 11.025 kHz")],
)
def test_pitches_are_in_hertz_or_thousands(low, high, text):
    assert hertz(low, high) == text
