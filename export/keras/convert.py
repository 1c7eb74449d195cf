"""Turns a Keras network into ONNX bytes with the names, axes and metadata of the format."""

from collections.abc import Iterator

import keras
import onnx
import tensorflow as tf
import tf2onnx

from melonnx.export.form import OPSET
from melonnx.infer.model.metadata import METADATA_KEY, ModelInfo
from melonnx.infer.model.session import INPUT, MUSIC, OUTPUTS
from melonnx.train.network.outputs import with_all_outputs

__all__ = ["to_onnx"]

_AXES = {
    INPUT: ("batch", "frames", None),
    "probabilities": ("batch", None),
    "embedding": ("batch", None),
    "evidence": ("batch", "evidence_frames", None, None),
    MUSIC: ("batch", None),
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
    ordered = [by_name[name] for name in (*OUTPUTS, MUSIC) if name in by_name]
    del model.graph.output[:]
    model.graph.output.extend(ordered)


def _name_nodes(model: onnx.ModelProto) -> None:
    """The converter numbers names on and on in one process; equal models need equal bytes."""
    graph = model.graph
    names = {value.name: value.name for value in (*graph.input, *graph.output)}
    _name_weights(graph, names, "weight_")
    _rename(graph, names, "")


def _name_weights(graph: onnx.GraphProto, names: dict[str, str], prefix: str) -> None:
    """Number weights in the order of their use, and leave out those of none."""
    weights = {tensor.name: tensor for tensor in graph.initializer}
    ordered = [weights[name] for name in dict.fromkeys(_names_in_use(graph)) if name in weights]
    for number, tensor in enumerate(ordered):
        names[tensor.name] = tensor.name = f"{prefix}{number:02}"
    copies = [onnx.TensorProto.FromString(tensor.SerializeToString()) for tensor in ordered]
    del graph.initializer[:]
    graph.initializer.extend(copies)


def _names_in_use(graph: onnx.GraphProto) -> Iterator[str]:
    """What nodes take, those inside of loops too, which may take what is outside."""
    for node in graph.node:
        yield from node.input
        for body in _bodies(node):
            yield from _names_in_use(body)


def _rename(graph: onnx.GraphProto, names: dict[str, str], prefix: str) -> None:
    """Number nodes and what they make; ``names`` holds the new names of what is known outside."""
    for number, node in enumerate(graph.node):
        node.name = f"{prefix}{number:02}_{node.op_type}"
        if node.op_type == "Identity" and not node.domain:
            node.ClearField("domain")  # some say "", some nothing
        for index, name in enumerate(node.output):
            names.setdefault(name, f"{node.name}:{index}")
        node.input[:] = [names[name] if name else "" for name in node.input]
        node.output[:] = [names[name] if name else "" for name in node.output]
        for body in _bodies(node):
            _order_copies(body)
            inside = dict(names)
            for index, value in enumerate(body.input):
                inside[value.name] = value.name = f"{node.name}/{index}"
            _name_weights(body, inside, f"{node.name}/weight_")
            _rename(body, inside, f"{node.name}/")
            for value in body.output:
                value.name = inside[value.name]
            for value in (*body.input, *body.output):  # its free axes are numbered on and on too
                for dimension in value.type.tensor_type.shape.dim:
                    dimension.ClearField("dim_param")
            body.name, body.doc_string = node.name, ""
            del body.value_info[:]


def _order_copies(body: onnx.GraphProto) -> None:
    """Of two outputs of one value, the second is the copy: the converter copies one by lot."""
    places = {value.name: place for place, value in enumerate(body.output)}
    for node in body.node:
        names = node.output[0], node.input[0] if node.input else ""
        if node.op_type == "Identity" and all(name in places for name in names):
            copy, value = (body.output[places[name]] for name in names)
            if places[copy.name] < places[value.name]:
                copy.name, value.name = value.name, copy.name


def _bodies(node: onnx.NodeProto) -> list[onnx.GraphProto]:
    graph = onnx.AttributeProto.GRAPH
    return [attribute.g for attribute in node.attribute if attribute.type == graph]


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
