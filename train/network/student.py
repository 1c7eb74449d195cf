"""The networks that learn above a part that does not: the backbone with its upper part taught.

Most of the backbone's time goes into its front filters. The light student asks them at every second
frame and every second mel band, their weights as they are, and learns all that is above them. The
heavy one is the whole backbone and learns its last layer, on what is pooled over a window. One that
is fine-tuned does the same without a teacher, from a model file's weights, at a low rate.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from melonnx.infer.frontend.windows import patch_batches, window_starts
from melonnx.infer.model.metadata import ModelInfo
from melonnx.train.data.cache import CachedLogMel
from melonnx.train.network.backbone import FRONT_FILTERS, MIDDLE, N_FRAMES, build_backbone
from melonnx.train.network.transfer import BACKBONE_MEL
from melonnx.train.settings import Settings

__all__ = [
    "HEAVY_STUDENT",
    "STRIDES",
    "STUDENT",
    "FrontWindows",
    "begin_student",
    "embed_fronts",
    "fine_tuned",
    "front_of",
    "hear",
    "look_less_often",
    "upper_of",
]

STRIDES = 2, 2
"""Frames and mel bands from one place to the next."""

STUDENT = Settings(
    network="student",
    mel_spec=BACKBONE_MEL,
    window=N_FRAMES,
    window_hop=N_FRAMES,
    max_windows=5,
    pooling="logits",
    taught=0.5,
    epochs=20,
    batch_size=32,
    learning_rate=1e-3,
    weight_decay=1e-3,
    label_smoothing=0.0,
    mixup=0.0,
)
"""Patches of 3 s, side by side, at five places of longer tracks."""

HEAVY_STUDENT = replace(
    STUDENT, network="heavy_student", max_windows=6, windows_together=10, epochs=80
)
"""At six places, as ``TRANSFER``; a song of half a minute is learnt from whole."""

_FINE_TUNED = replace(
    HEAVY_STUDENT, network="fine_tuned", epochs=40, learning_rate=1e-4, copies=0, patience=40
)

FrontWindows = NDArray[np.float16]
"""(windows, frames', channels), of a heavy student (windows, values): what that part of the network
says of each window of a song which does not learn, so it is asked once."""

_POOLED = "pooled_norm"

_PATCHES_AT_ONCE = 32
_FRONTS_AT_ONCE = 256


def fine_tuned(info: ModelInfo, *, deeper: bool = False) -> Settings:
    """Settings of a network that learns on from the file which ``info`` describes.

    ``deeper``: the convolutions above the front learn, too, and not the embedding's layer alone.
    """
    return replace(
        _FINE_TUNED,
        network="fine_tuned_deeper" if deeper else "fine_tuned",
        mel_spec=info.mel_spec,
        window=info.window,
        window_hop=info.window_hop,
        max_windows=info.max_windows,
        pooling=info.pooling,
    )


def begin_student(backbone: keras.Model, settings: Settings) -> keras.Model:
    """What is to be taught, a network of its own that begins with the weights of ``backbone``."""
    if settings.network == "student":
        return look_less_often(backbone)
    return _with_weights_of(backbone, backbone.get_layer("timbral_38").strides)


def look_less_often(backbone: keras.Model) -> keras.Model:
    """``backbone`` at every second frame and band; what is above the front is but a beginning.

    The kernels of the middle reach over as much time as before: each weight goes to the frames
    that are nearest to where it was.
    """
    student = _with_weights_of(backbone, STRIDES)
    for name in MIDDLE:
        layer = student.get_layer(name)
        kernel, bias = layer.get_weights()
        layer.set_weights([_squeezed(kernel, STRIDES[0]), bias])
    return student


def _with_weights_of(backbone: keras.Model, strides: tuple[int, int]) -> keras.Model:
    widths = {name: int(backbone.get_layer(name).get_weights()[1].size) for name in FRONT_FILTERS}
    network = build_backbone(widths, strides)
    for layer in network.layers:
        if layer.weights:
            layer.set_weights(backbone.get_layer(layer.name).get_weights())
    return network


def _squeezed(kernel: NDArray[np.float32], stride: int) -> NDArray[np.float32]:
    """Weights [taps, ...] for a feature map with ``stride`` times fewer frames."""
    squeezed, centre = np.zeros_like(kernel), len(kernel) // 2
    for tap, weights in enumerate(kernel):
        before, share = divmod((tap - centre) / stride, 1)
        squeezed[centre + int(before)] += weights * (1 - share)
        if share:
            squeezed[centre + int(before) + 1] += weights * share
    return squeezed


def front_of(student: keras.Model, settings: Settings = STUDENT) -> keras.Model:
    """The part that does not learn.

    Log-mels [batch, frames, 96] to the feature map of the front [batch, frames', channels], of a
    heavy student to what is pooled over a patch [batch, values].
    """
    return keras.Model(student.input, _parting(student, settings))


def upper_of(student: keras.Model, settings: Settings = STUDENT) -> keras.Model:
    """What :func:`front_of` gives to the embedding [batch, 200]; shares the student's weights."""
    embedding = student.get_layer("embedding").output
    return keras.Model(_parting(student, settings), embedding, name="upper")


def _parting(student: keras.Model, settings: Settings) -> keras.KerasTensor:
    layer = "front" if settings.network in ("student", "fine_tuned_deeper") else _POOLED
    return student.get_layer(layer).output


def hear(front: keras.Model, log_mel: CachedLogMel, first: int = 0) -> FrontWindows:
    """What ``front`` says of the windows of a track, side by side from frame ``first`` on.

    ``log_mel`` [frames, 96]; the last window ends with the track. One shorter than a window is
    repeated.
    """
    first = min(first, max(0, len(log_mel) - N_FRAMES))
    starts = [first + at for at in window_starts(len(log_mel) - first, N_FRAMES, N_FRAMES)]
    batches = patch_batches(log_mel.astype(np.float32), N_FRAMES, starts, _PATCHES_AT_ONCE)
    return np.concatenate([np.asarray(front.predict_on_batch(p), np.float16) for p in batches])


def embed_fronts(upper: keras.Model, sounds: Sequence[FrontWindows]) -> list[NDArray[np.float32]]:
    """The embeddings (windows, 200) of each of ``sounds``, by :func:`upper_of`."""
    windows = np.concatenate([*sounds]).astype(np.float32)
    embeddings: Any = upper.predict(windows, batch_size=_FRONTS_AT_ONCE, verbose=0)
    return np.split(embeddings, np.cumsum([len(own) for own in sounds])[:-1])
