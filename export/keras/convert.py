"""Turns a Keras network into ONNX bytes with the names, axes and metadata of the format."""

import logging

import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from onnx import helper, numpy_helper

from melonnx.export.form import OPSET
from melonnx.export.keras.canonical import make_canonical
from melonnx.export.keras.optimise import optimise
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
    n_features = info.mel_spec.n_features
    function = tf.function(
        lambda log_mel: whole(log_mel, training=False),
        input_signature=[
            tf.TensorSpec((None, whole.input_shape[1], n_features), tf.float32, name=INPUT)
        ],
    )
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # it complains of what is mended below
    model, _ = tf2onnx.convert.from_function(
        function, input_signature=function.input_signature, opset=OPSET
    )
    _order_outputs(model)
    _spell_out_erfc(model.graph)
    _name_axes(model, whole)
    optimise(model)
    make_canonical(model)
    model.graph.name, model.graph.doc_string = info.name, ""
    model.producer_name, model.producer_version = "melonnx", ""
    model.doc_string = ""
    model.domain = ""
    del model.metadata_props[:]
    helper.set_model_props(model, {METADATA_KEY: info.to_json()})
    return model


def _order_outputs(model: onnx.ModelProto) -> None:
    by_name = {value.name: value for value in model.graph.output}
    ordered = [by_name[name] for name in (*OUTPUTS, MUSIC) if name in by_name]
    del model.graph.output[:]
    model.graph.output.extend(ordered)


def _spell_out_erfc(graph: onnx.GraphProto) -> None:
    """The converter leaves TensorFlow's Erfc, of an exact GELU, as it is; ONNX has Erf only."""
    for place in reversed(range(len(graph.node))):
        node = graph.node[place]
        if node.op_type == "Erfc":
            one, erf = f"{node.name}_one", f"{node.name}_erf"
            graph.initializer.append(numpy_helper.from_array(np.array(1, np.float32), one))
            graph.node.insert(place, helper.make_node("Erf", list(node.input), [erf], erf))
            node = graph.node[place + 1]
            node.op_type = "Sub"
            node.input[:] = [one, erf]


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
