"""What the exporter moves behind a pooling says the same to the last bit, and the rest stays."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from melonnx.export.form import OPSET
from melonnx.export.keras.canonical import make_canonical
from melonnx.export.keras.optimise import optimise

SCALES = np.array([2.5, -0.75, 0.0, 1.0, -3.0], np.float32)


def network(nodes, outputs=("y",), **weights):
    """A graph of ``nodes`` (kind, inputs, output, attributes) from x [n, 7, 9] on."""
    graph = helper.make_graph(
        [helper.make_node(kind, takes, [makes], **rest) for kind, takes, makes, rest in nodes],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 7, 9])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [*"abcd"]) for name in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])


def chain(scales=SCALES, **changes):
    """x, a scalar norm, a convolution, ReLU, a batch norm, a maximum over all bands."""
    rng = np.random.default_rng(3)
    nodes = [
        ("Reshape", ["x", "picture"], "a", {}),
        ("Mul", ["a", "gain"], "b", {}),
        ("Add", ["offset", "b"], "c", {}),
        ("Conv", ["c", "kernel", "bias"], "d", {"pads": [1, 0, 1, 0]}),
        ("Relu", ["d"], "e", {}),
        ("Mul", ["e", "scales"], "f", {}),
        ("Add", ["f", "shifts"], "g", {}),
        ("MaxPool", ["g"], "y", {"kernel_shape": [1, 8]}),
    ]
    weights = {
        "picture": np.array([-1, 1, 7, 9]),
        "gain": np.array([0.4], np.float32),
        "offset": np.array([-0.7], np.float32),
        "kernel": rng.normal(size=(5, 1, 3, 2)).astype(np.float32),
        "bias": rng.normal(size=5).astype(np.float32),
        "scales": scales.reshape(5, 1, 1),
        "shifts": rng.normal(size=(1, 5, 1, 1)).astype(np.float32),
    } | changes
    return nodes, weights


def said(model, x):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": x})


def kinds(model):
    return [node.op_type for node in model.graph.node]


def optimised(model):
    changed = onnx.ModelProto.FromString(model.SerializeToString())
    optimise(changed)
    make_canonical(changed)
    onnx.checker.check_model(changed)
    return changed


@pytest.mark.parametrize("scales", [SCALES, -np.abs(SCALES), np.abs(SCALES)])
def test_a_norm_behind_an_activation_is_done_on_what_is_pooled(scales):
    nodes, weights = chain(scales)
    model = network(nodes, **weights)
    changed = optimised(model)
    turned = ["Mul"] if (scales < 0).any() else []
    assert kinds(changed) == [
        "Mul", "Add", "Reshape", "Conv", "MaxPool", *turned, "Relu", "Mul", "Add",
    ]  # fmt: skip
    x = np.random.default_rng(1).normal(size=(4, 7, 9)).astype(np.float32)
    for before, after in zip(said(model, x), said(changed, x), strict=True):
        np.testing.assert_array_equal(before, after)


def test_what_others_take_or_what_is_of_a_place_stays_where_it_is():
    nodes, weights = chain()
    by_place = chain(shifts=np.linspace(0, 1, 8, dtype=np.float32).reshape(1, 1, 1, 8))
    also_seen = network(nodes, ("y", "f"), **weights)
    shared = network([*nodes, ("Neg", ["kernel"], "k", {})], ("y", "k"), **weights)
    for model in (network(by_place[0], **by_place[1]), also_seen, shared):
        assert kinds(optimised(model))[2:8] == ["Reshape", "Conv", "Relu", "Mul", "Add", "MaxPool"]


def test_what_the_runtime_makes_part_of_a_convolution_stays_with_it():
    nodes, weights = chain()
    plain = [n for n in nodes if n[0] != "Relu"]
    plain = [(k, ["d" if i == "e" else i for i in t], m, r) for k, t, m, r in plain]
    assert kinds(optimised(network(plain, **weights)))[3:] == ["Conv", "Mul", "Add", "MaxPool"]


def test_a_factor_by_band_stays_behind_the_reshape():
    nodes, weights = chain(gain=np.linspace(0.5, 1, 9, dtype=np.float32))
    assert kinds(optimised(network(nodes, **weights)))[:3] == ["Reshape", "Mul", "Add"]
