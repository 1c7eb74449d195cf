"""Reads the backbone's weights back from a model file, so that it can learn on.

A file of the kind of ``genre-base`` holds all of the network but its norms' statistics: each norm
has become a factor and a constant, before or behind the pooling (``export/keras/optimise.py``).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from melonnx.infer.errors import MelonnxError
from melonnx.infer.model.session import INPUT, OUTPUTS, Model, find_model, load_model
from melonnx.train.network.backbone import (
    FRONT_SIZES,
    MIDDLE,
    N_FRAMES,
    N_MELS,
    build_backbone,
)
from melonnx.train.network.head import Head

__all__ = ["READ_BACK_TOLERANCE", "ReadBack", "ReadBackError", "difference_to_file", "read_back"]

READ_BACK_TOLERANCE = 1e-5
"""Of the embedding, relative to its largest value: as much as an export may differ from Keras."""
_RANDOM_PATCHES = 4

_Affine = tuple[NDArray[np.float32], NDArray[np.float32]]
"""A factor and a constant, each of one value a channel."""


class ReadBackError(MelonnxError):
    """The file's network is none that can be built again in Keras and learn on."""

    status = "read_back"


@dataclass(frozen=True)
class ReadBack:
    """What a model file was made of."""

    model: Model
    backbone: keras.Model
    """:func:`melonnx.train.network.backbone.build_backbone` with the file's weights."""
    head: Head | None
    """What makes logits of the embedding; None where that is no linear layer."""


@dataclass(frozen=True)
class _Graph:
    nodes: list[onnx.NodeProto]
    takers: dict[str, list[onnx.NodeProto]]
    makers: dict[str, onnx.NodeProto]
    weights: dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class _Steps:
    """What is done to each channel behind a linear layer."""

    bias: _Affine
    norm: _Affine
    """Behind the ReLU."""
    end: str
    """The value that comes out."""


def read_back(path: str | Path | None) -> ReadBack:
    """Build the network of a model file, or of a released one's name, in Keras.

    Raises ModelFileError where it is none, ReadBackError where its network is not the backbone
    (of any strides and number of filters) or is stored in int8.
    """
    model, file = load_model(path, device="cpu"), find_model(path)
    graph = _read_graph(onnx.load(file).graph)
    try:
        backbone = _read_backbone(graph)
    except (ValueError, LookupError):
        raise ReadBackError(
            f"{file}: its network cannot be read back. --fine-tune takes the released models, and "
            "exports of --transfer, of --teacher TABLE and of --fine-tune; --head takes any model "
            "file, and --start a run of our own network"
        ) from None
    return ReadBack(model, backbone, _read_head(graph))


def difference_to_file(read: ReadBack, patches: NDArray[np.float32]) -> tuple[int, float]:
    """On how many patches the two were compared, and max |Keras - file| / max(1, max |file|).

    Of the embedding. ``patches`` [n, frames, n_mels] are of music; some random ones are added.
    Raises ReadBackError where it is more than READ_BACK_TOLERANCE.
    """
    noise = np.random.default_rng(0).random((_RANDOM_PATCHES, N_FRAMES, N_MELS), np.float32)
    asked = np.concatenate([patches, noise])
    of_file = read.model.run(asked, evidence=False).embedding
    outputs: Any = read.backbone.predict(asked, batch_size=16, verbose=0)
    worst = float(np.abs(outputs["embedding"] - of_file).max() / max(1, np.abs(of_file).max()))
    if not worst <= READ_BACK_TOLERANCE:
        name = read.model.info.name
        raise ReadBackError(
            f"{name}: the network that was read back differs from the file by {worst:.1e}, allowed "
            f"is {READ_BACK_TOLERANCE:.0e}; nothing was learnt"
        )
    return len(asked), worst


def _read_graph(graph: onnx.GraphProto) -> _Graph:
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    takers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in weights:  # stored in float16
            weights[node.output[0]] = weights[node.input[0]].astype(np.float32)
        for name in node.input:
            takers.setdefault(name, []).append(node)
    makers = {name: node for node in graph.node for name in node.output}
    return _Graph(list(graph.node), takers, makers, weights)


