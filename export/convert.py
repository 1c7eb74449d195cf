"""Turns a Keras network into ONNX bytes with the names, axes and metadata of the format."""

import keras
import onnx
import tensorflow as tf
import tf2onnx

from melonnx.infer.metadata import METADATA_KEY, ModelInfo
from melonnx.infer.model import INPUT, OUTPUTS
from melonnx.train.outputs import with_all_outputs

__all__ = ["to_onnx"]

OPSET = 17

_AXES = {
    INPUT: ("batch", "frames", None),
    "probabilities": ("batch", None),
    "embedding": ("batch", None),
    "evidence": ("batch", "evidence_frames", None, None),
}
"""Name of each axis that can be free; None for one that is of fixed size always."""


def to_onnx(network: keras.Model, info: ModelInfo) -> onnx.ModelProto:
    """Convert ``network`` (log-mel to logits) to a model that describes itself by ``info``.

    The same network and ``info`` give the same bytes.
    """
    whole = with_all_outputs(network)
    n_mels = info.mel_spec.n_mels
    function = tf.function(
        lambda log_mel: whole(log_mel, training=False),
        input_signature=[
            tf.TensorSpec((None, whole.input_shape[1], n_mels), tf.float32, name=INPUT)
        ],
    )
    model, _ = tf2onnx.convert.from_function(
        function, input_signature=function.input_signature, opset=OPSET
    )
    _order_outputs(model)
    _name_axes(model, whole)
    _name_nodes(model)
    model.graph.name, model.graph.doc_string = info.name, ""
    model.producer_name, model.producer_version = "melonnx", ""
    model.doc_string = ""
    model.domain = ""
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {METADATA_KEY: info.to_json()})
    return model


def _order_outputs(model: onnx.ModelProto) -> None:
    by_name = {value.name: value for value in model.graph.output}
    ordered = [by_name[name] for name in OUTPUTS]
    del model.graph.output[:]
    model.graph.output.extend(ordered)


def _name_nodes(model: onnx.ModelProto) -> None:
    """The converter numbers names on and on in one process; equal models need equal bytes."""
    graph = model.graph
    names = {value.name: value.name for value in (*graph.input, *graph.output)}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    ordered: list[onnx.TensorProto] = []
    for number, node in enumerate(graph.node):
        node.name = f"{number:02}_{node.op_type}"
        for name in node.input:
            if name in weights and name not in names:
                names[name] = f"weight_{len(ordered):02}"
                ordered.append(weights[name])
        for index, name in enumerate(node.output):
            names.setdefault(name, f"{node.name}:{index}")
        node.input[:] = [names[name] if name else "" for name in node.input]
        node.output[:] = [names[name] for name in node.output]
    for tensor in ordered:
        tensor.name = names[tensor.name]
    unused_are_left_out = [onnx.TensorProto.FromString(t.SerializeToString()) for t in ordered]
    del graph.initializer[:]
    graph.initializer.extend(unused_are_left_out)


def _name_axes(model: onnx.ModelProto, network: keras.Model) -> None:
    """The converter calls free axes ``unk__N``, and some whose size Keras knows, too."""
    del model.graph.value_info[:]  # inferred again by whoever wants it, with the new names
    sizes = {name: tensor.shape for name, tensor in network.output.items()}
    sizes[INPUT] = network.input_shape
    for value in (*model.graph.input, *model.graph.output):
        shape = zip(
            value.type.tensor_type.shape.dim, _AXES[value.name], sizes[value.name], strict=True
        )
        for dimension, name, size in shape:
            if size is None:
                dimension.dim_param = name
            else:
                dimension.dim_value = size
