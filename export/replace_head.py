"""Gives a model file another head: other labels on the same embedding, evidence included."""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from melonnx.export.errors import ProofError
from melonnx.infer.model.metadata import METADATA_KEY, ModelInfo
from melonnx.infer.model.session import OUTPUTS
from melonnx.train.network.head import Head

__all__ = ["replace_head"]

_EQUAL = 2e-3
"""Relative: weights that are the same head's differ by rounding only, to float16 at worst."""


def replace_head(base: onnx.ModelProto, head: Head, info: ModelInfo) -> onnx.ModelProto:
    """``base`` with ``head`` in the place of its last linear layer, described by ``info``.

    The head of a model file is a matrix product of ``embedding`` and a bias. Evidence is made
    with the same weights, as they are, as a 1×1 convolution, or with a factor for each dimension
    of the embedding: every one of these is replaced, keeping its factors.

    Raises ProofError where ``base`` is not built so.
    """
    model = onnx.ModelProto()
    model.CopyFrom(base)
    graph = model.graph
    _widen(graph)
    weights = {tensor.name: tensor for tensor in graph.initializer}
    told = next(v for v in graph.output if v.name == OUTPUTS[0]).type.tensor_type.shape.dim[-1]
    kernel_name, bias_name = _find_head(graph, weights, told.dim_value)
    old_kernel, old_bias = (
        numpy_helper.to_array(weights[name]).astype(np.float64) for name in (kernel_name, bias_name)
    )
    kernel, bias = head
    if kernel.shape[0] != old_kernel.shape[0]:
        raise ProofError(
            f"the head takes an embedding of {kernel.shape[0]} dimensions, the base gives one of "
            f"{old_kernel.shape[0]}"
        )
    n_labels = old_kernel.shape[1]
    for tensor in graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and n_labels in tensor.dims:
            old = numpy_helper.to_array(tensor)
            new = _replaced(old, old_kernel, old_bias, kernel, bias)
            if new is not None:
                tensor.CopyFrom(numpy_helper.from_array(new.astype(np.float32), tensor.name))
    for value in graph.output:
        if value.name in (OUTPUTS[0], OUTPUTS[2]):
            value.type.tensor_type.shape.dim[-1].dim_value = len(bias)
    del graph.value_info[:]
    graph.name = info.name
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {METADATA_KEY: info.to_json()})
    return model


def _widen(graph: onnx.GraphProto) -> None:
    """Weights that are stored in float16 become float32 again."""
    halves = {
        tensor.name: tensor
        for tensor in graph.initializer
        if tensor.data_type == onnx.TensorProto.FLOAT16
    }
    for node in [node for node in graph.node if node.op_type == "Cast"]:
        if node.input[0] in halves:
            tensor = halves[node.input[0]]
            values = numpy_helper.to_array(tensor).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(values, node.output[0]))
            graph.node.remove(node)


def _find_head(
    graph: onnx.GraphProto, weights: dict[str, onnx.TensorProto], n_labels: int
) -> tuple[str, str]:
    """Names of the weights by which ``embedding`` becomes the logits."""
    for node in graph.node:
        if (
            node.op_type == "MatMul"
            and node.input[0] == OUTPUTS[1]
            and node.input[1] in weights
            and weights[node.input[1]].dims[-1] == n_labels
        ):
            for after in graph.node:
                if after.op_type == "Add" and after.input[0] == node.output[0]:
                    return node.input[1], after.input[1]
    raise ProofError(
        "the base has no head that could be replaced: nothing multiplies its embedding by a matrix "
        "with a column for each label"
    )


def _replaced(
    old: NDArray[np.float32],
    old_kernel: NDArray[np.float64],
    old_bias: NDArray[np.float64],
    kernel: NDArray[np.float32],
    bias: NDArray[np.float32],
) -> NDArray[np.float64] | None:
    """What a weight of the old head is with the new one; None for a weight that is none of it."""
    if old.shape == old_bias.shape and np.allclose(old, old_bias, rtol=_EQUAL, atol=0):
        return bias.astype(np.float64)
    if old.size != old_kernel.size:
        return None
    is_convolution = old.ndim == 4 and old.shape[:2] == old_kernel.T.shape
    flat = (old.reshape(old.shape[:2]).T if is_convolution else old.squeeze()).astype(np.float64)
    if flat.shape != old_kernel.shape:
        return None
    factors = (flat * old_kernel).sum(axis=1) / np.square(old_kernel).sum(axis=1).clip(1e-30)
    if not np.allclose(flat, factors[:, None] * old_kernel, rtol=_EQUAL, atol=1e-6):
        return None
    new = factors[:, None] * kernel
    if is_convolution:
        return new.T[:, :, None, None]
    return new.reshape(*old.shape[:-1], kernel.shape[1])
