"""Silence changes what the network hears there, and nothing else."""

import numpy as np
import pytest

from melonnx.infer import Predictor
from melonnx.infer.explain.examine import examine_array
from melonnx.infer.explain.occlusion import (
    Region,
    ask_again,
    genre_probabilities,
    heard_frames,
    probabilities_without,
)
from tests.conftest import RATE, SMALL_1, make_song


@pytest.fixture(scope="module")
def predictor():
    return Predictor(SMALL_1, device="cpu")


@pytest.fixture(scope="module")
def examined(predictor):
    return examine_array(predictor, make_song(25), RATE)


def test_without_anything_silenced_the_answer_stands(predictor, examined):
    without = probabilities_without(predictor, examined, [])
    by_name = dict(zip(examined.info.genres, without, strict=True))
    assert by_name == pytest.approx(examined.prediction.probabilities, abs=1e-6)


@pytest.mark.parametrize("frames", [(5000, 5100), (30, 30)])
def test_regions_without_music_change_nothing(predictor, examined, frames):
    without = probabilities_without(predictor, examined, [Region(frames, (0, 128))])
    np.testing.assert_allclose(without, probabilities_without(predictor, examined, []), atol=1e-6)


def test_everything_silenced_is_what_the_network_says_of_silence(predictor, examined):
    without = probabilities_without(predictor, examined, [Region((0, 10**6), (0, 128))])
    silence = predictor.run([np.zeros((1, 130, 128), np.float32)]).probabilities
    np.testing.assert_allclose(
        without, genre_probabilities(silence[0].astype(np.float64), examined.info), atol=1e-6
    )


def test_only_windows_that_it_touches_change(predictor, examined):
    start = examined.heard.starts[1]
    regions = [Region((start + 10, start + 20), (5, 60))]
    windows = range(len(examined.heard.starts))
    again = ask_again(predictor, examined.heard, ((window, regions) for window in windows))
    changed = np.abs(again - examined.outputs.probabilities).max(axis=1) > 1e-6
    overlapping = [
        start + 10 < other + 130 and other < start + 20 for other in examined.heard.starts
    ]
    np.testing.assert_array_equal(changed, overlapping)
    whole = examined.outputs.probabilities.astype(np.float64)
    whole[changed] = again[changed]
    np.testing.assert_allclose(
        probabilities_without(predictor, examined, regions),
        genre_probabilities(whole.mean(axis=0), examined.info),
        atol=1e-6,
    )


def test_a_short_song_is_silent_in_each_of_its_repeats(predictor):
    examined = examine_array(predictor, make_song(4), RATE)
    length = heard_frames(examined.heard, examined.info)
    assert length == examined.heard.n_frames < examined.info.window
    seen = []
    predictor_run = predictor.run
    predictor.run = lambda batches: predictor_run([seen.append(b) or b for b in batches])
    try:
        probabilities_without(predictor, examined, [Region((0, 7), (0, 128))])
    finally:
        del predictor.run
    (patch,) = seen[0]
    silent = (patch == 0).all(axis=1)
    np.testing.assert_array_equal(silent, np.arange(130) % length < 7)
