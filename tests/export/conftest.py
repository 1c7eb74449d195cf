"""What the tests of export share: models made without Keras, and a way in for its own."""

import json
from pathlib import Path
from typing import Protocol

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper, parser

from melonnx.export.seal import seal
from melonnx.infer import MelSpec
from melonnx.infer.model.metadata import METADATA_KEY, ModelInfo


class WriteModel(Protocol):
    """Write a model that says ``info`` of itself."""

    def __call__(self, info: ModelInfo, name: str = "plain.onnx") -> Path: ...


# Weights by place, so that a window one frame beside is another window.
_NETWORK = """
    placed = Mul (log_mel, ramp)
    places = MatMul (placed, kernel)
    embedding = ReduceMean <axes = [1], keepdims = 0> (places)
    logits = MatMul (embedding, head)
    probabilities = Softmax <axis = -1> (logits)
    by_place = MatMul (places, head)
    evidence = Unsqueeze (by_place, axis)
"""

_MUSIC = """
    music_logit = MatMul (embedding, ear)
    music = Sigmoid (music_logit)
"""


def plain_model(info: ModelInfo, seed: int = 0) -> onnx.ModelProto:
    """Two matrices on a patch: not clever, but it hears every frame and band."""
    rng = np.random.default_rng(seed)
    n_labels = len(info.labels)
    with_music = info.music_bar > 0
    constants = {
        "ramp": np.linspace(0.5, 1.5, info.window)[:, None].astype(np.float32),
        "kernel": rng.normal(0, 0.3, (info.mel_spec.n_features, 7)).astype(np.float32),
        "head": rng.normal(0, 1, (7, n_labels)).astype(np.float32),
        "axis": np.array([2]),
        **({"ear": rng.normal(0, 1, (7, 1)).astype(np.float32)} if with_music else {}),
    }
    shapes = {
        "log_mel": ["batch", "frames", info.mel_spec.n_features],
        "probabilities": ["batch", n_labels],
        "embedding": ["batch", 7],
        "evidence": ["batch", "evidence_frames", 1, n_labels],
        **({"music": ["batch", 1]} if with_music else {}),
    }
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in shapes.items()
    ]
    graph = helper.make_graph(
        list(parser.parse_graph(f"plain () => () {{{_NETWORK + _MUSIC * with_music}}}").node),
        info.name,
        values[:1],
        values[1:],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {METADATA_KEY: info.to_json()})
    return model


@pytest.fixture
def write_model(tmp_path: Path) -> WriteModel:
    """Write a plain model into ``tmp_path``."""

    def write(info: ModelInfo, name: str = "plain.onnx") -> Path:
        path = tmp_path / name
        path.write_bytes(seal(plain_model(info)))
        return path

    return write


SPEC = MelSpec(hop_length=1024, n_mels=32)
LABELS = ["rock", "jazz", "folk"]
ABOUT = {"labels": LABELS, "mel_spec": SPEC.to_dict(), "window": 40}


def over_time():
    """One-dimensional, functional, a softmax layer of its own, no bias."""
    import keras
    from keras import layers

    log_mel = keras.Input((None, 32))
    x = layers.Conv1D(7, 5, activation="relu")(log_mel)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(log_mel, layers.Softmax()(layers.Dense(3, use_bias=False)(x)))


def recurrent():
    """A GRU becomes a loop: a graph inside of the graph."""
    import keras
    from keras import layers

    return keras.Sequential([keras.Input((40, 32)), layers.GRU(4), layers.Dense(3)])


@pytest.fixture
def take_in(tmp_path):
    """Save, describe, export; returns the file."""

    def run(network, **about):
        import keras

        from melonnx.export.keras.description import read_description
        from melonnx.export.keras.own import export_keras

        keras.utils.set_random_seed(0)
        network.save(tmp_path / "own.keras")
        given = {key: value for key, value in (ABOUT | about).items() if value is not None}
        (tmp_path / "own.json").write_text(json.dumps(given))
        described = read_description(
            tmp_path / "own.json",
            name="own",
            version="2",
            dataset="mine",
            license_name="CC0",
            attribution="me",
        )
        out = tmp_path / "own.onnx"
        return export_keras(tmp_path / "own.keras", described, out, say=lambda line: None)

    return run