def _read_backbone(graph: _Graph) -> keras.Model:
    """Raises ValueError or LookupError where the graph is another network's."""
    convolutions = [node for node in graph.nodes if node.op_type == "Conv"]
    fronts = {graph.weights[node.input[1]].shape[2:]: node for node in convolutions[:5]}
    (strides,) = {_strides(node) for node in convolutions[:5]}
    widths = {name: len(graph.weights[fronts[size].input[1]]) for name, size in FRONT_SIZES.items()}
    backbone = build_backbone(widths, strides)
    _set_norm(backbone, "input_norm", _follow(graph, INPUT).bias)
    for name, size in FRONT_SIZES.items():
        kernel, bias, steps = _convolution(graph, fronts[size])
        backbone.get_layer(name).set_weights([kernel.transpose(2, 3, 1, 0), bias])
        _set_norm(backbone, f"{name}_norm", steps.norm)
    for name, node in zip(MIDDLE, convolutions[5:], strict=True):
        kernel, bias, steps = _convolution(graph, node)
        backbone.get_layer(name).set_weights([kernel[:, :, 0].transpose(2, 1, 0), bias])
        _set_norm(backbone, f"{name}_norm", steps.norm)
    for node in graph.nodes:
        steps = _follow(graph, node.output[0])
        if node.op_type == "MatMul" and steps.end == OUTPUTS[1]:
            kernel, bias = graph.weights[node.input[1]], steps.bias[1]
            backbone.get_layer("embedding_dense").set_weights([kernel, bias])
            _set_norm(backbone, "embedding", steps.norm)
            _set_norm(backbone, "pooled_norm", _before(graph, node.input[0]))
            return backbone
    raise ValueError("nothing makes the embedding of a matrix product")


def _read_head(graph: _Graph) -> Head | None:
    for node in graph.takers.get(OUTPUTS[1], []):
        if node.op_type != "MatMul":
            continue
        for after in graph.takers.get(node.output[0], []):
            softmax = [n for n in graph.takers.get(after.output[0], []) if n.op_type == "Softmax"]
            if after.op_type == "Add" and softmax and softmax[0].output[0] == OUTPUTS[0]:
                return graph.weights[node.input[1]], graph.weights[after.input[1]]
    return None


def _strides(node: onnx.NodeProto) -> tuple[int, int]:
    values = {a.name: list(a.ints) for a in node.attribute}["strides"]
    return values[0], values[1]


def _convolution(
    graph: _Graph, node: onnx.NodeProto
) -> tuple[NDArray[np.float32], NDArray[np.float32], _Steps]:
    """Kernel [out, in, ...] and bias, as they were before factors were moved, and the norm."""
    kernel, steps = graph.weights[node.input[1]], _follow(graph, node.output[0])
    bias = graph.weights[node.input[2]] if len(node.input) > 2 else np.zeros(len(kernel))
    factor, constant = steps.bias
    turned = np.broadcast_to(factor, (len(kernel),)).astype(np.float32)
    across = turned.reshape(-1, *(1,) * (kernel.ndim - 1))
    return kernel * across, (bias * turned + constant).astype(np.float32), steps


def _follow(graph: _Graph, name: str) -> _Steps:
    """Along what is done to each channel by itself, until something else is."""
    parts: list[_Affine] = [_nothing(), _nothing()]
    place = 0
    while found := list(_next(graph, name)):
        node, constant = found[0]
        name = node.output[0]
        if node.op_type == "Relu":
            place = 1
        elif constant is not None:
            factor, added = parts[place]
            parts[place] = (
                (factor * constant, added * constant)
                if node.op_type == "Mul"
                else (factor, added + constant)
            )
    return _Steps(parts[0], parts[1], name)


def _next(graph: _Graph, name: str) -> Iterator[tuple[onnx.NodeProto, NDArray[np.float32] | None]]:
    for node in graph.takers.get(name, []):
        if node.op_type in ("Relu", "MaxPool", "Squeeze"):
            yield node, None
        elif node.op_type in ("Mul", "Add"):
            constants = [graph.weights[own] for own in node.input if own in graph.weights]
            if constants:
                yield node, constants[0].reshape(-1)


def _before(graph: _Graph, name: str) -> _Affine:
    """Factor and constant of the norm that makes ``name``."""
    added = graph.makers[name]
    factor = graph.makers[added.input[0]]
    if (factor.op_type, added.op_type) != ("Mul", "Add"):
        raise ValueError("no norm stands before the embedding's layer")
    return graph.weights[factor.input[1]], graph.weights[added.input[1]]


def _nothing() -> _Affine:
    return np.ones(1, np.float32), np.zeros(1, np.float32)


def _set_norm(backbone: keras.Model, name: str, affine: _Affine) -> None:
    """A norm whose factor is its gamma: its mean is 0, and its variance 1 with the epsilon."""
    norm = backbone.get_layer(name)
    size = norm.gamma.shape
    factor, constant = (np.broadcast_to(value, size) for value in affine)
    norm.set_weights([factor, constant, np.zeros(size), np.full(size, 1 - norm.epsilon)])
