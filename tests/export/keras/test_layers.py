"""Each of Keras's layers that audio classifiers are made of exports, or is refused by its name."""

from functools import cache

import keras
import numpy as np
import pytest
from keras import layers

from melonnx.export.errors import KerasFileError, ProofError
from melonnx.export.keras.convert import to_onnx
from melonnx.export.keras.intake import as_format_network
from melonnx.export.keras.load import load_keras
from melonnx.export.keras.prove import KERAS_TOLERANCE, prove
from melonnx.export.seal import seal
from melonnx.infer.model.metadata import ModelInfo
from tests.export.conftest import LABELS, SPEC

INFO = ModelInfo(
    name="own", version="1", labels=tuple(LABELS), mel_spec=SPEC, window=40, window_hop=40
)
PATCHES = np.random.default_rng(0).random((2, 40, 32), np.float32)


def normalisation(axis):
    layer = layers.Normalization(axis=axis)
    layer.adapt(np.random.default_rng(1).random((4, 40, 32, 1)))
    return layer


def picture(*inside):
    return keras.Sequential(
        [keras.Input((40, 32, 1)), *inside, layers.GlobalAveragePooling2D(), layers.Dense(3)]
    )


def sequence(*inside):
    return keras.Sequential([keras.Input((40, 32)), *inside, layers.Dense(3)])


def conformer():
    """Attention, a gated convolution and two half steps of feed-forward, without an embedding."""
    log_mel = keras.Input((40, 32))
    x = layers.Dense(8)(log_mel)
    y = layers.Dense(8)(layers.Dense(16, activation="swish")(layers.LayerNormalization()(x)))
    x = layers.Add()([x, layers.Rescaling(0.5)(y)])
    y = layers.LayerNormalization()(x)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 4)(y, y)])
    y = layers.LayerNormalization()(x)
    gated = layers.Multiply()([layers.Conv1D(8, 1)(y), layers.Dense(8, "sigmoid")(y)])
    y = layers.BatchNormalization()(layers.DepthwiseConv1D(5, padding="same")(gated))
    x = layers.Add()([x, layers.Conv1D(8, 1)(layers.Activation("swish")(y))])
    return keras.Model(log_mel, layers.Dense(3)(layers.GlobalAveragePooling1D()(x)))


def attentive(layer):
    log_mel = keras.Input((40, 32))
    x = layers.Dense(8)(log_mel)
    y = layer([x, x])
    return keras.Model(log_mel, layers.Dense(3)(layers.GlobalMaxPooling1D()(y)))


def with_body():
    """A body of keras.applications on three copies of the picture, without its weights.

    Its first blocks have each kind of its layers; all seventeen would take ten seconds more. Whole
    ones, of four kinds: ``python -m tests.benchmarks.bodies``.
    """
    log_mel = keras.Input((40, 32, 1))
    copies = layers.Concatenate()([log_mel] * 3)
    body = keras.applications.MobileNetV2(
        input_shape=(40, 32, 3), alpha=0.35, include_top=False, weights=None
    )
    blocks = keras.Model(body.input, body.get_layer("block_2_add").output, name="blocks")
    pooled = layers.GlobalAveragePooling2D()(blocks(copies))
    return keras.Model(log_mel, layers.Dense(3)(pooled))


