"""A description says all that the metadata needs, or what it lacks."""

import json

import pytest

from melonnx.export.errors import KerasFileError
from melonnx.export.keras.description import Description, Front, read_description
from tests.export.conftest import ABOUT, LABELS, SPEC


@pytest.fixture
def describe(tmp_path):
    def run(text):
        path = tmp_path / "own.json"
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        facts = {"name": "own", "version": "2", "dataset": "mine", "license_name": "CC0"}
        return read_description(path, **facts, attribution="me")

    return run


def test_three_fields_will_do(describe):
    described = describe(ABOUT)
    info = described.info
    assert described == Description(info, None, Front())
    assert (info.labels, info.mel_spec) == (tuple(LABELS), SPEC)
    assert (info.window, info.window_hop, info.max_windows) == (40, 40, 0)
    assert (info.temperature, info.bars, info.parents) == (1, {}, {})
    assert (info.name, info.version, info.dataset, info.license) == ("own", "2", "mine", "CC0")


def test_the_others_are_taken_too(describe):
    more = {
        "window_hop": 20,
        "max_windows": 5,
        "temperature": 2.0,
        "bars": {"90": {"loud": 0.5}},
        "parents": {"rock": "loud", "jazz": "soft", "folk": "soft"},
    }
    about = ABOUT | more | {"embedding": "dense_1", "axes": "mels, frames", "normalise": [-40, 20]}
    described = describe(about)
    info = described.info
    assert described.front == Front(axes="mels, frames", normalise=(-40.0, 20.0))
    assert described.embedding == "dense_1"
    assert {name: getattr(info, name) for name in more} == more
    assert info.genres == ("loud", "soft")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1]", "is no JSON object"),
        ("{", "is no JSON"),
        ({"labels": LABELS}, "lacks mel_spec, window; needed are labels, mel_spec, window"),
        (ABOUT | {"colour": 1, "window_hops": 2}, "has unknown fields colour, window_hops"),
        (ABOUT | {"mel_spec": {"n_mels": 32}}, "missing or unknown"),
        (ABOUT | {"mel_spec": 3}, "own.json: "),
        (ABOUT | {"labels": "rock"}, "labels is a list of names"),
        (ABOUT | {"labels": ["rock"]}, "must be two or more"),
        (ABOUT | {"temperature": 0}, "temperature=0.0 must be 0.01 to 100"),
        (ABOUT | {"embedding": 3}, "embedding is the name of a layer"),
        (ABOUT | {"axes": "mels"}, 'axes is .mels., not one of "frames, mels", "mels, frames"'),
        (ABOUT | {"scale": 3}, 'scale is 3, not one of "unit", "decibels"'),
        (ABOUT | {"normalise": [0, 0]}, r"normalise is \[0, 0\], not one of .* or \[mean, dev"),
    ],
)
def test_what_is_wrong_is_named(describe, text, reason):
    with pytest.raises(KerasFileError, match=reason) as caught:
        describe(text)
    assert "own.json: " in str(caught.value)


def test_none_at_all_says_what_to_write(tmp_path):
    with pytest.raises(KerasFileError, match="is not there; a Keras model needs a description"):
        read_description(
            tmp_path / "x.json", name="", version="", dataset="", license_name="", attribution=""
        )
