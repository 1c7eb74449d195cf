"""Leaves out the backbone's dead filters: the same outputs in a fifth of the time.

Training with weight decay has driven the kernels of 497 of the 561 front filters to zero.
Each of them gives one constant at all times, whatever the music.
"""

import keras
import numpy as np
from numpy.typing import NDArray

from melonnx.train.network.backbone import FRONT_FILTERS, build_backbone

__all__ = ["drop_dead_filters"]

_DEAD = 1e-5
"""Norm of a kernel below which it is one of the dead, whose largest is 1.3e-6."""
_CARRIER = "temporal_32"
"""The last front block gets one filter more, whose output is 1."""


def drop_dead_filters(backbone: keras.Model) -> keras.Model:
    """The same function as ``backbone`` but for ``features``, which lose the dead channels.

    The dead channels' constants go into the bias behind the pooling. In front of the middle
    convolution they cannot go into its bias, for at a patch's ends it sees zeros in place of
    them; a channel of ones does the same there.
    """
    live = {name: _is_live(backbone.get_layer(name)) for name in FRONT_FILTERS}
    constants = np.concatenate([_constants(backbone, name) for name in live])
    is_live = np.concatenate([*live.values()])
    widths = {name: int(kept.sum()) for name, kept in live.items()}
    slim = build_backbone(widths | {_CARRIER: widths[_CARRIER] + 1})
    for layer in slim.layers:
        same = backbone.get_layer(layer.name) if layer.weights else None
        if same and [w.shape for w in same.weights] == [w.shape for w in layer.weights]:
            layer.set_weights(same.get_weights())
    for name, kept in live.items():
        _keep_filters(backbone, slim, name, kept)
    kernel, bias = backbone.get_layer("middle_1").get_weights()
    ones = np.einsum("tio,i->to", kernel[:, ~is_live], constants[~is_live])
    slim.get_layer("middle_1").set_weights(
        [np.concatenate([kernel[:, is_live], ones[:, None]], axis=1), bias]
    )
    _keep_pooled(backbone, slim, is_live, constants)
    return slim


def _is_live(layer: keras.layers.Layer) -> NDArray[np.bool_]:
    kernel = layer.get_weights()[0]
    return np.sqrt(np.square(kernel).sum(axis=(0, 1, 2))) > _DEAD


def _constants(backbone: keras.Model, name: str) -> NDArray[np.float32]:
    """What each filter gives where its kernel is zero."""
    norm = backbone.get_layer(f"{name}_norm")
    gamma, beta, mean, variance = norm.get_weights()
    bias = backbone.get_layer(name).get_weights()[1]
    return gamma * (np.maximum(bias, 0) - mean) / np.sqrt(variance + norm.epsilon) + beta


def _keep_filters(
    backbone: keras.Model, slim: keras.Model, name: str, kept: NDArray[np.bool_]
) -> None:
    kernel, bias = backbone.get_layer(name).get_weights()
    norm = slim.get_layer(f"{name}_norm")
    weights = [kernel[..., kept], bias[kept]]
    norms = [weight[kept] for weight in backbone.get_layer(norm.name).get_weights()]
    if name == _CARRIER:
        one = (1, 0, 0, 1 - norm.epsilon)  # gamma, beta, mean, variance: the norm changes nothing
        weights = [np.pad(weights[0], [(0, 0)] * 3 + [(0, 1)]), np.append(weights[1], 1)]
        norms = [np.append(weight, value) for weight, value in zip(norms, one, strict=True)]
    slim.get_layer(name).set_weights(weights)
    norm.set_weights(norms)


def _keep_pooled(
    backbone: keras.Model,
    slim: keras.Model,
    is_live: NDArray[np.bool_],
    constants: NDArray[np.float32],
) -> None:
    norm = backbone.get_layer("pooled_norm")
    gamma, beta, mean, variance = norm.get_weights()
    kernel, bias = backbone.get_layer("embedding_dense").get_weights()
    n_middle = len(gamma) // 2 - len(is_live)
    kept = np.repeat(np.pad(is_live, (0, n_middle), constant_values=True), 2)
    value = np.repeat(np.pad(constants, (0, n_middle)), 2)
    normed = gamma * (value - mean) / np.sqrt(variance + norm.epsilon) + beta
    bias = bias + normed[~kept] @ kernel[~kept]
    ones = 2 * int(is_live.sum())  # the channel of ones stands behind the live ones
    norms = [
        np.insert(weight[kept], [ones, ones], value)
        for weight, value in zip((gamma, beta, mean, variance), (0, 0, 1, 1), strict=True)
    ]
    slim.get_layer("pooled_norm").set_weights(norms)
    rows = np.insert(kernel[kept], [ones, ones], 0, axis=0)
    slim.get_layer("embedding_dense").set_weights([rows, bias])
