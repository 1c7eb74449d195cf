"""A released file's network is built again in Keras, equal to the file; another one is refused."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from melonnx.export.seal import seal
from melonnx.infer.errors import ModelFileError
from melonnx.infer.model.session import find_model
from melonnx.train.network.backbone import N_FRAMES, N_MELS
from melonnx.train.network.read_back import ReadBackError, difference_to_file, read_back

PATCHES = np.random.default_rng(1).random((2, N_FRAMES, N_MELS), np.float32)


@pytest.fixture(scope="module")
def base():
    return read_back("genre-base")


def test_it_is_equal_to_the_file_and_has_its_head(base):
    compared, worst = difference_to_file(base, PATCHES)
    assert compared == len(PATCHES) + 4
    assert worst < 1e-5
    kernel, bias = base.head
    said = base.model.run(PATCHES, evidence=False)
    powers = np.exp(said.embedding @ kernel + bias)
    shares = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, said.probabilities, atol=1e-5)


@pytest.mark.parametrize(("name", "has_head"), [("genre-small", True), ("genre-open", False)])
def test_so_are_those_of_other_strides_and_heads(name, has_head):
    read = read_back(name)
    assert difference_to_file(read, PATCHES)[1] < 1e-5
    assert (read.head is not None) == has_head


def test_weights_in_float16_are_read_too(base, tmp_path):
    model = onnx.load(find_model("genre-base"))
    halved = tmp_path / "half.onnx"
    for tensor in list(model.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size > 1000:
            small = numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}/half")
            model.graph.initializer.append(small)
            model.graph.initializer.remove(tensor)
            cast = onnx.helper.make_node("Cast", [small.name], [tensor.name], to=1)
            model.graph.node.insert(0, cast)
    halved.write_bytes(seal(model))
    read = read_back(halved)
    assert difference_to_file(read, PATCHES)[1] < 1e-5
    kernels = [one.backbone.get_layer("embedding_dense").kernel.numpy() for one in (read, base)]
    assert 0 < np.abs(kernels[0] - kernels[1]).max() < 1e-3


def test_one_that_is_not_equal_is_refused(base):
    norm = base.backbone.get_layer("middle_2_norm")
    norm.beta.assign_add(np.full(norm.beta.shape, 0.01))
    try:
        with pytest.raises(ReadBackError, match=r"differs from the file by .*nothing was learnt"):
            difference_to_file(base, PATCHES)
    finally:
        norm.beta.assign_sub(np.full(norm.beta.shape, 0.01))


def test_another_network_is_refused_with_what_to_do_instead(tiny_model, tmp_path):
    with pytest.raises(ReadBackError, match=r"cannot be read back.* --head takes any model file"):
        read_back(tiny_model)
    with pytest.raises(ModelFileError, match="cannot be read"):
        read_back(tmp_path / "none.onnx")
