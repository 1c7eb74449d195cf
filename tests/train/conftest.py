"""What the tests of training share: a checkpoint laid out as musicnn's, and pure tones."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import RATE, encode

Weights = dict[str, NDArray[np.float32]]

_KERNELS = {
    "conv2d": (7, 38, 1, 204),
    "conv2d_1": (7, 67, 1, 204),
    "conv2d_2": (128, 1, 1, 51),
    "conv2d_3": (64, 1, 1, 51),
    "conv2d_4": (32, 1, 1, 51),
    "conv2d_5": (7, 561, 1, 64),
    "conv2d_6": (7, 64, 1, 64),
    "conv2d_7": (7, 64, 1, 64),
    "dense": (1506, 200),
    "dense_1": (200, 50),
}
_NORMS = (1, 204, 204, 51, 51, 51, 64, 64, 64, 1506, 200)
_FRONT = 5
_LIVE = 4
"""Front filters of a kind that are not zero; in the published file, too, most are."""


def random_weights() -> Weights:
    """By the names and of the shapes of the published checkpoint."""
    rng = np.random.default_rng(0)
    weights: Weights = {}
    for number, (scope, shape) in enumerate(_KERNELS.items()):
        kernel = rng.normal(0, np.prod(shape[:-1]) ** -0.5, shape)
        if number < _FRONT:
            kernel[..., _LIVE:] = 0
        weights |= {f"{scope}/kernel": kernel, f"{scope}/bias": rng.normal(0, 0.3, shape[-1])}
    for number, size in enumerate(_NORMS):
        scope = f"batch_normalization_{number}" if number else "batch_normalization"
        weights |= {
            f"{scope}/gamma": rng.uniform(0.5, 1.5, size),
            f"{scope}/beta": rng.normal(0, 0.3, size),
            f"{scope}/moving_mean": rng.normal(0, 0.3, size),
            f"{scope}/moving_variance": rng.uniform(0.5, 1.5, size),
        }
    return {name: weight.astype(np.float32) for name, weight in weights.items()}


def write_checkpoint(package: Path, weights: Weights) -> Path:
    """Write ``weights`` where an unpacked package has them; returns ``package``."""
    import tensorflow as tf

    folder = package / "musicnn" / "MSD_musicnn"
    folder.mkdir(parents=True)
    tf.raw_ops.SaveV2(
        prefix=f"{folder.as_posix()}/",
        tensor_names=list(weights),
        shape_and_slices=[""] * len(weights),
        tensors=list(weights.values()),
    )
    return package


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder laid out as the unpacked package, with random weights."""
    return write_checkpoint(tmp_path_factory.mktemp("package"), random_weights())


def write_tones(path: Path, *parts: tuple[float, float], rate: int = RATE) -> Path:
    """A wav of tones in turn: (Hz, seconds)."""
    phases = [np.arange(round(seconds * rate)) * hz / rate for hz, seconds in parts]
    samples = np.concatenate([np.sin(2 * np.pi * phase) for phase in phases]) * 0.5
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(samples, rate, "WAV", "PCM_16"))
    return path
