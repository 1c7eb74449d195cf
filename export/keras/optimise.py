"""Moves cheap steps of a converted graph to where fewer values pass, the same to the bit.

A batch norm between an activation and a maximum pooling cannot become part of the convolution; the
runtime then does it, and the pooling, on the largest map of the network. Done behind the pooling it
costs next to nothing: each step of such a chain rises with its input, or falls, channel by channel.
And an axis of one at the end, as the picture of a network has, makes each elementwise step a
loop per value.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

__all__ = ["optimise"]

_FACTOR, _ACTIVATION = "Mul", "Relu"
_STEPS = (_FACTOR, "Add", _ACTIVATION)


@dataclass(frozen=True)
class _Graph:
    """Who makes and who takes each value of a graph, and which are weights."""

    graph: onnx.GraphProto
    makers: dict[str, onnx.NodeProto]
    takers: dict[str, list[onnx.NodeProto]]
    weights: dict[str, onnx.TensorProto]


def optimise(model: onnx.ModelProto) -> None:
    """Reorder ``model``, in place; its nodes are not in order afterwards."""
    found = _read(model.graph)
    for node in list(model.graph.node):
        if node.op_type == "MaxPool" and len(node.output) == 1:
            _pool_first(found, node)
    for node in list(model.graph.node):
        if node.op_type == "Reshape":
            _reshape_later(found, node)


def _read(graph: onnx.GraphProto) -> _Graph:
    takers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in _names_taken(node):
            takers.setdefault(name, []).append(node)
    for value in graph.output:  # never moved: an output keeps its name
        takers.setdefault(value.name, []).extend([onnx.NodeProto(), onnx.NodeProto()])
    return _Graph(
        graph,
        {name: node for node in graph.node for name in node.output},
        takers,
        {tensor.name: tensor for tensor in graph.initializer},
    )


def _names_taken(node: onnx.NodeProto) -> Iterator[str]:
    yield from node.input
    for attribute in node.attribute:
        for inner in attribute.g.node:
            yield from _names_taken(inner)


def _pool_first(found: _Graph, pool: onnx.NodeProto) -> None:
    """Conv, steps, MaxPool becomes Conv, MaxPool, steps.

    The maximum of what falls is at the minimum: where the steps' factors make a channel fall, the
    convolution's weights change sign, and its pooled values change it back.
    """
    steps: list[onnx.NodeProto] = []
    name = pool.input[0]
    while (node := _only_for_one(found, name)) is not None and node.op_type in _STEPS:
        steps.insert(0, node)
        name = _split(found, node)[0]
    convolution = _only_for_one(found, name)
    if convolution is None or convolution.op_type != "Conv" or not _is_worth_it(steps):
        return
    tensors = [found.weights.get(name) for name in convolution.input[1:]]
    if any(tensor is None or len(found.takers[tensor.name]) > 1 for tensor in tensors):
        return
    kernel = numpy_helper.to_array(found.weights[convolution.input[1]])
    signs = np.ones(len(kernel), kernel.dtype)
    for step in steps:
        if step.op_type == _ACTIVATION:
            continue
        constant = _by_channel(found.weights.get(_split(found, step)[1]), kernel.shape)
        if constant is None:
            return
        if step.op_type == _FACTOR:
            signs *= np.where(constant < 0, -1, 1).astype(kernel.dtype)
    _move_behind(found, pool, convolution, steps, signs)


def _is_worth_it(steps: list[onnx.NodeProto]) -> bool:
    """Whatever follows the convolution at once is made part of it by the runtime."""
    kinds = [step.op_type for step in steps]
    return _ACTIVATION in kinds[:-1]


def _move_behind(
    found: _Graph,
    pool: onnx.NodeProto,
    convolution: onnx.NodeProto,
    steps: list[onnx.NodeProto],
    signs: NDArray[np.floating],
) -> None:
    last = pool.output[0]
    pool.input[0], pool.output[0] = convolution.output[0], f"{last}/pooled"
    name = pool.output[0]
    if (signs < 0).any():
        n_axes = len(found.weights[convolution.input[1]].dims)
        across = (-1, *(1,) * (n_axes - 2))
        for own in convolution.input[1:]:
            tensor = found.weights[own]
            values = numpy_helper.to_array(tensor)
            turned = values * signs.reshape(-1, *(1,) * (values.ndim - 1))
            tensor.CopyFrom(numpy_helper.from_array(turned, own))
        factor, turned_back = f"{last}/signs", f"{last}/turned"
        found.graph.initializer.append(numpy_helper.from_array(signs.reshape(across), factor))
        found.graph.node.append(helper.make_node(_FACTOR, [name, factor], [turned_back]))
        name = turned_back
    for number, step in enumerate(steps):
        constant = _split(found, step)[1]
        step.input[:] = [name, constant] if constant else [name]
        name = step.output[0] = last if step is steps[-1] else f"{last}/{number}"


def _reshape_later(found: _Graph, reshape: onnx.NodeProto) -> None:
    """Reshape, then a step with a constant for all values, becomes the step, then Reshape."""
    while True:
        takers = found.takers.get(reshape.output[0], [])
        step = takers[0] if len(takers) == 1 else None
        if step is None or step.op_type not in (_FACTOR, "Add"):
            return
        data, constant = _split(found, step)
        weight = found.weights.get(constant)
        if data != reshape.output[0] or weight is None or sorted(weight.dims) not in ([], [1]):
            return
        before, between, after = reshape.input[0], reshape.output[0], step.output[0]
        step.input[:] = [before, constant]
        step.output[0], reshape.input[0], reshape.output[0] = between, between, after
        found.takers[between] = [reshape]


def _only_for_one(found: _Graph, name: str) -> onnx.NodeProto | None:
    """What makes ``name``, if nothing but one node takes it."""
    return found.makers.get(name) if len(found.takers.get(name, [])) == 1 else None


def _split(found: _Graph, step: onnx.NodeProto) -> tuple[str, str]:
    """Names of what a step works on and of its constant, "" for none."""
    if len(step.input) == 1:
        return step.input[0], ""
    first, second = step.input
    return (second, first) if first in found.weights else (first, second)


def _by_channel(
    weight: onnx.TensorProto | None, kernel: tuple[int, ...]
) -> NDArray[np.floating] | None:
    """A constant as one value a channel [channels]; None where it differs within a channel."""
    if weight is None:
        return None
    values = numpy_helper.to_array(weight)
    full = (1,) * (len(kernel) - values.ndim) + values.shape
    if len(full) != len(kernel) or values.size != full[1] or full[1] not in (1, kernel[0]):
        return None
    return np.broadcast_to(values.reshape(-1), (kernel[0],))
