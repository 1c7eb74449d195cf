"""What the tests of export share: a description, two networks, and the way in for them."""

import json

import pytest

from melonnx.infer import MelSpec

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

        from melonnx.export.keras_release import export_keras

        keras.utils.set_random_seed(0)
        network.save(tmp_path / "own.keras")
        given = {key: value for key, value in (ABOUT | about).items() if value is not None}
        (tmp_path / "own.json").write_text(json.dumps(given))
        return export_keras(
            tmp_path / "own.keras",
            tmp_path / "own.json",
            tmp_path / "own.onnx",
            name="own",
            version="2",
            dataset="mine",
            license_name="CC0",
            attribution="me",
            say=lambda line: None,
        )

    return run
