"""A Keras model of somebody's own becomes a model file by the same door, or is refused clearly."""

import keras
import numpy as np
import pytest
from keras import layers

from melonnx.export.errors import KerasFileError
from melonnx.export.keras.convert import to_onnx
from melonnx.export.keras.description import Front
from melonnx.export.keras.intake import as_format_network
from melonnx.export.seal import seal
from melonnx.infer import Predictor
from melonnx.infer.model.metadata import ModelInfo
from melonnx.infer.model.session import MODELS_FOLDER, load_model
from tests.export.conftest import LABELS, SPEC, over_time, recurrent

SAMPLE = MODELS_FOLDER / "sample.mp3"


def pooled(shape, last="softmax", **how):
    """Convolutions, global average pooling, dropout, Dense: evidence by place."""
    picture = [] if len(shape) == 3 else [layers.Reshape((shape[0] or -1, shape[1], 1))]
    return keras.Sequential(
        [
            keras.Input(shape, **how),
            *picture,
            layers.Conv2D(6, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.5),
            layers.Dense(3, activation=last),
        ]
    )


def flat(last="linear"):
    """No pooling: a Dense on everything, of a fixed number of frames."""
    return keras.Sequential(
        [
            keras.Input((40, 32)),
            layers.Flatten(),
            layers.Dense(5, activation="relu"),
            layers.Dense(3),
            layers.Activation(last),
        ]
    )


def mixed():
    """Trained in float16 with float32 weights."""
    half = keras.DTypePolicy("mixed_float16")
    log_mel = keras.Input((None, 32))
    x = layers.Conv1D(4, 3, activation="relu", dtype=half)(log_mel)
    x = layers.GlobalAveragePooling1D(dtype=half)(x)
    return keras.Model(log_mel, layers.Dense(3, activation="softmax", dtype=half)(x))


@pytest.mark.parametrize(
    ("network", "places", "size"),
    [
        (lambda: pooled((None, 32)), (20, 16), 6),
        (lambda: pooled((40, 32, 1), last=None), (20, 16), 6),
        (lambda: pooled((None, None, 1)), (20, 16), 6),
        (over_time, (36, 1), 7),
        (flat, (1, 1), 5),
        (lambda: flat("softmax"), (1, 1), 5),
        (recurrent, (1, 1), 4),
    ],
    ids=[
        "frames and mels",
        "channel, logits",
        "any size",
        "1d",
        "flat logits",
        "flat softmax",
        "recurrent",
    ],
)
def test_each_form_is_proved_and_answers_as_keras_does(take_in, tmp_path, network, places, size):
    network = network()
    made = take_in(network)
    assert max(made.proof.worst.values()) <= 1e-5
    patches = np.random.default_rng(1).random((3, 40, 32), np.float32)
    given = patches[..., None] if len(network.input_shape) == 4 else patches
    expected = np.asarray(network.predict(given, verbose=0), np.float64)
    if abs(expected.sum(axis=1) - 1).max() > 1e-3:
        powers = np.exp(expected)
        expected = powers / powers.sum(axis=1, keepdims=True)
    model = load_model(tmp_path / "own.onnx", device="cpu")
    outputs = model.run(patches)
    np.testing.assert_allclose(outputs.probabilities, expected, atol=1e-5)
    assert outputs.embedding.shape == (3, size)
    assert outputs.evidence is not None
    assert outputs.evidence.shape == (3, *places, 3)
    powers = np.exp(outputs.evidence.mean(axis=(1, 2)))
    np.testing.assert_allclose(powers / powers.sum(axis=1, keepdims=True), expected, atol=1e-5)