CONV = layers.Conv2D
TABLE = {
    "preprocessing": lambda: picture(
        normalisation(None), normalisation(2), layers.Rescaling(2.0, -1.0), layers.Resizing(30, 20),
        layers.Resizing(20, 20, interpolation="nearest"), layers.CenterCrop(16, 16), CONV(4, 3),
    ),
    "normalisations": lambda: picture(
        CONV(4, 3), layers.BatchNormalization(), layers.LayerNormalization(), CONV(4, 3),
        layers.GroupNormalization(2), layers.SpectralNormalization(CONV(4, 3)),
        layers.UnitNormalization(),
    ),
    "convolutions": lambda: picture(
        CONV(4, 3, dilation_rate=2, padding="same"), layers.PReLU(), layers.ZeroPadding2D(2),
        layers.SeparableConv2D(4, 3), layers.DepthwiseConv2D(3), layers.MaxPooling2D(),
        layers.Conv2DTranspose(4, 3, strides=2), layers.UpSampling2D(), layers.Cropping2D(1),
        layers.AveragePooling2D(2, padding="same"), layers.LeakyReLU(),
    ),
    "over time": lambda: sequence(
        layers.Conv1D(4, 3, padding="causal", dilation_rate=2), layers.SeparableConv1D(4, 3),
        layers.DepthwiseConv1D(3), layers.MaxPooling1D(), layers.AveragePooling1D(2),
        layers.Conv1DTranspose(4, 3), layers.GlobalAveragePooling1D(),
    ),
    "only in training": lambda: picture(
        layers.GaussianNoise(0.1), layers.GaussianDropout(0.1), layers.AlphaDropout(0.1),
        layers.RandomFlip(), layers.RandomTranslation(0.1, 0.1), layers.RandomRotation(0.1),
        layers.RandomZoom(0.1), layers.RandomContrast(0.1), CONV(4, 3),
        layers.RandomBrightness(0.1, value_range=(0, 1)), layers.SpatialDropout2D(0.1),
        layers.ActivityRegularization(0.1), layers.Dropout(0.1),
    ),
    "activations": lambda: picture(
        CONV(4, 3), layers.ELU(), layers.Activation("gelu"), layers.Activation("mish"),
        layers.Activation("hard_swish"), layers.Activation("softplus"), layers.ReLU(6.0),
    ),
    "LSTM": lambda: sequence(
        layers.LSTM(4, return_sequences=True, dropout=0.2), layers.SimpleRNN(3)
    ),
    "bidirectional": lambda: sequence(
        layers.Bidirectional(layers.GRU(4, return_sequences=True)), layers.GlobalMaxPooling1D()
    ),
    "ConvLSTM": lambda: sequence(
        layers.Reshape((10, 4, 32, 1)), layers.ConvLSTM2D(3, 3), layers.GlobalMaxPooling2D()
    ),
    "by parts": lambda: sequence(
        layers.Reshape((5, 8, 32, 1)), layers.TimeDistributed(CONV(2, 3)),
        layers.TimeDistributed(layers.GlobalAveragePooling2D()), layers.Flatten(),
    ),
    "turned": lambda: sequence(
        layers.Permute((2, 1)), layers.EinsumDense("abc,cd->abd", (32, 8), bias_axes="d"),
        layers.Flatten(),
    ),
    "attention": lambda: attentive(layers.Attention()),
    "additive attention": lambda: attentive(layers.AdditiveAttention()),
    "conformer": conformer,
    "keras.applications": with_body,
}  # fmt: skip


@pytest.fixture(scope="module")
def convert(tmp_path_factory):
    """Save a network of the table, load and convert it; once for all tests."""

    @cache
    def run(name):
        keras.utils.set_random_seed(0)
        path = tmp_path_factory.mktemp("network") / "own.keras"
        TABLE[name]().save(path)
        whole = as_format_network(load_keras(path), INFO, None, PATCHES)
        return whole, to_onnx(whole, INFO)

    return run


@pytest.mark.parametrize("name", TABLE)
def test_layers_export_and_are_proved(name, convert):
    whole, model = convert(name)
    assert max(prove(model, whole, PATCHES).worst.values()) <= KERAS_TOLERANCE


@pytest.mark.parametrize("name", ["attention", "bidirectional"])
def test_the_order_of_nodes_is_no_lot(name, convert):
    whole, model = convert(name)
    assert seal(to_onnx(whole, INFO)) == seal(model)


def refused(network, folder, code=None):
    network.save(folder / "own.keras")
    with pytest.raises(KerasFileError) as caught:
        load_keras(folder / "own.keras", code)
    return str(caught.value)


def test_lambda_is_refused_by_its_name(tmp_path):
    said = refused(picture(layers.Lambda(lambda x: 2 * x, name="twice")), tmp_path)
    assert "layer 'twice' is a Lambda" in said
    assert "new.set_weights(old.get_weights())" in said


def test_random_crop_is_refused_by_its_name(tmp_path):
    said = refused(picture(layers.RandomCrop(30, 30, name="cut")), tmp_path)
    assert "layer 'cut' is a RandomCrop" in said


CODE = '''
import keras

class Doubled(keras.layers.Layer):
    """A layer of one's own."""

    def __init__(self, by=2.0, **kwargs):
        super().__init__(**kwargs)
        self.by = by

    def call(self, inputs):
        return self.by * inputs

    def get_config(self):
        return super().get_config() | {"by": self.by}
'''


