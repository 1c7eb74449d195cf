"""Model files are opened or refused with the reason, and devices never fall back in silence."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest

from melonnx.infer.errors import DeviceError, ModelFileError
from melonnx.infer.mel import MelSpec
from melonnx.infer.metadata import METADATA_KEY, ModelInfo
from melonnx.infer.model import OUTPUTS, load_model
from melonnx.infer.onnx_file import has_external_data


@pytest.fixture
def changed(tiny_model, tmp_path):
    """Write the tiny model with a change and return its path."""

    def write(change):
        model = onnx.load(tiny_model)
        change(model)
        path = tmp_path / "changed.onnx"
        path.write_bytes(model.SerializeToString())
        return path

    return write


def metadata(change):
    def apply(model):
        values = json.loads(model.metadata_props[0].value)
        onnx.helper.set_model_props(model, {METADATA_KEY: json.dumps(values | change)})

    return apply


def test_outputs_have_the_documented_shapes(tiny_model):
    model = load_model(tiny_model, device="cpu", threads=1)
    outputs = model.run(np.random.default_rng(0).random((5, 130, 128), np.float32))
    assert outputs.probabilities.shape == (5, 3)
    assert outputs.embedding.shape == (5, 128)
    assert outputs.evidence is not None
    assert outputs.evidence.shape == (5, 8, 8, 3)
    assert model.run(np.zeros((1, 130, 128), np.float32), evidence=False).evidence is None
    np.testing.assert_allclose(outputs.probabilities.sum(axis=1), 1, atol=1e-6)


def test_evidence_averages_to_the_logits(tiny_model):
    model = load_model(tiny_model, device="cpu")
    outputs = model.run(np.random.default_rng(0).random((4, 130, 128), np.float32))
    assert outputs.evidence is not None
    powers = np.exp(outputs.evidence.mean(axis=(1, 2)))
    np.testing.assert_allclose(
        powers / powers.sum(axis=1, keepdims=True), outputs.probabilities, atol=1e-5
    )


def test_a_name_that_no_file_can_have_is_an_error_like_any_other():
    with pytest.raises(ModelFileError, match=r"cannot be read \(File name too long\)"):
        load_model("a" * 300)


def test_missing_file_text_and_truncation(tiny_model, tmp_path):
    with pytest.raises(ModelFileError, match=r"gone\.onnx: cannot be read"):
        load_model(tmp_path / "gone.onnx")
    bad = tmp_path / "bad.onnx"
    for data in (b"", b"no model here", tiny_model.read_bytes()[:5000], bytes(100)):
        bad.write_bytes(data)
        with pytest.raises(ModelFileError, match=r"bad\.onnx: ") as caught:
            load_model(bad)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda model: model.ClearField("metadata_props"), "not melonnx's"),
        (metadata({"format_version": 99}), "format version is 99"),
        (metadata({"labels": ["a", "b"]}), r", 3\], not \[windows, 2 labels\]"),
        (lambda model: model.graph.output.pop(), "expected 'log_mel'"),
    ],
)
def test_foreign_and_inconsistent_files_are_refused(changed, change, says):
    with pytest.raises(ModelFileError, match=says):
        load_model(changed(change))


def test_metadata_that_is_no_text_is_refused(tiny_model, tmp_path):
    """Found by fuzzing."""
    path = tmp_path / "changed.onnx"
    data = tiny_model.read_bytes()
    at = data.index(b'"labels"')
    path.write_bytes(data[:at] + b"\xff" + data[at + 1 :])
    with pytest.raises(ModelFileError, match="no text"):
        load_model(path)


def test_external_data_is_refused_before_anything_is_loaded(changed):
    def point_outside(model):
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="/etc/passwd")

    with pytest.raises(ModelFileError, match="weights in another file"):
        load_model(changed(point_outside))


def test_external_data_is_found_in_nested_graphs():
    inner = onnx.helper.make_graph([], "inner", [], [])
    outside = onnx.TensorProto(name="t", data_type=1, dims=[1], data_location=1)
    node = onnx.helper.make_node("Constant", [], ["y"])
    node.attribute.append(onnx.AttributeProto(name="value", t=outside, type=4))
    inner.node.append(node)
    loop = onnx.helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)
    model = onnx.helper.make_model(onnx.helper.make_graph([loop], "outer", [], []))
    assert has_external_data(model.SerializeToString())
    inner.node[0].attribute[-1].t.data_location = 0
    assert not has_external_data(onnx.helper.make_model(inner).SerializeToString())


def a_field(number, value):
    """One field of a protobuf message: bytes, or a number of up to 64 bits."""

    def varint(number):
        last = number < 0x80
        return bytes([number]) if last else bytes([number & 0x7F | 0x80]) + varint(number >> 7)

    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def test_external_data_is_found_where_an_enum_has_more_bits_than_it_should():
    for location in (2**32 + 1, 2**63 + 1):
        tensor = onnx.TensorProto(name="t", data_type=1).SerializeToString()
        model = a_field(7, a_field(5, tensor + a_field(14, location)))
        assert onnx.ModelProto.FromString(model).graph.initializer[0].data_location == 1
        assert has_external_data(model)


def test_external_data_is_found_in_the_defaults_of_a_function():
    function = onnx.FunctionProto(name="f", domain="d")
    function.attribute_proto.add(name="v", type=4).t.data_location = 1
    model = onnx.ModelProto()
    model.functions.append(function)
    assert has_external_data(model.SerializeToString())


@pytest.mark.parametrize("kind", ["input", "output"])
@pytest.mark.parametrize("n_dims", [0, 1])
def test_a_model_of_other_ranks_is_refused(tmp_path, kind, n_dims):
    ranks = {"log_mel": 3, "probabilities": 2, "embedding": 2, "evidence": 4}
    ranks["log_mel" if kind == "input" else "probabilities"] = n_dims
    values = {
        name: onnx.helper.make_tensor_value_info(name, 1, [3] * rank)
        for name, rank in ranks.items()
    }
    nodes = [
        onnx.helper.make_node("ConstantOfShape", ["shape_" + name], [name]) for name in OUTPUTS
    ]
    shapes = [
        onnx.numpy_helper.from_array(np.full(ranks[name], 3, np.int64), "shape_" + name)
        for name in OUTPUTS
    ]
    graph = onnx.helper.make_graph(
        nodes, "g", [values["log_mel"]], [values[name] for name in OUTPUTS], shapes
    )
    info = ModelInfo("flat", "0", ("a", "b", "c"), MelSpec(n_mels=3), window=3, window_hop=3)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.helper.set_model_props(model, {METADATA_KEY: info.to_json()})
    path = tmp_path / "flat.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelFileError, match=r"flat\.onnx: (takes|answers with) \["):
        load_model(path, device="cpu")


@pytest.mark.skipif(
    "CUDAExecutionProvider" in onnxruntime.get_available_providers(),
    reason="here CUDA may come up",
)
def test_cuda_asked_for_and_absent_is_an_error(tiny_model):
    with pytest.raises(DeviceError, match="no CUDA provider"):
        load_model(tiny_model, device="cuda")
    with pytest.raises(DeviceError, match="CUDAExecutionProvider"):
        load_model(tiny_model, device=["CUDAExecutionProvider", "CPUExecutionProvider"])
    assert load_model(tiny_model, device="auto").providers == ["CPUExecutionProvider"]


def test_provider_that_does_not_come_up_on_the_live_session_is_an_error(tiny_model, monkeypatch):
    """onnxruntime itself drops a provider whose library fails to load, with a log line."""
    monkeypatch.setattr(
        onnxruntime,
        "get_available_providers",
        lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"],
    )
    with pytest.raises(DeviceError, match="did not come up"):
        load_model(tiny_model, device="cuda")


def test_unknown_device_is_refused(tiny_model):
    with pytest.raises(DeviceError, match=r'"gpu" is unknown'):
        load_model(tiny_model, device="gpu")  # type: ignore[arg-type]
    with pytest.raises(DeviceError, match="not in this onnxruntime"):
        load_model(tiny_model, device=["WarpDrive"])
