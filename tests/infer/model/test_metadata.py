"""A model's description survives its JSON, and nonsense is refused."""

import json
from dataclasses import replace
from math import inf, nan

import pytest

from melonnx.infer import MelSpec
from melonnx.infer.errors import UnknownRateError
from melonnx.infer.frontend.mfcc import Mfcc
from melonnx.infer.model.heads import HeadInfo
from melonnx.infer.model.metadata import FORMAT_VERSION, ModelInfo

INFO = ModelInfo(
    name="tiny",
    version="3",
    labels=("a", "ü"),
    mel_spec=MelSpec(hop_length=512),
    window=130,
    window_hop=65,
    max_windows=9,
    temperature=1.5,
    pooling="logits",
    bars={"80": {"a": 0.3}, "90": {"a": 0.5}},
    accepts={"a": {"ü": 0.25}},
    music_bar=0.4,
    metrics={"accuracy": 0.7, "accuracy_interval": [0.6, 0.8]},
)


TREE = replace(
    INFO,
    labels=("Jazz", "Rock > Punk / Oi", "Rock"),
    accepts={"Jazz": {"Rock": 1.0}},
    parents={"Rock": "Rock", "Rock > Punk / Oi": "Rock", "Jazz": "Jazz"},
)


COEFFICIENTS = replace(
    INFO, mel_spec=MelSpec(hop_length=512, reference="full scale", mfcc=Mfcc(13, deltas=1))
)


@pytest.mark.parametrize("info", [INFO, TREE, COEFFICIENTS])
def test_json_round_trip_is_exact_and_stable(info):
    assert ModelInfo.from_json(info.to_json()) == info
    assert ModelInfo.from_json(info.to_json()).to_json() == info.to_json()


def test_a_model_is_written_in_the_oldest_version_that_says_all_of_it():
    """So an older melonnx refuses what it would misread, and goes on reading all else."""
    head = HeadInfo(kind="scale", labels=("loud",))
    versions = [
        json.loads(info.to_json())["format_version"]
        for info in (INFO, replace(INFO, heads={"loud": head}), COEFFICIENTS)
    ]
    assert versions == [3, 4, FORMAT_VERSION]
    for_older = json.loads(COEFFICIENTS.to_json()) | {"format_version": 4}
    with pytest.raises(ValueError, match=r"mel_spec has \['mfcc', 'reference'\], which version 4"):
        ModelInfo.from_json(json.dumps(for_older))


def test_deltas_need_nine_frames():
    with pytest.raises(ValueError, match="window=8: deltas are told by 9 frames"):
        replace(COEFFICIENTS, window=8)


