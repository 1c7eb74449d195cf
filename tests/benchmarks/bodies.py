"""Prints whether whole bodies of ``keras.applications`` export, and how far they are from Keras.

    python -m tests.benchmarks.bodies [NAME ...]

Each with chance weights, on a log-mel picture of one channel and on three copies of it. Batch norms
have seen some pictures, so that what comes out at the end differs from window to window.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np
from keras import applications, layers

from melonnx.export.keras.convert import to_onnx
from melonnx.export.keras.intake import as_format_network
from melonnx.export.keras.load import load_keras
from melonnx.export.keras.prove import prove
from melonnx.infer import MelSpec
from melonnx.infer.model.metadata import ModelInfo

FRAMES, BANDS, LABELS = 40, 32, ("rock", "jazz", "folk")
INFO = ModelInfo(
    name="own", version="1", labels=LABELS, mel_spec=MelSpec(hop_length=1024, n_mels=BANDS),
    window=FRAMES, window_hop=FRAMES,
)  # fmt: skip
BODIES: dict[str, Callable[..., Any]] = {
    "MobileNetV2": lambda **how: applications.MobileNetV2(alpha=0.35, **how),
    "MobileNetV3Small": lambda **how: applications.MobileNetV3Small(alpha=0.75, **how),
    "EfficientNetV2B0": applications.EfficientNetV2B0,
    "ResNet50V2": applications.ResNet50V2,
}


def pictures(n: int) -> np.ndarray:
    """Float32 [n, 40, 32]: broad spots of light and dark, and some noise."""
    rng = np.random.default_rng(0)
    spots = rng.random((n, 5, 4)).repeat(FRAMES // 5, axis=1).repeat(BANDS // 4, axis=2)
    return (0.8 * spots + 0.2 * rng.random((n, FRAMES, BANDS))).astype(np.float32)


def build(name: str, channels: int) -> keras.Model:
    """The body, pooled, under three labels; of a picture [batch, 40, 32, 1]."""
    keras.utils.set_random_seed(0)
    picture = keras.Input((FRAMES, BANDS, 1))
    given = layers.Concatenate()([picture] * channels) if channels > 1 else picture
    body = BODIES[name](
        input_shape=(FRAMES, BANDS, channels), include_top=False, weights=None
    )  # fmt: skip
    pooled = layers.GlobalAveragePooling2D()(body(given))
    network = keras.Model(picture, layers.Dense(len(LABELS), activation="softmax")(pooled))
    norms = [layer for layer in body.layers if isinstance(layer, layers.BatchNormalization)]
    known = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    network(pictures(64)[..., None], training=True)
    for norm, momentum in zip(norms, known, strict=True):
        norm.momentum = momentum
    return network


def main() -> None:
    """A line for each body and number of channels."""
    patches = pictures(6)
    for name in sys.argv[1:] or BODIES:
        for channels in (1, 3):
            began = time.process_time()
            with TemporaryDirectory() as folder:
                path = Path(folder) / "own.keras"
                build(name, channels).save(path)
                whole = as_format_network(load_keras(path), INFO, None, patches)
            model = to_onnx(whole, INFO)
            worst = max(prove(model, whole, patches).worst.values())
            spread = np.ptp(whole.predict(patches, verbose=0)["probabilities"], axis=0).max()
            print(
                f"{name}, {channels} channels: equal to Keras to {worst:.1e}; answers differ by "
                f"{spread:.2f} from window to window; {model.ByteSize() / 1e6:.1f} MB, "
                f"{time.process_time() - began:.0f} s of the processor",
                flush=True,
            )


if __name__ == "__main__":
    main()
