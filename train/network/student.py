"""The light network that learns from teachers: the backbone, asked less often and taught anew.

Most of the backbone's time goes into its front filters. The student asks them at every second
frame and every second mel band, their weights as they are, and learns all that is above them.
"""

import keras
import numpy as np
from numpy.typing import NDArray

from melonnx.infer.frontend.windows import patch_batches, window_starts
from melonnx.train.data.cache import CachedLogMel
from melonnx.train.network.backbone import FRONT_FILTERS, N_FRAMES, build_backbone
from melonnx.train.network.transfer import BACKBONE_MEL
from melonnx.train.settings import Settings

__all__ = [
    "STRIDES",
    "STUDENT",
    "FrontWindows",
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
    max_windows=4,
    pooling="logits",
    taught=0.5,
    epochs=20,
    batch_size=32,
    learning_rate=1e-3,
    weight_decay=1e-3,
    label_smoothing=0.0,
    mixup=0.0,
)
"""Patches of 3 s, side by side, at four places of longer tracks."""

FrontWindows = NDArray[np.float16]
"""(windows, frames', channels): what the front says of each window of a song; it does not learn,
so it is asked once."""

_MIDDLE = ("middle_1", "middle_2", "middle_3")
_PATCHES_AT_ONCE = 32


def look_less_often(backbone: keras.Model) -> keras.Model:
    """``backbone`` at every second frame and band; what is above the front is but a beginning.

    The kernels of the middle reach over as much time as before: each weight goes to the frames
    that are nearest to where it was.
    """
    widths = {name: int(backbone.get_layer(name).get_weights()[1].size) for name in FRONT_FILTERS}
    student = build_backbone(widths, STRIDES)
    for layer in student.layers:
        if layer.weights:
            layer.set_weights(backbone.get_layer(layer.name).get_weights())
    for name in _MIDDLE:
        layer = student.get_layer(name)
        kernel, bias = layer.get_weights()
        layer.set_weights([_squeezed(kernel, STRIDES[0]), bias])
    return student


def _squeezed(kernel: NDArray[np.float32], stride: int) -> NDArray[np.float32]:
    """Weights [taps, ...] for a feature map with ``stride`` times fewer frames."""
    squeezed, centre = np.zeros_like(kernel), len(kernel) // 2
    for tap, weights in enumerate(kernel):
        before, share = divmod((tap - centre) / stride, 1)
        squeezed[centre + int(before)] += weights * (1 - share)
        if share:
            squeezed[centre + int(before) + 1] += weights * share
    return squeezed


def front_of(student: keras.Model) -> keras.Model:
    """Log-mels [batch, frames, 96] to the feature map of the front [batch, frames', channels]."""
    return keras.Model(student.input, student.get_layer("front").output)


def upper_of(student: keras.Model) -> keras.Model:
    """The feature map of the front to the embedding [batch, 200]; shares the student's weights."""
    return keras.Model(
        student.get_layer("front").output, student.get_layer("embedding").output, name="upper"
    )


def hear(front: keras.Model, log_mel: CachedLogMel, first: int = 0) -> FrontWindows:
    """What ``front`` says of the windows of a track, side by side from frame ``first`` on.

    ``log_mel`` [frames, 96]; the last window ends with the track. One shorter than a window is
    repeated.
    """
    first = min(first, max(0, len(log_mel) - N_FRAMES))
    starts = [first + at for at in window_starts(len(log_mel) - first, N_FRAMES, N_FRAMES)]
    batches = patch_batches(log_mel.astype(np.float32), N_FRAMES, starts, _PATCHES_AT_ONCE)
    return np.concatenate([np.asarray(front.predict_on_batch(p), np.float16) for p in batches])
