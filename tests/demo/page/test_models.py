"""The models of the page."""

import pytest

from melonnx.demo.page.models import Choice
from melonnx.infer.errors import MelonnxError, ModelFileError


def test_each_model_is_opened_once_and_shared():
    choice = Choice()
    assert choice.names == ["genre-base", "genre-small", "genre-open"]
    assert choice.predictor() is choice.predictor("genre-base")
    assert choice.predictor("genre-small").info.name == "genre-small"


def test_own_model_leads(tiny_model):
    choice = Choice([tiny_model])
    assert choice.names == ["tiny", "genre-base", "genre-small", "genre-open"]
    assert choice.predictor().info.genres == ("drone", "noise", "pulse")


def test_bad_file_is_refused_before_the_page_is_up(tmp_path):
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"no model")
    with pytest.raises(ModelFileError, match="is not an ONNX file"):
        Choice([bad])
    with pytest.raises(ModelFileError, match="one name"):
        Choice([bad, tmp_path / "other" / "bad.onnx"])


def test_path_is_no_name():
    with pytest.raises(MelonnxError, match="is not here"):
        Choice().predictor("/etc/passwd")


def test_each_says_what_it_is_for(tiny_model):
    choice = Choice([tiny_model])
    assert choice.describe("tiny") == "tiny: your own"
    assert choice.describe("genre-small") == "genre-small: the fastest"


def test_genres_to_choose_from_are_those_that_the_host_allows(tiny_model):
    everything = Choice([tiny_model]).genres
    assert {"drone", "metal", "pop"} < set(everything)
    assert everything == sorted(set(everything))
    assert Choice(genres=["Rock", "hip-hop"]).genres == ["hiphop", "rock"]


def test_some_genres_share_the_open_model():
    choice = Choice()
    some = choice.among("genre-base", ["rock", "pop", "no such"])
    assert set(some.genres) == {"rock", "pop"}
    assert some.info is choice.predictor("genre-base").info
    assert choice.among("genre-base", []) is choice.predictor("genre-base")
    with pytest.raises(MelonnxError, match=r"two genres or more that genre-base tells: .*rock"):
        choice.among("genre-base", ["rock"])