def test_a_layer_of_ones_own_comes_with_its_code(tmp_path):
    code = tmp_path / "my_layers.py"
    code.write_text(CODE)
    inside: dict = {}
    exec(CODE, {"__name__": "notebook"}, inside)
    network = picture(inside["Doubled"](3.0, name="louder"), CONV(4, 3))
    said = refused(network, tmp_path)
    assert "layer 'louder' is a Doubled, a class of your own: export it with --layers" in said
    loaded = load_keras(tmp_path / "own.keras", code)
    assert loaded.get_layer("louder").by == 3.0
    (tmp_path / "broken.py").write_text("import nothing_of_this_name")
    assert "broken.py: fails (ModuleNotFoundError" in refused(
        network, tmp_path, tmp_path / "broken.py"
    )


def test_models_inside_of_models_are_opened(tmp_path):
    """Their layers may have the same names; the answer is the same, evidence by place is there."""
    front = keras.Sequential(
        [keras.Input((40, 32, 1)), CONV(4, 3, name="dense"), layers.ReLU()], name="front"
    )
    back = keras.Sequential(
        [
            keras.Input((38, 30, 4)),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5, name="dense"),
            layers.Dense(3, name="dense_1"),
            layers.Activation("softmax"),
        ],
        name="back",
    )
    network = keras.Sequential([keras.Input((40, 32, 1)), front, back])
    network.save(tmp_path / "own.keras")
    opened = load_keras(tmp_path / "own.keras")
    assert not [layer for layer in opened.layers if isinstance(layer, keras.Model)]
    wanted = network.predict(PATCHES[..., None], verbose=0)
    np.testing.assert_allclose(opened.predict(PATCHES[..., None], verbose=0), wanted, atol=1e-6)
    whole = as_format_network(opened, INFO, "back_dense", PATCHES)
    assert whole.output["embedding"].shape == (None, 5)
    np.testing.assert_allclose(
        whole.predict(PATCHES, verbose=0)["probabilities"], wanted, atol=1e-6
    )


@pytest.mark.parametrize(
    "network",
    [
        lambda: picture(
            layers.ZeroPadding2D(((1, 2), (0, 3))), CONV(4, 3, dilation_rate=2, padding="same")
        ),
        lambda: sequence(
            layers.ZeroPadding1D(1), layers.Conv1D(4, 4, dilation_rate=2, padding="same"),
            layers.GlobalMaxPooling1D(),
        ),
    ],
    ids=["2D", "1D"],
)  # fmt: skip
def test_two_paddings_of_a_dilated_convolution_are_not_taken_for_one(network, tmp_path):
    keras.utils.set_random_seed(0)
    original = network()
    original.save(tmp_path / "own.keras")
    whole = as_format_network(load_keras(tmp_path / "own.keras"), INFO, None, PATCHES)
    assert prove(to_onnx(whole, INFO), whole, PATCHES).worst["evidence"] <= KERAS_TOLERANCE
    given = PATCHES.reshape(-1, *original.input_shape[1:])
    wanted = keras.ops.softmax(original.predict(given, verbose=0))
    said = whole.predict(PATCHES, verbose=0)["probabilities"]
    np.testing.assert_allclose(said, wanted, atol=1e-6)


def test_small_logits_are_no_sigmoid():
    """Logits between 0 and 1 are told from sigmoids by the layer, not by luck."""
    network = sequence(layers.Flatten())
    network.set_weights([np.zeros((1280, 3)), np.full(3, 0.5)])
    whole = as_format_network(network, INFO, None, PATCHES)
    said = whole.predict(PATCHES, verbose=0)["probabilities"]
    np.testing.assert_allclose(said, 1 / 3, atol=1e-6)


def far_sighted():
    """A norm of a variance of next to nothing: a rounding in front is a thousand times as much."""
    network = picture(CONV(8, 3, activation="sigmoid"), layers.BatchNormalization(epsilon=1e-9))
    norm = network.layers[1]
    heard = network.layers[0](PATCHES[..., None])
    means = np.mean(heard, axis=(0, 1, 2))
    gamma, beta, _, _ = norm.get_weights()
    norm.set_weights([gamma, beta, means, np.full(8, 1e-9)])
    return network


def test_a_network_that_makes_much_of_a_rounding_is_held_to_its_own(tmp_path):
    far_sighted().save(tmp_path / "own.keras")
    whole = as_format_network(load_keras(tmp_path / "own.keras"), INFO, None, PATCHES)
    known = [weight.copy() for weight in whole.get_weights()]
    model = to_onnx(whole, INFO)
    worst = max(prove(model, whole, PATCHES).worst.values())
    assert KERAS_TOLERANCE < worst < 1e-3
    for before, after in zip(known, whole.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    whole.set_weights([weight * 1.001 for weight in known])
    with pytest.raises(ProofError, match="ONNX and Keras differ"):
        prove(model, whole, PATCHES)
