"""What was meant."""

import pytest

from melonnx.infer.spelling import did_you_mean


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("metl", "metal"),
        ("Hip-Hop", "hiphop"),
        ("clasify", "classify"),
        ("genre_base", "genre-base"),
    ],
)
def test_the_nearest_name_is_asked_for(typed, meant):
    names = ("rock", "metal", "hiphop", "classify", "genre-base", "genre-small")
    assert did_you_mean(typed, names) == f", did you mean {meant}?"


@pytest.mark.parametrize("typed", ["", "zzz", "日本"])
def test_nothing_is_asked_where_nothing_is_near(typed):
    assert did_you_mean(typed, ("rock", "metal")) == ""
