"""A model's description survives its JSON, and nonsense is refused."""

import json

import pytest

from melonnx.infer import MelSpec
from melonnx.infer.metadata import FORMAT_VERSION, ModelInfo

INFO = ModelInfo(
    name="tiny",
    version="3",
    labels=("a", "ü"),
    mel_spec=MelSpec(hop_length=512),
    window=130,
    window_hop=65,
    max_windows=9,
    temperature=1.5,
    thresholds={"a": 0.5},
    metrics={"accuracy": 0.7, "accuracy_interval": [0.6, 0.8]},
)


def test_json_round_trip_is_exact_and_stable():
    assert ModelInfo.from_json(INFO.to_json()) == INFO
    assert ModelInfo.from_json(INFO.to_json()).to_json() == INFO.to_json()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format_version": FORMAT_VERSION + 1}, "update melonnx"),
        ({"format_version": None}, "format version is None"),
        ({"colour": "red"}, "colour"),
        ({"labels": ["a"]}, "two or more"),
        ({"labels": ["a", "a"]}, "all different"),
        ({"labels": 7}, "wrong type"),
        ({"window": 0}, "window=0"),
        ({"window": "wide"}, "wide"),
        ({"max_windows": -1}, "max_windows"),
        ({"mel_spec": INFO.mel_spec.to_dict() | {"level": 1.0}}, "level"),
        ({"temperature": 0}, "temperature"),
        ({"mel_spec": {"n_mels": 3}}, "missing or unknown"),
        ({"mel_spec": INFO.mel_spec.to_dict() | {"n_fft": 0}}, "n_fft"),
        ({"thresholds": [1]}, "wrong type"),
    ],
)
def test_bad_fields_are_named(change, says):
    values = json.loads(INFO.to_json()) | change
    with pytest.raises(ValueError, match=says):
        ModelInfo.from_json(json.dumps(values))


@pytest.mark.parametrize("text", ["", "{", "[]", "3"])
def test_what_is_no_object_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        ModelInfo.from_json(text)
