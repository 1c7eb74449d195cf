"""Gives a finished model file one more head: a linear layer on its embedding, an output by name."""

from dataclasses import replace
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from melonnx.export.errors import ProofError
from melonnx.export.seal import describe
from melonnx.infer.model.heads import HeadInfo
from melonnx.infer.model.metadata import ModelInfo
from melonnx.infer.model.session import OUTPUTS
from melonnx.train.network.head import Head

__all__ = ["attach_head"]


def attach_head(
    base: onnx.ModelProto, info: ModelInfo, name: str, head: Head, about: HeadInfo
) -> onnx.ModelProto:
    """``base``, which ``info`` describes, with the output ``name``: logits [batch, labels].

    A head of that name is replaced; all else stays as it is, to the last bit.

    Raises ProofError where ``name`` cannot be a head's.
    """
    kernel, bias = head
    try:
        described = replace(info, heads={**info.heads, name: about})
    except ValueError as error:
        raise ProofError(str(error)) from None
    model = onnx.ModelProto()
    model.CopyFrom(base)
    graph = model.graph
    parts = {"kernel": f"{name}_kernel", "bias": f"{name}_bias", "product": f"{name}_product"}
    _remove(graph, {name, *parts.values()})
    graph.initializer.extend(
        [
            numpy_helper.from_array(kernel.astype(np.float32), parts["kernel"]),
            numpy_helper.from_array(bias.astype(np.float32), parts["bias"]),
        ]
    )
    embedding = OUTPUTS[1]
    graph.node.extend(
        [
            helper.make_node("MatMul", [embedding, parts["kernel"]], [parts["product"]]),
            helper.make_node("Add", [parts["product"], parts["bias"]], [name]),
        ]
    )
    for node in graph.node[-2:]:
        node.name = node.output[0]
    batch = next(v for v in graph.output if v.name == embedding).type.tensor_type.shape.dim[0]
    shape = [batch.dim_param or "batch", len(bias)]
    graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    describe(model, described)
    return model


def _remove(graph: onnx.GraphProto, names: set[str]) -> None:
    parts: tuple[Any, ...] = (graph.initializer, graph.output, graph.value_info)
    for part in parts:
        for entry in [entry for entry in part if entry.name in names]:
            part.remove(entry)
    for node in [node for node in graph.node if names & set(node.output)]:
        graph.node.remove(node)
