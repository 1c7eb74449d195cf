"""Axes of time, headings and margins."""

import pytest

from melonnx.demo.pictures.style import LIGHT, heading, octaves, panels, set_time_axis


@pytest.mark.parametrize("seconds", [0.05, 0.5, 30, 119, 121, 600, 5000, 86400])
@pytest.mark.parametrize("width", [4.0, 9.0])
def test_time_axis_has_some_ticks_and_not_too_many(seconds, width):
    figure, (axes,) = panels([(1.0, 0.0)], LIGHT, width)
    set_time_axis(axes, seconds)
    figure.canvas.draw()
    shown = [tick for tick in axes.get_xticks() if 0 <= tick <= seconds]
    assert 3 <= len(shown) <= 13
    label = "time (s)" if seconds <= 120 else "time (min:s)" if seconds < 3600 else "time (h:min:s)"
    assert axes.get_xlabel() == label


def test_octaves_lie_between_the_ends():
    assert octaves(40, 1100) == ([63, 125, 250, 500, 1000], ["63", "125", "250", "500", "1k"])


def test_names_are_no_mathematics_and_long_headings_break():
    figure, (axes,) = panels([(1.0, 0.0)], LIGHT, 4.0)
    heading(axes, "Evidence for $\\x$ and $ against others: orange speaks for it", LIGHT)
    figure.canvas.draw()
    title = axes.get_title(loc="left")
    assert title == "Evidence for $\\x$ and $ against others:\norange speaks for it"


def test_panels_have_the_heights_that_were_asked_for():
    figure, axes = panels([(1.0, 0.0), (2.5, 0.3)], LIGHT, 9.0)
    heights = [one.get_position().height * figure.get_figheight() for one in axes]
    assert heights == pytest.approx([1.0, 2.5])
    assert axes[0].get_position().x1 == axes[1].get_position().x1
