"""The heavy network: a linear head for our genres on the ready-trained backbone."""

from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from melonnx.infer.frontend.mel import MelSpec
from melonnx.infer.frontend.windows import patch_batches, window_starts
from melonnx.infer.model.session import MUSIC
from melonnx.train.data.cache import CachedLogMel
from melonnx.train.network.backbone import N_FRAMES, N_MELS
from melonnx.train.network.not_music import MusicHead
from melonnx.train.settings import Settings

__all__ = [
    "BACKBONE_MEL",
    "TRANSFER",
    "build_transfer",
    "embed",
    "evidence_of_frames",
    "with_all_outputs",
]

BACKBONE_MEL = MelSpec(
    sample_rate=16000, n_fft=512, hop_length=256, n_mels=N_MELS, fmax=8000.0,
    log_gain=10000.0, level=25.0,
)  # fmt: skip
"""The backbone's front end, with every clip brought to about the level of a mastered one."""

TRANSFER = Settings(
    network="transfer",
    mel_spec=BACKBONE_MEL,
    window=N_FRAMES,
    window_hop=N_FRAMES,
    max_windows=6,
    pooling="logits",
)
"""Patches of 3 s, side by side, at six places of longer tracks: ten take 1.7 times as long and are
right as often (docs/accuracy.md). The head learns from a track's mean embedding, and pooled logits
are what it says of that."""


def embed(backbone: keras.Model, log_mel: CachedLogMel) -> NDArray[np.float32]:
    """Embeddings [windows, 200] of a track's patches of 3 s, side by side.

    ``log_mel`` [frames, 96] by the front end ``BACKBONE_MEL``.
    """
    starts = window_starts(len(log_mel), N_FRAMES, N_FRAMES)
    (patches,) = patch_batches(log_mel.astype(np.float32), N_FRAMES, starts, len(starts))
    outputs: Any = backbone.predict_on_batch(patches)
    return outputs["embedding"]


def build_transfer(
    backbone: keras.Model,
    kernel: NDArray[np.floating],
    bias: NDArray[np.floating],
    music: MusicHead | None = None,
) -> keras.Model:
    """Log-mels float32 [batch, frames, 96] to logits [batch, labels]; any number of frames.

    With ``music`` a last column is the logit of what is music.

    ``kernel`` [200, labels] and ``bias`` [labels] of the head on the backbone's last layer
    below its tags. The pooled features below that layer fit as well and transfer far worse:
    they know which collection a recording is from.
    """
    embedding = backbone.get_layer("embedding").output
    logits = layers.Dense(len(bias), name="logits")
    outputs = logits(embedding)
    logits.set_weights([kernel, bias])
    if music is not None:
        is_music = layers.Dense(1, name="music_logit")
        outputs = layers.Concatenate(name="answers")([outputs, is_music(embedding)])
        is_music.set_weights([music.kernel, music.bias])
    return keras.Model(backbone.input, outputs, name="transfer")


def with_all_outputs(network: keras.Model) -> keras.Model:
    """The same weights with the outputs of a model file.

    ``probabilities`` [batch, labels]; ``embedding`` [batch, 200]; ``evidence`` [batch, frames,
    1, labels]: what each frame adds to the logits, whose mean over frames is the patch's. The
    layers above the feature map are linear but for one ReLU, whose state the patch fixes, so
    the sum is exact; a feature's maximum counts where in the patch it was reached. ``music``
    [batch, 1] where the network tells it.
    """
    logits = network.get_layer("logits")
    outputs = {
        "probabilities": layers.Softmax()(logits.output),
        "embedding": network.get_layer("embedding").output,
        "evidence": evidence_of_frames(network, logits),
    }
    if any(layer.name == "music_logit" for layer in network.layers):
        is_music = network.get_layer("music_logit").output
        outputs[MUSIC] = layers.Activation("sigmoid", name=MUSIC)(is_music)
    return keras.Model(network.input, outputs)


def evidence_of_frames(network: keras.Model, head: Any) -> Any:
    """What each frame adds to the outputs of ``head``: [batch, frames, 1, outputs].

    ``head``: a linear layer on the embedding of ``network``, whose layers are the backbone's.
    """
    dense, embedding = (network.get_layer(name) for name in ("embedding_dense", "embedding"))
    below = _slope(network.get_layer("pooled_norm"))[:, None] * dense.get_weights()[0]
    above = _slope(embedding)[:, None] * head.get_weights()[0]
    evidence = _Evidence(below, above)
    return evidence([network.get_layer("features").output, dense.output, head.output])


def _slope(norm: Any) -> NDArray[np.float32]:
    """The factors by which a batch norm multiplies at inference."""
    gamma, _, _, variance = norm.get_weights()
    return gamma / np.sqrt(variance + norm.epsilon)


class _Evidence(layers.Layer):
    """Logits by frame from the feature map, the dense layer's output and the logits."""

    def __init__(self, below: NDArray[np.float32], above: NDArray[np.float32]) -> None:
        super().__init__(name="evidence_of_frames")
        self._below, self._above = below, above

    def call(self, inputs: list[Any]) -> Any:
        features, dense, logits = inputs
        active = ops.cast(dense > 0, "float32")[:, :, None]
        slopes = ops.matmul(self._below, active * self._above)
        of_maximum, of_mean = slopes[:, 0::2], slopes[:, 1::2]
        is_maximum = ops.cast(features >= ops.max(features, axis=1, keepdims=True), "float32")
        share = is_maximum / ops.mean(is_maximum, axis=1, keepdims=True)
        by_frame = ops.matmul(features, of_mean) + ops.matmul(features * share, of_maximum)
        constant = logits[:, None] - ops.mean(by_frame, axis=1, keepdims=True)
        return (by_frame + constant)[:, :, None]
