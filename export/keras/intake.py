"""Takes in a Keras model of somebody's own: checks what it is, and gives it the three outputs."""

from itertools import chain
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from melonnx.export.errors import KerasFileError
from melonnx.export.keras.description import AXES, Front
from melonnx.export.keras.front import as_learnt, shape_text
from melonnx.infer.model.metadata import ModelInfo
from melonnx.infer.model.session import INPUT

__all__ = ["as_format_network"]

_SUM_OF_PROBABILITIES = 1e-3
_POOLINGS = (layers.GlobalAveragePooling2D, layers.GlobalAveragePooling1D)
_ENDS = (layers.Softmax, layers.Activation)
_CHANGE_NOTHING = (
    layers.Dropout,
    layers.SpatialDropout1D,
    layers.SpatialDropout2D,
    layers.AlphaDropout,
    layers.GaussianDropout,
    layers.GaussianNoise,
    layers.ActivityRegularization,
    layers.Identity,
)
"""At inference."""


def as_format_network(
    network: keras.Model,
    info: ModelInfo,
    embedding: str | None,
    patches: NDArray[np.float32],
    front: Front | None = None,
) -> keras.Model:
    """``network`` as [batch, frames, n_features] to the three outputs of a model file.

    It takes what ``front`` says (:func:`melonnx.export.keras.front.as_learnt`), of any number of
    frames or of ``info.window``, and answers with probabilities or logits [batch, labels]; which,
    is seen by its last layer, or on ``patches`` [n, window, n_features].

    The embedding is the output of the layer named ``embedding``, by default what goes into the
    last Dense. Evidence is by place where the network ends with global average pooling and one
    Dense (Zhou et al., CVPR 2016); otherwise it is of a single place, the whole patch: float32
    [batch, 1, 1, labels].

    Raises KerasFileError for any other network.
    """
    front = front or Front()
    log_mel, given = _from_log_mel(network, info, front)
    if len(network.outputs) != 1 or network.output_shape != (None, len(info.labels)):
        raise KerasFileError(
            f"the network answers with {shape_text(network.output_shape)}; the description has "
            f"{len(info.labels)} labels: [batch, {len(info.labels)}]"
        )
    dense, below = _last_dense(network)
    embedded = _embedding(network, embedding, below)
    features = _pooled(below) if dense is not None and below is not None else None
    inside = {"answer": network.outputs[0], "embedding": embedded}
    if features is not None:
        inside["features"] = features
    found: Any = keras.Model(network.inputs[0], inside)(given)
    answer = ops.cast(found["answer"], "float32")
    said = keras.Model(log_mel, answer).predict(patches, verbose=0)
    says_probabilities = _says_probabilities(network, np.asarray(said, np.float64))
    probabilities = answer if says_probabilities else layers.Softmax()(answer)
    if features is not None:
        evidence = _by_place(dense, ops.cast(found["features"], "float32"))
        if front.axes == AXES[1]:
            evidence = ops.transpose(evidence, (0, 2, 1, 3))
        if info.mel_spec.mfcc:  # no coefficient is a place in pitch
            evidence = ops.mean(evidence, axis=2, keepdims=True)
    else:
        logits = ops.log(ops.maximum(answer, 1e-12)) if says_probabilities else answer
        evidence = ops.reshape(logits, (-1, 1, 1, len(info.labels)))
    return keras.Model(
        log_mel,
        {
            "probabilities": probabilities,
            "embedding": ops.cast(found["embedding"], "float32"),
            "evidence": evidence,
        },
        name="from_keras",
    )


def _from_log_mel(network: keras.Model, info: ModelInfo, front: Front) -> tuple[Any, Any]:
    """The input of the format, and what the network is given of it."""
    shape = network.input_shape
    frames = None
    if isinstance(shape, tuple) and len(shape) > 2:
        frames = shape[2 if front.axes == AXES[1] else 1]
    log_mel = keras.Input((frames, info.mel_spec.n_features), name=INPUT)
    return log_mel, as_learnt(log_mel, network, info, front)


