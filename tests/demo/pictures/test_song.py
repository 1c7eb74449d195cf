"""Every picture of a real song, by its name."""

import io
from concurrent.futures import ThreadPoolExecutor

import matplotlib
import numpy as np
import pytest
from PIL import Image

from melonnx.demo.pictures.song import STAGES, draw, draw_all, to_png
from melonnx.infer import Predictor
from melonnx.infer.errors import UnknownGenreError
from melonnx.infer.explain.evidence import map_evidence
from melonnx.infer.explain.examine import examine
from melonnx.infer.model.session import MODELS_FOLDER


@pytest.fixture(scope="module")
def examined():
    return examine(Predictor("genre-small", device="cpu"), MODELS_FOLDER / "sample.mp3")


@pytest.fixture(scope="module")
def evidence(examined):
    return map_evidence(Predictor("genre-small", device="cpu"), examined)


def pixels(figure):
    return np.asarray(Image.open(io.BytesIO(to_png(figure))).convert("RGB"), int)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("width", [4.0, 9.0])
def test_picture_is_as_wide_as_asked_and_not_empty(stage, width, examined, evidence):
    picture = pixels(draw(stage, examined, evidence, width=width))
    assert picture.shape[1] == 100 * width
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 20


@pytest.mark.parametrize("stage", STAGES)
def test_dark_pictures_are_dark(stage, examined, evidence):
    light, dark = (pixels(draw(stage, examined, evidence, dark=one))[0, 0] for one in (False, True))
    assert light.tolist() == [255, 255, 255]
    assert dark.max() < 40


def test_time_axes_agree(examined, evidence):
    figure = draw_all(examined, evidence)
    assert len(figure.axes) == len(STAGES)
    ends = {
        (axes.get_xlim(), axes.get_position().x0, axes.get_position().x1)
        for axes in figure.axes
        if axes.get_xlabel() == "time (s)"
    }
    assert len(ends) == 1
    assert ends.pop()[0] == (0, examined.prediction.duration_s)


def test_without_the_map_all_other_pictures_are_drawn(examined):
    assert len(draw_all(examined).axes) == len(STAGES) - 1
    with pytest.raises(ValueError, match="evidence map"):
        draw("evidence", examined)


def test_evidence_is_for_the_answer_or_what_was_asked_for(examined, evidence):
    (axes,) = draw("evidence", examined, evidence).axes
    assert f"Evidence for {examined.prediction.label}, heard at 5 places:" in axes.get_title(
        loc="left"
    )
    (axes,) = draw("evidence", examined, evidence, genre="jazz", against="rock").axes
    assert "Evidence for jazz against rock, heard at 5 places:" in axes.get_title(loc="left")
    with pytest.raises(UnknownGenreError):
        draw("evidence", examined, evidence, against="polka")


def test_timeline_shows_the_predictions(examined):
    (axes,) = draw("timeline", examined).axes
    mesh, lines = axes.collections
    shown = mesh.get_array()
    for number, segment in enumerate(examined.prediction.timeline):
        assert shown[:, number].max() == pytest.approx(segment.score, abs=1e-6)
        start, end = lines.get_segments()[number][:, 0]
        assert (start, end) == pytest.approx((segment.start_s, segment.end_s))


def test_threads_draw_the_same_as_one(examined, evidence):
    settings = dict(matplotlib.rcParams)
    expected = [to_png(draw(stage, examined, evidence)) for stage in STAGES]
    with ThreadPoolExecutor(4) as pool:
        drawn = pool.map(lambda stage: to_png(draw(stage, examined, evidence)), STAGES * 2)
        assert list(drawn) == expected * 2
    assert dict(matplotlib.rcParams) == settings
