"""The heavy network: the ready-trained backbone with a head for our genres, fine-tuned."""

from typing import Any

import keras
from keras import layers, ops

from melonnx.infer.mel import MelSpec
from melonnx.train.backbone import N_MELS

__all__ = ["BACKBONE_MEL", "build_transfer", "with_all_outputs"]

BACKBONE_MEL = MelSpec(
    sample_rate=16000, n_fft=512, hop_length=256, n_mels=N_MELS, fmax=8000.0,
    log_gain=10000.0, level=25.0,
)  # fmt: skip
"""The backbone's front end, with every clip brought to about the level of a mastered one."""

_DROPOUT = 0.5
_NORM_MOMENTUM = 0.95


def build_transfer(backbone: keras.Model, n_labels: int) -> keras.Model:
    """Log-mels float32 [batch, frames, 96] to logits [batch, labels]; any number of frames.

    The head sees the backbone's last layer below the tags and the pooled features below that
    one, each brought to mean 0 and variance 1. The backbone's own batch norms stay as they
    were trained: the batches here are too small and too alike to learn them anew.
    """
    for layer in backbone.layers:
        layer.trainable = not isinstance(layer, layers.BatchNormalization)
    both = layers.Concatenate(name="head_input")(
        [backbone.get_layer(name).output for name in ("embedding", "pooled_norm")]
    )
    normed = layers.BatchNormalization(
        center=False, scale=False, momentum=_NORM_MOMENTUM, name="head_norm"
    )(both)
    dropped = layers.Dropout(_DROPOUT, name="head_dropout")(normed)
    logits = layers.Dense(n_labels, kernel_initializer="zeros", name="logits")(dropped)
    return keras.Model(backbone.input, logits, name="transfer")


def with_all_outputs(network: keras.Model) -> keras.Model:
    """The same weights with the three outputs of a model file.

    ``probabilities`` [batch, labels]; ``embedding`` [batch, 200]; ``evidence`` [batch, frames,
    1, labels]: what each frame adds to the logits, whose mean over frames is the patch's. The
    layers above the feature map are linear but for one ReLU, whose state the patch fixes, so
    the sum is exact; a feature's maximum counts where in the patch it was reached.
    """
    head = network.get_layer("logits")
    norm, kernel = _affine(network.get_layer("head_norm")), head.get_weights()[0]
    dense, embedding = (network.get_layer(name) for name in ("embedding_dense", "embedding"))
    n_embedding = dense.units
    through_embedding = (_affine(embedding) * norm[:n_embedding])[:, None] * kernel[:n_embedding]
    past_it = norm[n_embedding:, None] * kernel[n_embedding:]
    evidence = _Evidence(
        dense.get_weights()[0], through_embedding, past_it, _affine(network.get_layer("pooled_norm"))
    )([network.get_layer("features").output, dense.output, network.output])
    outputs = {
        "probabilities": layers.Softmax()(network.output),
        "embedding": embedding.output,
        "evidence": evidence,
    }
    return keras.Model(network.input, outputs)


def _affine(norm: Any) -> Any:
    """The factor by which a batch norm multiplies at inference."""
    variance = norm.get_weights()[-1]
    gamma = norm.get_weights()[0] if norm.scale else 1
    return gamma / (variance + norm.epsilon) ** 0.5


class _Evidence(layers.Layer):
    """Logits by frame from the feature map, the dense layer's output and the logits."""

    def __init__(self, dense: Any, through_embedding: Any, past_it: Any, pooled: Any) -> None:
        super().__init__(name="evidence")
        self._dense, self._through_embedding = pooled[:, None] * dense, through_embedding
        self._past_it = pooled[:, None] * past_it

    def call(self, inputs: list[Any]) -> Any:
        features, active, logits = inputs
        is_active = ops.cast(active > 0, "float32")
        slopes = ops.matmul(self._dense, is_active[:, :, None] * self._through_embedding)
        slopes = slopes + self._past_it
        of_maximum, of_mean = slopes[:, 0::2], slopes[:, 1::2]
        is_maximum = ops.cast(features >= ops.max(features, axis=1, keepdims=True), "float32")
        share = is_maximum / ops.mean(is_maximum, axis=1, keepdims=True)
        by_frame = ops.matmul(features, of_mean) + ops.matmul(features * share, of_maximum)
        rest = logits[:, None] - ops.mean(by_frame, axis=1, keepdims=True)
        return (by_frame + rest)[:, :, None]
