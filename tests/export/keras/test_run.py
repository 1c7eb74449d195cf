"""An export is proved before it is put in place, measures itself, and is the same every time."""

import json
from dataclasses import replace

import keras
import numpy as np
import onnx
import pytest

from melonnx.export.describe_run import describe_split
from melonnx.export.errors import ProofError
from melonnx.export.form import OPSET, is_quantised
from melonnx.export.keras.convert import to_onnx
from melonnx.export.keras.prove import prove
from melonnx.export.keras.run import _measure_small, export_run
from melonnx.export.verify import verify
from melonnx.export.wave.graph import waveform_twin
from melonnx.infer import MelSpec, Predictor
from melonnx.infer.errors import ModelFileError
from melonnx.infer.model.metadata import METADATA_KEY, ModelInfo
from melonnx.train.evaluate.learnt_songs import learnt_songs
from melonnx.train.network.cnn import build_network
from melonnx.train.run import RunError, read_run

INFO = ModelInfo(
    name="x", version="1", labels=("a", "b"), mel_spec=MelSpec(), window=130, window_hop=65
)


def export(run, out, **how):
    settings = {
        "name": "toy",
        "version": "7",
        "dataset": "made-up genres",
        "license_name": "MIT",
        "attribution": "nobody",
        "measure": True,
        "say": lambda line: None,
    }
    return export_run(run, out, **(settings | how))


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    return build_network(128, 2)


@pytest.fixture(scope="module")
def patches():
    return np.random.default_rng(0).random((6, 130, 128), np.float32)


def test_exported_run_describes_and_measures_itself(run_folder, tmp_path):
    out = tmp_path / "toy.onnx"
    exported = export(read_run(run_folder), out)
    assert exported.report is not None
    info = Predictor(out).info
    assert info == exported.info
    assert (info.name, info.version, info.labels) == ("toy", "7", ("drone", "noise", "pulse"))
    assert info.metrics["accuracy"] == round(exported.report.accuracy, 6)
    assert info.metrics["songs"] == len(read_run(run_folder).part("test"))
    assert "no known artist in two parts" in info.split
    assert max(exported.proof.worst.values()) <= 1e-5
    assert exported.report.accuracy >= 0.5  # three genres that any network can tell
    assert [path.name for path in tmp_path.iterdir()] == ["toy.onnx"]
    run = read_run(run_folder)
    asked = [learnt_songs([(Predictor(out), run.part(part))]) for part in ("train", "test")]
    assert [one.known for one in asked] == [len(run.part("train")), 0]


def test_second_export_is_the_same_bytes(run_folder, tmp_path):
    run = read_run(run_folder)
    for name in ("a.onnx", "b.onnx"):
        export(run, tmp_path / name, measure=False)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_export_with_its_twin_is_verified_against_keras_too(run_folder, tmp_path):
    out = tmp_path / "toy.onnx"
    exported = export(read_run(run_folder), out, measure=False, wave=True)
    assert exported.twin is not None
    assert max(worst.difference for worst in exported.twin.values()) <= 1e-4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["toy.onnx", "toy.wave.onnx"]
    checks = list(verify(out, run=run_folder))
    assert [check for check in checks if not check.passes] == []
    assert [check.name for check in checks if check.name.startswith("Keras")] == [
        "Keras, probabilities",
        "Keras, embedding",
        "Keras, evidence",
    ]


def test_an_export_that_cannot_be_made_again_is_refused(run_folder, tmp_path, monkeypatch):
    seconds = iter(range(99))

    def to_other_bytes(network, info):
        model = to_onnx(network, info)
        model.doc_string = str(next(seconds))
        return model

    monkeypatch.setattr("melonnx.export.keras.run.to_onnx", to_other_bytes)
    with pytest.raises(ProofError, match="second export of the run gives other bytes"):
        export(read_run(run_folder), tmp_path / "toy.onnx", measure=False)
    assert list(tmp_path.iterdir()) == []


def test_int8_is_accepted_by_its_held_out_accuracy_or_refused_with_the_figures(
    run_folder, tmp_path, monkeypatch
):
    run, out = read_run(run_folder), tmp_path / "toy.onnx"
    said: list[str] = []
    exported = export(run, out, small="int8", say=said.append)
    metrics = Predictor(out).info.metrics
    assert metrics["storage"] == "int8"
    assert metrics["accuracy"] > metrics["float32_accuracy"] - 0.01
    assert exported.report is not None
    assert is_quantised(onnx.load(out))
    assert any("in float32" in line and "MB" in line for line in said)
    assert any("from Keras; allowed is 2e-01" in line for line in said)
    assert 1e-5 < max(exported.proof.worst.values()) <= 2e-1  # its own, not float32's
    of_keras = [check for check in verify(out, run=run_folder) if check.name.startswith("Keras")]
    assert [check.allowed for check in of_keras] == [2e-1] * 3
    assert all(check.passes for check in of_keras)
    monkeypatch.setattr("melonnx.export.keras.run._MOST_ACCURACY_LOST", -1)
    with pytest.raises(ProofError, match=r"float16 is refused: accuracy .*%.*, .*% in float16"):
        _measure_small(run, out, exported.report, "float16", said.append)
    with pytest.raises(RunError, match="must be measured"):
        export(run, out, small="int8", measure=False)
    assert list(tmp_path.iterdir()) == [out]


