"""What stands before a network of somebody's own: the log-mel as its tutorial made it."""

from typing import Any

from keras import layers, ops

from melonnx.export.errors import KerasFileError
from melonnx.export.keras.description import AXES, MFCC_SIZES, SCALES, Front
from melonnx.infer.model.metadata import ModelInfo

__all__ = ["as_learnt", "shape_text"]

_COPIES = 3
"""Channels of a network for pictures, which all get the same log-mel."""
_SMALLEST = 1e-8


def as_learnt(log_mel: Any, network: Any, info: ModelInfo, front: Front) -> Any:
    """From [batch, frames, n_features] of the format to what ``network`` takes.

    Features are mel bands, or the MFCC of ``info.mel_spec``. The network takes the same or, by
    ``front``, [batch, n_features, frames], with a last axis of 1 or 3 (copies) where it has one.

    Raises KerasFileError where it takes anything else.
    """
    _check(network, info, front)
    x = log_mel
    if front.scale == "decibels":
        depth = info.mel_spec.depth_db
        x = layers.Rescaling(depth, -depth)(x)
    if isinstance(front.normalise, tuple):
        mean, deviation = front.normalise
        x = layers.Rescaling(1 / deviation, -mean / deviation)(x)
    elif front.normalise == "minmax":
        low = ops.min(x, axis=(1, 2), keepdims=True)
        x = (x - low) / ops.maximum(ops.max(x, axis=(1, 2), keepdims=True) - low, _SMALLEST)
    elif front.normalise == "standard":
        x = x - ops.mean(x, axis=(1, 2), keepdims=True)
        deviation = ops.sqrt(ops.mean(ops.square(x), axis=(1, 2), keepdims=True))
        x = x / ops.maximum(deviation, _SMALLEST)
    if front.axes == AXES[1]:
        x = layers.Permute((2, 1))(x)
    shape = network.input_shape
    if len(shape) == 4:
        rows, columns = (size or -1 for size in x.shape[1:])
        x = layers.Reshape((rows, columns, 1))(x)
        if shape[3] == _COPIES:
            x = layers.Concatenate()([x] * _COPIES)
    return x


def _check(network: Any, info: ModelInfo, front: Front) -> None:
    shape, spec = network.input_shape, info.mel_spec
    if spec.mfcc and front.scale != SCALES[0]:
        raise KerasFileError(f'scale is "{front.scale}": MFCC are of decibels, leave it out')
    wanted = [(None, info.window), (None, spec.n_features)]
    if front.axes == AXES[1]:
        wanted.reverse()
    fits = (
        len(network.inputs) == 1
        and isinstance(shape, tuple)
        and len(shape) in (3, 4)
        and shape[0] is None
        and shape[1] in wanted[0]
        and shape[2] in wanted[1]
        and shape[3:] in ((), (1,), (_COPIES,))
    )
    if not fits:
        turned = isinstance(shape, tuple) and shape[1:3] == (wanted[1][1], wanted[0][1])
        other = AXES[front.axes == AXES[0]]
        hint = f'; the other way round is "axes": "{other}" in the description' * turned
        features = f"{spec.n_mels} mel bands"
        if spec.mfcc:
            features = f"{spec.n_features} MFCC" + " and deltas" * bool(spec.mfcc.deltas)
        elif isinstance(shape, tuple) and (found := MFCC_SIZES & {*shape[1:3]}):
            hint += f'; {min(found)} may be MFCC: "mfcc": {{"n_mfcc": {min(found)}}} in mel_spec'
        sizes = [f"{info.window} or any number of frames", features]
        if front.axes == AXES[1]:
            sizes.reverse()
        raise KerasFileError(
            f"the network takes {shape_text(shape)}; of the description it should be [batch, "
            f"{', '.join(sizes)}], or the same with a last axis of 1 or {_COPIES}{hint}"
        )


def shape_text(shape: Any) -> str:
    """A shape as a person reads it."""
    if not isinstance(shape, tuple):
        return f"several tensors ({shape})"
    return f"[{', '.join('any' if size is None else str(size) for size in shape)}]"
