"""Turns a Keras network into ONNX bytes with the names, axes and metadata of the format."""

import keras
import onnx
import tensorflow as tf
import tf2onnx
from melonnx.infer.metadata import METADATA_KEY, ModelInfo
from melonnx.infer.model import INPUT, OUTPUTS
from melonnx.train.cnn import with_all_outputs

__all__ = ["to_onnx"]

OPSET = 17

_AXES = {
    INPUT: ("batch", "frames", None),
    "probabilities": ("batch", None),
    "embedding": ("batch", None),
    "evidence": ("batch", "evidence_frames", None, None),
}
"""Name of each free axis; None for one of fixed size."""


def to_onnx(network: keras.Model, info: ModelInfo) -> onnx.ModelProto:
    """Convert ``network`` (log-mel to logits) to a model that describes itself by ``info``.

    The same network and ``info`` give the same bytes.
    """
    whole = with_all_outputs(network)
    n_mels = info.mel_spec.n_mels
    function = tf.function(
        lambda log_mel: whole(log_mel, training=False),
        input_signature=[tf.TensorSpec((None, None, n_mels), tf.float32, name=INPUT)],
    )
    model, _ = tf2onnx.convert.from_function(
        function, input_signature=function.input_signature, opset=OPSET
    )
    _order_outputs(model)
    _name_axes(model)
    model.graph.name = info.name
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


def _name_axes(model: onnx.ModelProto) -> None:
    """Free axes come out of the converter as ``unk__N``."""
    del model.graph.value_info[:]  # inferred again by whoever wants it, with the new names
    for value in (*model.graph.input, *model.graph.output):
        for dimension, name in zip(
            value.type.tensor_type.shape.dim, _AXES[value.name], strict=True
        ):
            if name is not None:
                dimension.dim_param = name