def test_float16_says_its_own_distance_from_keras_and_verify_agrees(run_folder, tmp_path):
    out = tmp_path / "toy.onnx"
    exported = export(read_run(run_folder), out, small="float16")
    worst = max(exported.proof.worst.values())
    assert 1e-5 < worst <= 1e-2
    checks = [check for check in verify(out, run=run_folder) if check.name.startswith("Keras")]
    assert len(checks) == 3
    assert all(check.passes and check.allowed == 1e-2 for check in checks)


def test_file_is_of_the_documented_form(network):
    model = to_onnx(network, INFO)
    assert {entry.domain: entry.version for entry in model.opset_import}[""] == OPSET
    shapes = {
        value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert shapes == {
        "log_mel": ["batch", "frames", 128],
        "probabilities": ["batch", 2],
        "embedding": ["batch", 128],
        "evidence": ["batch", "evidence_frames", 8, 2],
    }
    # Without further heads, readers of before them can read it.
    assert json.loads(model.metadata_props[0].value)["format_version"] == 3
    assert model.metadata_props[0].key == METADATA_KEY


def test_any_number_of_frames_and_patches_will_do(network, tmp_path):
    path = tmp_path / "x.onnx"
    path.write_bytes(to_onnx(network, INFO).SerializeToString())
    session = Predictor(path)._model
    for shape in ((1, 16, 128), (3, 131, 128), (2, 500, 128)):
        assert session.run(np.zeros(shape, np.float32)).probabilities.shape == (shape[0], 2)


def test_proof_fails_when_a_weight_differs(network, patches):
    model = to_onnx(network, INFO)
    prove(model, network, patches)
    weights = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    values = onnx.numpy_helper.to_array(weights).copy()
    values.flat[0] += 0.5
    weights.CopyFrom(onnx.numpy_helper.from_array(values, weights.name))
    with pytest.raises(ProofError, match="differ"):
        prove(model, network, patches)


def test_proof_fails_on_a_nameless_axis(network, patches):
    model = to_onnx(network, INFO)
    model.graph.output[0].type.tensor_type.shape.dim[0].dim_param = "unk__7"
    with pytest.raises(ProofError, match="axis 0 of 'probabilities'"):
        prove(model, network, patches)


def test_failed_export_leaves_the_old_file(run_folder, tmp_path, monkeypatch):
    out = tmp_path / "toy.onnx"
    out.write_bytes(b"old")
    monkeypatch.setattr("melonnx.export.keras.prove.tolerance_to_keras", lambda model: -1)
    monkeypatch.setattr("melonnx.export.keras.prove._MOST", -1)
    with pytest.raises(ProofError):
        export(read_run(run_folder), out)
    assert out.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["toy.onnx"]


def test_what_the_runtime_does_not_open_is_not_put_in_place(run_folder, tmp_path, monkeypatch):
    def refuse(path, **how):
        raise ModelFileError(f"{path}: is damaged")

    out = tmp_path / "toy.onnx"
    out.write_bytes(b"old")
    monkeypatch.setattr("melonnx.export.place.load_model", refuse)
    with pytest.raises(
        ProofError, match=r"the runtime refuses the model: .*/toy\.onnx: is damaged"
    ):
        export(read_run(run_folder), out, measure=False)
    assert out.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["toy.onnx"]


def test_each_model_is_converted_twice_and_no_more(run_folder, tmp_path, monkeypatch):
    twins = []
    converted = []

    def to_onnx_counted(network, info):
        converted.append(info)
        return to_onnx(network, info)

    def twin_counted(model):
        twins.append(model)
        return waveform_twin(model)

    monkeypatch.setattr("melonnx.export.keras.run.to_onnx", to_onnx_counted)
    monkeypatch.setattr("melonnx.export.place.waveform_twin", twin_counted)
    export(read_run(run_folder), tmp_path / "toy.onnx", wave=True)
    assert (len(converted), len(twins)) == (2, 1)  # the second conversion shows equal bytes


@pytest.mark.parametrize("bad", [{"name": "a\nb"}, {"version": "\x1b[1m"}])
def test_a_name_that_no_file_may_have_is_one_line(run_folder, tmp_path, bad):
    with pytest.raises(RunError, match=r"cannot become a model file: .* cannot be printed"):
        export(read_run(run_folder), tmp_path / "toy.onnx", **bad)


def test_unfinished_run_is_refused(run_folder, tmp_path):
    with pytest.raises(RunError, match="not finished"):
        export(replace(read_run(run_folder), finished=False), tmp_path / "x.onnx")


def test_an_official_split_is_described_as_what_it_is(run_folder):
    run = read_run(run_folder)
    official = replace(run, settings=replace(run.settings, split="official"))
    assert describe_split(official).startswith("official: 1")
    assert describe_split(official).endswith("(0 artists in several parts)")
    nameless = replace(official, tracks=tuple(replace(t, artist="") for t in run.tracks))
    assert describe_split(nameless).endswith("(artists unknown)")