def _before(tensor: Any) -> tuple[Any, Any]:
    """The layer or operation that made a tensor, and what it made it of (its first input)."""
    operation, node, _ = tensor._keras_history
    inputs = operation._inbound_nodes[node].input_tensors
    return operation, inputs[0] if inputs else None


def _last_dense(network: keras.Model) -> tuple[Any, Any]:
    """The Dense that makes the logits with its input; None twice if the network ends otherwise."""
    tensor = network.outputs[0]
    while tensor is not None:
        operation, tensor = _before(tensor)
        if isinstance(operation, layers.Dense):
            return operation, tensor
        if not isinstance(operation, (*_ENDS, *_CHANGE_NOTHING)):
            break
    return None, None


def _embedding(network: keras.Model, name: str | None, below: Any) -> Any:
    if name is not None:
        nodes: Any = chain.from_iterable(
            getattr(network, "_functional", network)._nodes_by_depth.values()
        )
        made = [node.outputs for node in nodes if node.operation.name == name]
        if not made:
            names = ", ".join(layer.name for layer in network.layers)
            raise KerasFileError(f"embedding: no layer {name!r}; there are {names}")
        tensor: Any = made[0][0]
    elif below is None:
        raise KerasFileError(
            "the network does not end with a Dense layer, whose input would be the embedding: "
            'name a layer in the description, "embedding": "…"'
        )
    else:
        tensor = below
    if len(tensor.shape) != 2 or tensor.shape[1] is None:
        raise KerasFileError(
            f"the embedding would be {shape_text(tensor.shape)}, not [batch, size]: name a layer "
            'with such an output in the description, "embedding": "…"'
        )
    return tensor


def _pooled(tensor: Any) -> Any:
    """What a global average pooling right below has pooled over places; None without one."""
    while tensor is not None:
        operation, before = _before(tensor)
        if isinstance(operation, _POOLINGS):
            plain = operation.data_format == "channels_last" and not operation.keepdims
            return before if plain else None
        if not isinstance(operation, _CHANGE_NOTHING):
            return None
        tensor = before
    return None


def _by_place(dense: Any, features: Any) -> Any:
    """Logits by place [batch, frames', n_mels', labels] from [batch, frames'(, n_mels'), d]."""
    if len(features.shape) == 3:
        features = ops.expand_dims(features, 2)
    kernel, *bias = dense.get_weights()
    by_place = layers.Conv2D(dense.units, 1, use_bias=dense.use_bias, name="by_place")
    evidence = by_place(features)
    by_place.set_weights([kernel[None, None], *bias])
    return evidence


def _says_probabilities(network: keras.Model, answer: NDArray[np.float64]) -> bool:
    """By the function that it ends with; by an ``answer`` to music where that is not known."""
    if not np.isfinite(answer).all():
        raise KerasFileError("the network answers with NaN or infinity on music")
    last = _last_function(network)
    if last == "sigmoid":
        raise KerasFileError(
            "the network ends with sigmoid, several labels at once; it should choose one of them: "
            "end it with softmax, or with logits"
        )
    if last in ("softmax", "linear"):
        return last == "softmax"
    inside = answer.min() >= 0 and answer.max() <= 1
    if inside and np.abs(answer.sum(axis=1) - 1).max() <= _SUM_OF_PROBABILITIES:
        return True
    if inside:
        raise KerasFileError(
            "the network's answers lie between 0 and 1 and do not sum to 1; it should choose one "
            "of the labels: end it with softmax, or with logits"
        )
    return False


def _last_function(network: keras.Model) -> str:
    """Name of the activation that makes the answer; "" where it is made otherwise."""
    tensor = network.outputs[0]
    while tensor is not None:
        operation, tensor = _before(tensor)
        if isinstance(operation, _CHANGE_NOTHING):
            continue
        name = getattr(getattr(operation, "activation", None), "__name__", "")
        if not name:
            name = type(operation).__name__.lower()  # layers.Softmax, keras.ops.softmax
        if name != "linear" or isinstance(operation, layers.Dense):
            return name
        if not isinstance(operation, layers.Activation):
            break
    return ""
