"""Another head on the same network: all that depends on it follows, and nothing else changes."""

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest

from melonnx.export.errors import ProofError
from melonnx.export.quantise import quantise
from melonnx.export.replace_head import replace_head
from melonnx.export.seal import seal
from melonnx.infer.model.session import OUTPUTS, find_model, load_model


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def describe(base, n_labels):
    labels = tuple(f"own {number}" for number in range(n_labels))
    return replace(base.info, name="mine", labels=labels, bars={}, accepts={})


def some_head(base, n_labels, seed=0):
    rng = np.random.default_rng(seed)
    d = len(base.run(some_windows(base)[:1]).embedding[0])
    kernel = rng.normal(0, 0.1, (d, n_labels)).astype(np.float32)
    return kernel, rng.normal(0, 1, n_labels).astype(np.float32)


def some_windows(base):
    shape = (3, base.info.window, base.info.mel_spec.n_mels)
    return np.random.default_rng(1).random(shape, np.float32)


@pytest.mark.parametrize("n_labels", [2, 5, 11, 30])
@pytest.mark.parametrize("name", ["genre-base", "genre-small"])
def test_all_outputs_are_those_of_the_new_head(name, n_labels):
    base = load_model(name, device="cpu")
    kernel, bias = some_head(base, n_labels)
    model = replace_head(onnx.load(find_model(name)), (kernel, bias), describe(base, n_labels))
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    windows = some_windows(base)
    probabilities, embedding, evidence = session.run(list(OUTPUTS), {"log_mel": windows})
    expected = base.run(windows).embedding
    np.testing.assert_array_equal(embedding, expected)
    logits = expected.astype(np.float64) @ kernel + bias
    np.testing.assert_allclose(probabilities, softmax(logits), atol=1e-5)
    assert evidence.shape[-1] == n_labels
    np.testing.assert_allclose(evidence.mean(axis=(1, 2)), logits, atol=1e-4)


@pytest.mark.parametrize("name", ["genre-base", "genre-small"])
def test_evidence_by_place_follows_the_head(name):
    """A head whose first label is the base's: its evidence is the base's at every place."""
    base = load_model(name, device="cpu")
    model = onnx.load(find_model(name))
    weights = {
        tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer
    }
    (node,) = [
        n for n in model.graph.node
        if n.op_type == "MatMul" and "embedding" in n.input
        and weights[n.input[1]].shape[1] == len(base.info.labels)
    ]  # fmt: skip
    (add,) = [n for n in model.graph.node if n.op_type == "Add" and node.output[0] in n.input]
    kernel, bias = weights[node.input[1]][:, [4, 2]], weights[add.input[1]][[4, 2]]
    made = replace_head(model, (kernel, bias), describe(base, 2))
    windows = some_windows(base)
    (evidence,) = onnxruntime.InferenceSession(made.SerializeToString()).run(
        ["evidence"], {"log_mel": windows}
    )
    expected = base.run(windows).evidence
    assert expected is not None
    np.testing.assert_allclose(evidence, expected[..., [4, 2]], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["float16", "int8"])
@pytest.mark.parametrize("name", ["genre-base", "genre-small"])
def test_a_smaller_base_will_do(name, kind, tmp_path):
    whole = load_model(name, device="cpu")
    windows = some_windows(whole)
    (tmp_path / "small.onnx").write_bytes(
        seal(quantise(onnx.load(find_model(name)), kind, windows))
    )
    base = load_model(tmp_path / "small.onnx", device="cpu")
    kernel, bias = some_head(base, 5)
    made = replace_head(onnx.load(tmp_path / "small.onnx"), (kernel, bias), describe(base, 5))
    (tmp_path / "made.onnx").write_bytes(seal(made))
    outputs = load_model(tmp_path / "made.onnx", device="cpu").run(windows)
    logits = base.run(windows).embedding.astype(np.float64) @ kernel + bias
    np.testing.assert_allclose(outputs.probabilities, softmax(logits), atol=1e-5)
    assert outputs.evidence is not None
    assert outputs.evidence.shape[-1] == 5


def test_the_base_is_left_as_it_was():
    path = find_model("genre-small")
    base, model = load_model(path, device="cpu"), onnx.load(path)
    replace_head(model, some_head(base, 3), describe(base, 3))
    assert model.SerializeToString() == onnx.load(path).SerializeToString()


def test_what_has_no_such_head_is_refused():
    base, model = load_model("genre-small", device="cpu"), onnx.load(find_model("genre-small"))
    wide = (np.zeros((7, 2), np.float32), np.zeros(2, np.float32))
    with pytest.raises(ProofError, match="of 7 dimensions, the base gives one of 200"):
        replace_head(model, wide, describe(base, 2))
    for node in model.graph.node:
        node.op_type = "Gemm" if node.op_type == "MatMul" else node.op_type
    with pytest.raises(ProofError, match="no head that could be replaced"):
        replace_head(model, some_head(base, 2), describe(base, 2))
