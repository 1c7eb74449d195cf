"""Opens the models inside a model, so that one graph of plain layers is left to look at."""

from collections import Counter
from typing import Any

import keras
import tensorflow as tf

__all__ = ["flattened"]

_HOLDERS = (keras.Sequential, keras.Model)
_PADDINGS = (keras.layers.ZeroPadding1D, keras.layers.ZeroPadding2D)


def flattened(network: keras.Model) -> keras.Model:
    """The same layers and weights, those of inner Sequential and functional models side by side.

    Layers keep their names, but for those that several inner models use: they are called after
    the model around them, too (``body_dense``). Tensors that a layer keeps beside its weights, as
    Normalization its mean, become constants. A dilated convolution that pads for itself behind a
    ZeroPadding, whose two paddings the converter would take for one, has both before it.
    """
    inner = [layer for layer in network._flatten_layers() if not isinstance(layer, _HOLDERS)]
    for layer in inner:
        _keep_constants(layer)
    padded = {id(layer) for layer in inner if _pads_twice(layer)}
    if padded or any(isinstance(layer, _HOLDERS) for layer in network.layers):
        _part_names(network)
        inputs = [keras.Input(t.shape[1:], dtype=t.dtype, name=t.name) for t in network.inputs]
        outputs = _open(network, inputs[0] if len(inputs) == 1 else inputs, padded)
        return keras.Model(inputs[0] if len(inputs) == 1 else inputs, outputs)
    return network


def _open(model: Any, inputs: Any, padded: set[int]) -> Any:
    """Call each layer of ``model`` anew, models inside opened in turn.

    ``padded``: ids of convolutions whose padding becomes a layer.
    """
    graph = model._functional if isinstance(model, keras.Sequential) else model

    def opened(operation: Any) -> Any:
        if isinstance(operation, _HOLDERS) and hasattr(operation, "inputs"):
            return lambda inside, *_, **__: _open(operation, inside, padded)
        if id(operation) in padded:
            return lambda inside, *_, **__: _with_padding_before(operation, inside)
        return operation

    return graph._run_through_graph(inputs, operation_fn=opened)


def _pads_twice(layer: Any) -> bool:
    if getattr(layer, "padding", None) != "same" or max(getattr(layer, "dilation_rate", (1,))) == 1:
        return False
    before = [
        tensor._keras_history.operation
        for node in layer._inbound_nodes
        for tensor in node.input_tensors
    ]
    return any(isinstance(one, _PADDINGS) for one in before)


def _with_padding_before(layer: Any, inside: Any) -> Any:
    """A convolution with the zeros that "same" would put around, in one layer with those there."""
    sizes = zip(layer.kernel_size, layer.dilation_rate, strict=True)
    totals = [(kernel - 1) * dilation for kernel, dilation in sizes]
    around = [(total // 2, total - total // 2) for total in totals]
    before, node, _ = inside._keras_history
    if isinstance(before, _PADDINGS):
        inside = before._inbound_nodes[node].input_tensors[0]
        there = before.padding if len(around) > 1 else [before.padding]
        around = [(a + c, b + d) for (a, b), (c, d) in zip(around, there, strict=True)]
    layer.padding = "valid"
    zeros: Any = _PADDINGS[len(around) - 1]
    return layer(zeros(around if len(around) > 1 else around[0])(inside))


def _part_names(network: keras.Model) -> None:
    """Names of a flat graph are unique; those in several models are not."""
    named: list[tuple[Any, str]] = []

    def walk(model: Any, prefix: str) -> None:
        for layer in model.layers:
            if isinstance(layer, _HOLDERS):
                walk(layer, f"{layer.name}_")
            else:
                named.append((layer, prefix))

    walk(network, "")
    layers = {id(layer): (layer, prefix) for layer, prefix in named}
    times = Counter(layer.name for layer, _ in layers.values())
    taken = {name for name, count in times.items() if count == 1}
    for layer, prefix in layers.values():
        if times[layer.name] > 1:
            name, number = f"{prefix}{layer.name}", 1
            while name in taken:
                number += 1
                name = f"{prefix}{layer.name}_{number}"
            taken.add(name)
            layer.name = name


def _keep_constants(layer: Any) -> None:
    """What a layer keeps as a tensor would be an input of the converted graph."""
    for name, value in list(vars(layer).items()):
        if isinstance(value, tf.Tensor) and hasattr(value, "numpy"):
            setattr(layer, name, value.numpy())
