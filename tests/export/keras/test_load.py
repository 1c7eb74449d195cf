"""Keras models come in several forms; each is read, or told how it becomes one that is."""

import keras
import numpy as np
import pytest
from keras import layers

from melonnx.export.errors import KerasFileError
from melonnx.export.keras.load import load_keras


@pytest.fixture
def network():
    return keras.Sequential([keras.Input((40, 32)), layers.Flatten(), layers.Dense(3)])


def test_h5_is_read(network, tmp_path):
    network.save(tmp_path / "own.h5")
    patches = np.ones((1, 40, 32), np.float32)
    np.testing.assert_allclose(load_keras(tmp_path / "own.h5")(patches), network(patches))


def test_a_saved_model_says_how_to_convert_it(tmp_path):
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"")
    with pytest.raises(KerasFileError, match="is a SavedModel") as caught:
        load_keras(tmp_path / "saved")
    assert 'import tf_keras; tf_keras.models.load_model("' in str(caught.value)


def test_h5_of_layers_that_are_no_more_says_how_to_convert_it(network, tmp_path):
    import h5py

    network.save(tmp_path / "own.h5")
    with h5py.File(tmp_path / "own.h5", "r+") as file:
        text = str(file.attrs["model_config"])
        file.attrs["model_config"] = text.replace('"units": 3', '"units_of_old": 3')
    with pytest.raises(KerasFileError, match="seems to be of Keras 2") as caught:
        load_keras(tmp_path / "own.h5")
    assert "tf_keras" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["own.keras", "own.h5"])
def test_what_is_no_model_is_one_line(tmp_path, name):
    (tmp_path / name).write_text("no model")
    with pytest.raises(KerasFileError, match="Keras cannot load it") as caught:
        load_keras(tmp_path / name)
    assert "\n" not in str(caught.value)
