"""How fast a run is."""

import pytest

from melonnx.infer.results.progress import steady_speed


@pytest.mark.parametrize(
    ("songs", "seconds", "speed"),
    [(16, 0.08, None), (2, 9.0, None), (0, None, None), (20, 4.0, 5.0), (1000, 100.0, 10.0)],
)
def test_speed_is_told_once_it_is_no_chance(songs, seconds, speed):
    assert steady_speed(songs, seconds) == speed
