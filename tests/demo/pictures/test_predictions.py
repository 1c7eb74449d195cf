"""Timeline, probabilities and evidence show the numbers that they are given."""

import numpy as np
import pytest

from melonnx.demo.pictures.predictions import (
    overlay,
    plot_evidence,
    plot_probabilities,
    plot_timeline,
)
from melonnx.demo.pictures.style import LIGHT, panels
from melonnx.infer.explain.evidence import Band, EvidenceMap
from melonnx.infer.explain.stages import Raster

BANDS = (Band("bass", 0, 250, (0, 2)), Band("treble", 250, 8000, (2, 8)))
GENRES = ("rock", "pop", "jazz")


@pytest.fixture
def axes():
    return panels([(2.0, 0.2)], LIGHT, 9.0)[1][0]


@pytest.fixture
def evidence():
    """Four places of a second; rock needs the treble of the second, pop the bass of the third."""
    whole = np.array([0.5, 0.4, 0.1])
    without = np.tile(whole, (4, 2, 1))
    without[1, 1] = (0.2, 0.7, 0.1)
    without[2, 0] = (0.7, 0.2, 0.1)
    without[3] = np.nan
    return made(without)


def made(without):
    whole = np.array([0.5, 0.4, 0.1])
    by_column = np.where(np.isfinite(without[:, 0]), whole, np.nan)
    return EvidenceMap(by_column, without, 1.0, 62.5, BANDS, GENRES, whole, len(without))


def test_overlay_colours_what_speaks_for_and_against(evidence):
    colours, seconds, strongest = overlay(evidence.speaks_for("rock"), evidence, LIGHT)
    assert colours.shape == (8, 4, 4)
    assert seconds == 4
    assert strongest == pytest.approx(np.log(4), rel=0.1)  # from even odds to one in four
    red, _, blue, opacity = np.moveaxis(colours, 2, 0)
    assert (opacity[2:, 1] > 0.7).all()
    assert (red[2:, 1] > blue[2:, 1]).all()
    assert (opacity[:2, 2] > 0.5).all()
    assert (blue[:2, 2] > red[:2, 2]).all()
    assert (opacity[:, 0] == 0).all()
    assert (opacity[:, 3] == 0).all()  # where the network did not listen


def test_long_maps_are_pooled_and_moments_stay():
    without = np.full((5000, 2, 3), np.nan)
    without[2500] = (0.1, 0.8, 0.1)
    long = made(without)
    colours, seconds, _ = overlay(long.speaks_for("rock"), long, LIGHT)
    assert colours.shape[1] <= 240
    assert seconds == pytest.approx(5000, rel=0.01)
    (column,) = np.flatnonzero(colours[..., 3].any(axis=0))
    assert column / colours.shape[1] == pytest.approx(0.5, abs=0.01)


def test_evidence_lies_over_the_mel_spectrogram(axes, evidence):
    raster = Raster(np.ones((40, 8), np.float32), 0.1, 0.0, np.geomspace(100, 8000, 8))
    activation = (np.array([0.5, -1, np.nan, 2], np.float32), 1.0)
    plot_evidence(axes, raster, evidence, activation, 4.0, LIGHT, "rock", "pop")
    below, above = axes.images
    assert below.get_extent()[2:] == above.get_extent()[2:] == [-0.5, 7.5]
    assert above.get_extent()[:2] == [0, 4]
    title = axes.get_title(loc="left")
    assert title == "Evidence for rock against pop: orange speaks for it, blue against"
    strip = axes.child_axes[-1]
    np.testing.assert_array_equal(strip.images[0].get_array().filled(np.nan)[0], activation[0])
    assert strip.images[0].get_clim() == (-2, 2)
    assert "log-odds" in axes.child_axes[0].get_ylabel()


def test_places_that_were_heard_are_counted(axes, evidence):
    raster = Raster(np.ones((40, 8), np.float32), 0.1, 0.0, np.geomspace(100, 8000, 8))
    without = evidence.without.copy()
    without[1] = np.nan
    gaps = made(without)
    plot_evidence(axes, raster, gaps, (np.ones(4, np.float32), 1.0), 4.0, LIGHT, "jazz")
    assert "Evidence for jazz, heard at 2 places:" in axes.get_title(loc="left")


def test_probabilities_are_bars_with_their_numbers(axes):
    plot_probabilities(axes, {"rock": 0.51, "pop": 0.4, "jazz": 0.09}, LIGHT, 0.8, unsure=True)
    assert [bar.get_width() for bar in axes.patches] == [0.51, 0.4, 0.09]
    assert [text.get_text() for text in axes.texts] == ["51%", "40%", "9%"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["rock", "pop", "jazz"]
    assert axes.get_title(loc="left") == "rock 80%, unsure"  # others may be right, too
    low, high = axes.get_ylim()
    assert low > high  # the likeliest above


def test_many_genres_are_cut_to_the_likeliest(axes):
    plot_probabilities(axes, {f"genre {n}": 0.5 / (n + 1) for n in range(160)}, LIGHT, 0.5)
    assert len(axes.patches) == 16


def test_timeline_underlines_the_likeliest(axes):
    probabilities = np.array([[0.6, 0.3, 0.1], [0.2, 0.1, 0.7]])
    plot_timeline(axes, probabilities, [0.0, 5.0, 12.0], GENRES, LIGHT)
    mesh, lines = axes.collections
    np.testing.assert_array_equal(mesh.get_array().reshape(3, 2), probabilities.T)
    (first, second) = lines.get_segments()
    assert first[:, 0].tolist() == [0, 5]
    assert second[:, 0].tolist() == [5, 12]
    assert first[0, 1] == pytest.approx(0.42)
    assert second[0, 1] == pytest.approx(2.42)
    assert axes.get_xlim() == (0, 12)
    assert [text.get_text() for text in axes.get_yticklabels()] == list(GENRES)
