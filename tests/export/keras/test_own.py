"""The export of a Keras model of one's own: files found, proved, the same again, in place."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from melonnx.export.cli.export import app
from melonnx.export.errors import KerasFileError, ProofError
from melonnx.export.keras.convert import to_onnx
from melonnx.export.wave.twin import twin_path
from melonnx.infer.model.session import load_model
from tests.export.conftest import ABOUT, over_time


def test_second_export_is_the_same_bytes(take_in, tmp_path):
    network = over_time()
    take_in(network)
    first = (tmp_path / "own.onnx").read_bytes()
    take_in(network)
    assert (tmp_path / "own.onnx").read_bytes() == first


def test_a_failed_proof_leaves_the_old_file(take_in, tmp_path, monkeypatch):
    (tmp_path / "own.onnx").write_bytes(b"old")
    monkeypatch.setattr("melonnx.export.keras.prove.tolerance_to_keras", lambda model: -1)
    monkeypatch.setattr("melonnx.export.keras.prove._MOST", -1)
    with pytest.raises(ProofError):
        take_in(over_time())
    assert (tmp_path / "own.onnx").read_bytes() == b"old"


def test_an_export_that_cannot_be_made_again_is_refused(take_in, tmp_path, monkeypatch):
    versions = iter("ab")

    def to_other_bytes(network, info):
        return to_onnx(network, replace(info, version=next(versions)))

    monkeypatch.setattr("melonnx.export.keras.own.to_onnx", to_other_bytes)
    with pytest.raises(ProofError, match="second export of it gives other bytes"):
        take_in(over_time())
    assert not (tmp_path / "own.onnx").exists()


def invoke(*line):
    return CliRunner().invoke(app, ["export", *map(str, line)])


def test_files_that_are_none_are_one_line(tmp_path):
    line = (tmp_path / "own.keras", "--out", tmp_path / "own.onnx")
    (tmp_path / "own.keras").write_text("no model")
    error = invoke(*line).exception
    assert isinstance(error, KerasFileError)
    assert str(error).startswith(f"{tmp_path / 'own.json'}: is not there; a Keras model needs")
    (tmp_path / "own.json").write_text(json.dumps(ABOUT))
    error = invoke(*line).exception
    assert isinstance(error, KerasFileError)
    assert str(error).startswith(f"{tmp_path / 'own.keras'}: Keras cannot load it")
    assert "\n" not in str(error)


def test_the_command_finds_the_description_beside_the_model(take_in, tmp_path):
    take_in(over_time())
    out = tmp_path / "again.onnx"
    result = invoke(tmp_path / "own.keras", "--out", out, "--license", "CC0", "--wave")
    assert result.exit_code == 0, result.output
    assert "worst difference from Keras" in result.stdout
    assert f"wrote {out}" in result.stdout
    assert load_model(out).info.license == "CC0"
    assert f"wrote {twin_path(out)}" in result.stdout
    assert twin_path(out).exists()


def test_a_description_without_a_keras_file_is_refused(tmp_path):
    result = invoke(tmp_path / "run", "--out", tmp_path / "x.onnx", "--about", tmp_path / "x.json")
    assert result.exit_code == 2
    assert "is for a *.keras file" in " ".join(result.output.replace("│", " ").split())