def test_genres_are_the_labels_or_what_is_above_them():
    assert INFO.genres == INFO.labels
    assert TREE.genres == ("Jazz", "Rock")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format_version": FORMAT_VERSION + 1}, "update melonnx"),
        ({"format_version": None}, "format version is None"),
        ({"colour": "red"}, "colour"),
        ({"labels": ["a"]}, "two or more"),
        ({"labels": ["a", "a"]}, "all different"),
        ({"labels": 7}, "wrong type"),
        ({"labels": "ab"}, "wrong type"),
        ({"labels": [1, 2]}, "wrong type"),
        ({"labels": ["a", "\x1b[31mü"]}, r"'\\x1b\[31m\\xfc' holds characters"),
        ({"labels": ["a", "\ud800"]}, "holds characters"),
        ({"parents": {"a": "g\r", "ü": "h"}}, "holds characters"),
        ({"name": "tiny\n"}, "holds characters"),
        ({"name": 7}, "name has the wrong type"),
        ({"license": {}}, "license has the wrong type"),
        ({"metrics": 7}, "metrics has the wrong type"),
        ({"window": 0}, "window=0"),
        ({"window": "wide"}, "wide"),
        ({"max_windows": -1}, "max_windows"),
        ({"max_windows": 129}, "max_windows"),
        ({"mel_spec": INFO.mel_spec.to_dict() | {"level": 1.0}}, "level"),
        ({"temperature": 0}, "temperature"),
        ({"temperature": inf}, "temperature"),
        ({"temperature": 1e-310}, "temperature=1e-310 must be 0.01 to 100"),
        ({"temperature": 1e300}, "temperature"),
        ({"temperature": "1"}, "temperature has the wrong type"),
        ({"temperature": True}, "temperature has the wrong type"),
        ({"window": 130.7}, "window has the wrong type"),
        ({"window_hop": "65"}, "window_hop has the wrong type"),
        ({"max_windows": True}, "max_windows has the wrong type"),
        ({"bars": {"90": {"a": "0.5"}}}, "bars has the wrong type"),
        ({"bars": {"90": 0.5}}, "bars has the wrong type"),
        ({"bars": {"0": {}}}, "bars '0' must be whole percents"),
        ({"bars": {"090": {}}}, "whole percents"),
        ({"bars": {"9.5": {}}}, "whole percents"),
        ({"bars": {"²": {}}}, "whole percents"),
        ({"pooling": "median"}, "pooling is 'median', not one of probabilities, logits"),
        ({"pooling": None}, "pooling has the wrong type"),
        ({"accepts": {"a": {"ü": 1.1}}}, "accepts of 'a' must be 0 to 1"),
        ({"accepts": {"a": {"ü": nan}}}, "must be 0 to 1"),
        ({"accepts": {"a": {"b": 1}}}, r"accepts names \['b'\]"),
        ({"accepts": {"b": {}}}, r"accepts names \['b'\]"),
        ({"accepts": {"a": 1}}, "accepts has the wrong type"),
        ({"music_bar": 1.5}, "music_bar=1.5 must be 0 to 1"),
        ({"music_bar": nan}, "music_bar"),
        ({"music_bar": "0.5"}, "music_bar has the wrong type"),
        ({"thresholds": {}}, "thresholds"),
        ({"parents": {"a": 1, "ü": 2}}, "parents has the wrong type"),
        ({"window": inf}, "wrong type"),
        ({"bars": {"90": {"a": nan}}}, "bars"),
        ({"mel_spec": INFO.mel_spec.to_dict() | {"log_gain": nan}}, "log_gain"),
        ({"mel_spec": INFO.mel_spec.to_dict() | {"log_gain": inf, "level": 1.0}}, "log_gain"),
        ({"mel_spec": INFO.mel_spec.to_dict() | {"log_gain": 1.0, "level": inf}}, "level"),
        ({"mel_spec": INFO.mel_spec.to_dict() | {"top_db": nan}}, "top_db"),
        ({"mel_spec": INFO.mel_spec.to_dict() | {"top_db": inf}}, "top_db"),
        ({"mel_spec": INFO.mel_spec.to_dict() | {"fmin": nan}}, "fmin"),
        ({"mel_spec": INFO.mel_spec.to_dict() | {"n_mels": inf}}, "n_mels is inf"),
        ({"mel_spec": {"n_mels": 3}}, "missing or unknown"),
        ({"mel_spec": INFO.mel_spec.to_dict() | {"n_fft": 0}}, "n_fft"),
        ({"bars": [1]}, "wrong type"),
        ({"accepts": [1]}, "wrong type"),
        ({"parents": ["a"]}, "wrong type"),
        ({"parents": {"a": "a"}}, r"\['ü'\] do not fit"),
        ({"parents": {"a": "a", "ü": "a", "x": "b"}}, r"\['x'\] do not fit"),
        ({"parents": {"a": "g", "ü": "g"}}, "one genre only, 'g'"),
    ],
)
def test_bad_fields_are_named(change, says):
    values = json.loads(INFO.to_json()) | change
    with pytest.raises(ValueError, match=says):
        ModelInfo.from_json(json.dumps(values))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 10**5 + "]" * 10**5])
def test_what_is_no_object_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        ModelInfo.from_json(text)


def test_frames_closer_than_a_millisecond_are_refused():
    """They would fill the memory: 30 s took 2.6 GB."""
    with pytest.raises(ValueError, match="less than a millisecond"):
        replace(INFO, mel_spec=MelSpec(hop_length=1))


def of_version_2(**changes):
    values = json.loads(INFO.to_json()) | {"format_version": 2, "thresholds": {"a": 0.5}}
    for name in ("pooling", "bars", "accepts", "music_bar"):
        del values[name]
    return json.dumps(values | changes)


def test_version_2_reads_as_what_it_meant():
    info = ModelInfo.from_json(of_version_2())
    wanted = {"bars": {"90": {"a": 0.5}}, "pooling": "probabilities", "accepts": {}}
    assert info == replace(INFO, **wanted, music_bar=0.0)
    assert ModelInfo.from_json(info.to_json()) == info


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"pooling": "logits"}, r"\['pooling'\] are missing or unknown"),
        ({"thresholds": {"a": "0.5"}}, "thresholds has the wrong type"),
        ({"thresholds": {"a": nan}}, "must be numbers"),
        ({"format_version": 2.0}, "format version is 2.0"),
        ({"format_version": 1}, "format version is 1"),
    ],
)
def test_of_version_2_too_bad_fields_are_named(change, says):
    with pytest.raises(ValueError, match=says):
        ModelInfo.from_json(of_version_2(**change))


def test_bars_are_those_of_the_rate():
    assert INFO.bars_at(80) == {"a": 0.3}
    with pytest.raises(
        UnknownRateError, match=r"tiny 3 cannot .* in 95% of cases; it can for 80, 90"
    ):
        INFO.bars_at(95)


def test_without_bars_there_is_the_default_rate_alone():
    nothing_measured = replace(INFO, bars={})
    assert nothing_measured.bars_at(90) == {}
    with pytest.raises(UnknownRateError, match="it can for 90"):
        nothing_measured.bars_at(80)
