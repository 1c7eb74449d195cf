"""Model files are opened or refused with the reason, and devices never fall back in silence."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest

from melonnx.export.seal import seal
from melonnx.infer.errors import DeviceError, ModelFileError
from melonnx.infer.frontend.mel import MelSpec
from melonnx.infer.model.metadata import METADATA_KEY, ModelInfo
from melonnx.infer.model.onnx_file import CHECKSUM_KEY, has_external_data
from melonnx.infer.model.session import OUTPUTS, find_model, load_model, released_models


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


def test_external_data_is_found_where_a_key_has_more_bits_than_it_should():
    tensor = onnx.TensorProto(name="t", data_type=1).SerializeToString()
    long_key = a_field(14 + 2**29, 1)  # five bytes, of which readers keep 32 bits: field 14
    model = a_field(7, a_field(5, tensor + long_key))
    assert has_external_data(model)


def test_external_data_is_found_in_the_defaults_of_a_function():
    function = onnx.FunctionProto(name="f", domain="d")
    function.attribute_proto.add(name="v", type=4).t.data_location = 1
    model = onnx.ModelProto()
    model.functions.append(function)
    assert has_external_data(model.SerializeToString())


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("log_mel", "takes"),
        ("probabilities", "answers with"),
        ("embedding", "embeds in"),
        ("evidence", "has evidence"),
    ],
)
@pytest.mark.parametrize("n_dims", [0, 1])
def test_a_model_of_other_ranks_is_refused(tmp_path, name, n_dims, says):
    ranks = {"log_mel": 3, "probabilities": 2, "embedding": 2, "evidence": 4}
    ranks[name] = n_dims
    values = {
        name: onnx.helper.make_tensor_value_info(name, 1, ["batch", 3, 3, 3][:rank])
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
    with pytest.raises(ModelFileError, match=rf"flat\.onnx: {says} \["):
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


def test_truncation_anywhere_is_refused(tiny_model, tmp_path):
    whole, bad = tiny_model.read_bytes(), tmp_path / "bad.onnx"
    lengths = [*range(0, 400, 7), *range(400, len(whole), len(whole) // 60)]
    lengths += range(len(whole) - 300, len(whole), 11)
    for length in lengths:
        bad.write_bytes(whole[:length])
        with pytest.raises(ModelFileError, match=r"bad\.onnx: ") as caught:
            load_model(bad, device="cpu")
        assert "\n" not in str(caught.value), length


def test_a_flipped_bit_anywhere_is_noticed(tiny_model, tmp_path):
    """In a weight it would be a wrong answer, so an export carries its checksum."""
    sealed, bad = seal(onnx.load(tiny_model)), tmp_path / "bad.onnx"
    bad.write_bytes(sealed)
    assert load_model(bad, device="cpu").info == load_model(tiny_model, device="cpu").info
    rng = np.random.default_rng(0)
    places = [
        *range(60),
        *rng.integers(0, len(sealed), 60),
        *range(len(sealed) - 90, len(sealed)),
    ]
    for place in places:
        flipped = bytearray(sealed)
        flipped[place] ^= 1 << int(rng.integers(8))
        bad.write_bytes(flipped)
        try:
            model = load_model(bad, device="cpu")
        except ModelFileError as error:
            assert "\n" not in str(error)
            continue
        # Only the checksum's own name can go wrong without a word.
        assert CHECKSUM_KEY.encode() not in bytes(flipped), place
        assert model.info.labels == ("drone", "noise", "pulse")


def test_names_that_are_no_text_are_refused_without_a_word_of_onnxruntime(changed, capsys):
    path = changed(lambda model: None)
    path.write_bytes(path.read_bytes().replace(b"log_mel", b"log_m\xff1"))
    with pytest.raises(ModelFileError, match=r"changed\.onnx: ") as caught:
        load_model(path, device="cpu")
    assert "\n" not in str(caught.value)
    assert capsys.readouterr().out == ""


def test_bytes_behind_the_end_are_noticed(tiny_model, tmp_path):
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(seal(onnx.load(tiny_model)) + a_field(99, b"more"))
    with pytest.raises(ModelFileError, match=r"bad\.onnx: is damaged"):
        load_model(bad)


@pytest.mark.parametrize("value", [3, 2**62, 2**63 + 1])
def test_a_checksum_that_is_a_number_is_damage_and_takes_no_memory(tiny_model, tmp_path, value):
    bad = tmp_path / "bad.onnx"
    entry = a_field(1, CHECKSUM_KEY.encode()) + a_field(2, value)
    bad.write_bytes(tiny_model.read_bytes() + a_field(14, entry))
    with pytest.raises(ModelFileError, match=r"bad\.onnx: is damaged"):
        load_model(bad)


def takes(*dimensions):
    def apply(model):
        taken = onnx.helper.make_tensor_value_info("log_mel", 1, dimensions)
        model.graph.input[0].CopyFrom(taken)

    return apply


def bad_weight(model):
    """Of the logits; a damaged file of a time without checksums."""
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.shape == (128, 3):
            tensor.CopyFrom(onnx.numpy_helper.from_array(values * np.nan, tensor.name))


MEL = MelSpec().to_dict()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (metadata({"labels": ["drone", "noise", "noise"]}), "all different"),
        (metadata({"labels": []}), "two or more"),
        (metadata({"bars": {"90": {"drone": float("nan")}}}), "must be numbers"),
        (metadata({"temperature": float("nan")}), "temperature=nan"),
        (metadata({"window": 10**9}), "beyond any memory"),
        (metadata({"window": 10**400}), "beyond any memory"),
        (metadata({"window": "long"}), "window has the wrong type"),
        (metadata({"mel_spec": MEL | {"n_fft": 2**40}}), "beyond any memory"),
        (metadata({"mel_spec": MEL | {"n_mels": 10**8}}), "beyond any memory"),
        (metadata({"mel_spec": MEL | {"n_mels": 64}}), "64 bands"),
        (metadata({"mel_spec": MEL | {"sample_rate": 10**9}}), "sample_rate=1000000000"),
        (metadata({"mel_spec": None}), "wrong type"),
        (takes("batch", "frames", "bands"), "128 bands"),
        (takes(1, "frames", 128), r"takes \[1, "),
        (takes("batch", 99, 128), r"130 frames"),
    ],
)
def test_figures_that_cannot_be_are_refused(changed, change, says):
    with pytest.raises(ModelFileError, match=rf"changed\.onnx: .*({says})") as caught:
        load_model(changed(change), device="cpu")
    assert "\n" not in str(caught.value)


def test_a_network_that_fails_or_answers_nan_is_an_error_like_any_other(changed):
    patches = np.zeros((2, 130, 128), np.float32)
    with pytest.raises(ModelFileError, match="tiny: its network answers with what is no number"):
        load_model(changed(bad_weight), device="cpu").run(patches)
    with pytest.raises(ModelFileError, match="tiny: its network fails"):
        load_model(changed(lambda model: None), device="cpu").run(patches[:, :, :5])


def test_a_folder_of_the_name_of_a_released_model_is_none(tmp_path, monkeypatch):
    (tmp_path / "genre-small").mkdir()
    monkeypatch.chdir(tmp_path)
    assert find_model("genre-small") == released_models()["genre-small"]
