"""What rounding alone makes of a network is allowed, and no more."""

import keras
import numpy as np
import onnx
import pytest
from keras import layers

from melonnx.export.difference import Worst
from melonnx.export.keras.prove import Proof, allowed_difference


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(62)
    mfcc = keras.Input((25, 13))
    embedding = layers.Flatten()(mfcc)
    logits = layers.Dense(4)(embedding)
    outputs = {
        "probabilities": layers.Softmax()(logits),
        "embedding": embedding,
        "evidence": layers.Reshape((1, 1, 4))(logits),
    }
    return keras.Model(mfcc, outputs)


def allowed(network, patches, found):
    proof = Proof(len(patches), {"probabilities": Worst(found, "")})
    return allowed_difference(proof, onnx.ModelProto(), network, patches)


def test_probabilities_are_as_certain_as_float32_is_of_their_logits(network):
    patches = np.random.default_rng(0).normal(0, 20, (16, 25, 13)).astype(np.float32)
    known = network.get_weights()
    loud = patches * np.float32(300 / np.abs(network.predict(patches, verbose=0)["evidence"]).max())
    step = 2**-15  # of float32 from 256 to 512
    assert allowed(network, loud, 4.8e-5) == pytest.approx(2 * step, rel=1e-6)
    assert allowed(network, loud, 9e-6) == 1e-5
    quiet = loud / 100
    assert allowed(network, quiet, 4.8e-5) == 1e-5
    for weights, before in zip(network.get_weights(), known, strict=True):
        np.testing.assert_array_equal(weights, before)