def test_the_file_says_what_the_description_says(take_in, tmp_path):
    bars = {"90": {"rock": 0.9}}
    take_in(pooled((None, 32)), window_hop=20, temperature=1.5, bars=bars)
    predictor = Predictor(tmp_path / "own.onnx", device="cpu")
    info = predictor.info
    assert (info.labels, info.mel_spec, info.window) == (tuple(LABELS), SPEC, 40)
    assert (info.window_hop, info.temperature, info.bars) == (20, 1.5, bars)
    assert (info.name, info.version, info.dataset, info.license) == ("own", "2", "mine", "CC0")
    assert set(predictor.predict(SAMPLE).probabilities) == set(LABELS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own.json", "own.keras", "own.onnx"]


def test_mels_by_time_in_decibels_of_three_channels_each_window_by_itself(take_in, tmp_path):
    """What a tutorial made of a segment, in numpy, is what its network is given."""
    network = pooled((32, 40, 3))
    take_in(network, axes="mels, frames", scale="decibels", normalise="standard")
    patches = np.random.default_rng(1).random((3, 40, 32), np.float32)
    decibels = 80 * patches.transpose(0, 2, 1) - 80
    mean, deviation = (f(decibels, axis=(1, 2), keepdims=True) for f in (np.mean, np.std))
    given = np.repeat(((decibels - mean) / deviation)[..., None], 3, axis=-1)
    outputs = load_model(tmp_path / "own.onnx", device="cpu").run(patches)
    np.testing.assert_allclose(outputs.probabilities, network.predict(given, verbose=0), atol=1e-5)
    assert outputs.evidence is not None
    assert outputs.evidence.shape == (3, 20, 16, 3)  # frames first again


@pytest.mark.parametrize(
    ("normalise", "expected"),
    [
        ("minmax", lambda x: (x - x.min()) / (x.max() - x.min())),
        ([0.5, 0.25], lambda x: (x - 0.5) / 0.25),
    ],
)
def test_a_window_is_normalised_as_the_description_says(normalise, expected):
    info = ModelInfo(
        name="own", version="1", labels=tuple(LABELS), mel_spec=SPEC, window=40, window_hop=40
    )
    network = flat("softmax")
    patch = np.random.default_rng(2).random((1, 40, 32), np.float32)
    front = Front(normalise=tuple(normalise) if isinstance(normalise, list) else normalise)
    whole = as_format_network(network, info, None, patch, front)
    said = whole.predict(patch, verbose=0)["probabilities"]
    np.testing.assert_allclose(said, network.predict(expected(patch), verbose=0), atol=1e-5)


def test_mixed_precision_runs_in_float32(take_in):
    assert max(take_in(mixed()).proof.worst.values()) <= 1e-5


def test_any_layer_may_be_the_embedding(take_in, tmp_path):
    log_mel = keras.Input((40, 32))
    x = layers.Dense(9, name="early")(layers.Flatten()(log_mel))
    x = layers.Dense(3, name="last")(layers.ReLU()(x))
    take_in(keras.Model(log_mel, x), embedding="early")
    embedding = load_model(tmp_path / "own.onnx").run(np.ones((1, 40, 32), np.float32)).embedding
    assert embedding.shape == (1, 9)
    assert embedding.min() < 0  # before the ReLU


@pytest.mark.parametrize(
    ("network", "about", "reason"),
    [
        (lambda: pooled((None, 64)), {}, r"takes \[any, any, 64\]; .* 32 mel bands"),
        (lambda: pooled((32, 40)), {}, "the other way round is .axes.: .mels, frames. in"),
        (lambda: pooled((40, 32, 2)), {}, r"takes \[any, 40, 32, 2\]"),
        (
            lambda: pooled((None, 32)),
            {"labels": ["a", "b"]},
            r"answers with \[any, 3\]; .* 2 labels",
        ),
        (lambda: pooled((None, 32), "sigmoid"), {}, "ends with sigmoid, several labels"),
        (lambda: pooled((None, 32)), {"embedding": "nose"}, "no layer 'nose'; there are"),
        (
            lambda: keras.Sequential(
                [
                    keras.Input((None, 32)),
                    layers.Conv1D(3, 1),
                    layers.GlobalAveragePooling1D(),
                ]
            ),
            {},
            "does not end with a Dense layer",
        ),
    ],
)
def test_what_cannot_be_exported_is_refused_and_why(take_in, tmp_path, network, about, reason):
    with pytest.raises(KerasFileError, match=reason):
        take_in(network(), **about)
    assert not (tmp_path / "own.onnx").exists()


def test_a_loop_is_of_the_same_bytes_each_time():
    """Which of two equal outputs of its body is the copy, the converter decides by lot."""
    info = ModelInfo(
        name="own", version="1", labels=tuple(LABELS), mel_spec=SPEC, window=40, window_hop=40
    )
    patches = np.random.default_rng(0).random((2, 40, 32), np.float32)
    network = as_format_network(recurrent(), info, None, patches)
    assert len({seal(to_onnx(network, info)) for _ in range(8)}) == 1
