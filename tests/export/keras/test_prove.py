"""What rounding alone makes of a network is allowed, and no more."""

import keras
import numpy as np
import onnx
import pytest
from keras import layers, ops

from melonnx.export.keras.prove import compare


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


@pytest.fixture(scope="module")
def maxima():
    """Each feature's maximum is the evidence of the frames that hold it, as in genre-base."""
    frames = keras.Input((3, 2))
    feature = layers.Dense(1, use_bias=False)
    features = feature(frames)
    feature.set_weights([np.ones((2, 1), np.float32)])
    is_maximum = ops.cast(features >= ops.max(features, axis=1, keepdims=True), "float32")
    share = is_maximum / ops.mean(is_maximum, axis=1, keepdims=True)
    evidence = (features * share)[:, :, None] * np.array([1, -1], np.float32)
    logits = ops.mean(evidence, axis=(1, 2))
    outputs = {"probabilities": ops.softmax(logits), "embedding": logits, "evidence": evidence}
    return keras.Model(frames, outputs)


@pytest.fixture
def prove_of(monkeypatch):
    """The proof of a file that says what the network says, but for ``change`` (name, array)."""

    def run(network, patches, change):
        class Session:
            def __init__(self, *given, **how):
                pass

            def run(self, names, feed):
                outputs = network.predict(*feed.values(), verbose=0)
                return [change(name, outputs[name].copy()) for name in names]

        monkeypatch.setattr("onnxruntime.InferenceSession", Session)
        names = [str(number) for number in range(len(patches))]
        return compare(onnx.ModelProto(), network, patches, names)

    return run


def test_probabilities_are_as_certain_as_float32_is_of_their_logits(network, prove_of):
    def allowed(patches, off):
        return prove_of(
            network, patches, lambda name, array: array + off * (name == "probabilities")
        ).allowed

    patches = np.random.default_rng(0).normal(0, 20, (16, 25, 13)).astype(np.float32)
    known = network.get_weights()
    loud = patches * np.float32(300 / np.abs(network.predict(patches, verbose=0)["evidence"]).max())
    step = 2**-15  # of float32 from 256 to 512
    assert allowed(loud, 4.8e-5) == pytest.approx(2 * step, rel=1e-6)
    assert allowed(loud, 9e-6) == 1e-5
    assert allowed(loud / 100, 4.8e-5) == 1e-5
    for weights, before in zip(network.get_weights(), known, strict=True):
        np.testing.assert_array_equal(weights, before)


def test_where_a_maximum_is_reached_counts_unless_rounding_moves_it(maxima, prove_of):
    tied = [[0.3, 0.7], [0.6, 0.4], [0.9, 0.1]]  # each frame's sum is 1
    clear = [[0.3, 0.7], [0.1, 0.1], [0.2, 0.1]]
    patches = np.array([tied, clear], np.float32)

    def elsewhere(row):
        def change(name, array):
            if name == "evidence":
                places = np.zeros_like(array[row])
                places[1] = array[row].sum(axis=0)
                array[row] = places
            return array

        return change

    assert prove_of(maxima, patches, elsewhere(0)).holds
    moved = prove_of(maxima, patches, elsewhere(1))
    assert not moved.holds
    assert moved.found["evidence"].where == "1: number 0"
    assert not prove_of(maxima, patches, lambda name, array: array + np.float32(0.01)).holds
