"""A proof does not pass on a front end that nobody checked: it is held against the author's own."""

import json

import keras
import librosa
import numpy as np
import pytest
import soundfile
from keras import layers

from melonnx.export.errors import KerasFileError, ProofError
from melonnx.export.keras.check_input import check_input
from melonnx.export.keras.description import Front
from melonnx.infer.model.metadata import ModelInfo
from tests.conftest import make_song
from tests.export.conftest import LABELS, SPEC

INFO = ModelInfo(
    name="own", version="1", labels=tuple(LABELS), mel_spec=SPEC, window=40, window_hop=40
)
FRONT = Front(axes="mels, frames", scale="decibels")


@pytest.fixture(scope="module")
def network():
    return keras.Sequential([keras.Input((32, 40, 1)), layers.Flatten(), layers.Dense(3)])


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    path = tmp_path_factory.mktemp("song") / "song.wav"
    soundfile.write(path, make_song(5, seed=3)[:, 0], SPEC.sample_rate, subtype="FLOAT")
    return path


def tutorial(song, **changes):
    """Decibels of a mel spectrogram, as librosa makes them of the song."""
    samples, rate = librosa.load(song, sr=SPEC.sample_rate)
    how = {"n_fft": SPEC.n_fft, "hop_length": SPEC.hop_length, "n_mels": 32, "fmax": SPEC.fmax}
    power = librosa.feature.melspectrogram(y=samples, sr=rate, **(how | changes))
    return librosa.power_to_db(power, ref=np.max)[:, :40, None]


def test_the_authors_own_input_is_ours(network, song, tmp_path):
    array = tmp_path / "mine.npy"
    np.save(array, tutorial(song))
    found = check_input(network, INFO, FRONT, song, array)
    assert found.median <= found.allowed
    np.save(array, tutorial(song)[None])
    assert check_input(network, INFO, FRONT, song, array) == found


def test_another_front_end_is_refused_with_both_ranges(network, song, tmp_path):
    array = tmp_path / "mine.npy"
    np.save(array, tutorial(song))
    with pytest.raises(ProofError, match="mend mel_spec, axes, scale or normalise"):
        check_input(network, INFO, Front(axes="mels, frames"), song, array)
    np.save(array, tutorial(song, fmax=4000.0))
    with pytest.raises(ProofError, match="is not what the network would be given"):
        check_input(network, INFO, FRONT, song, array)


def test_what_is_no_such_array_is_one_line(network, song, tmp_path):
    array = tmp_path / "mine.npy"
    np.save(array, np.zeros((13, 40, 1)))
    with pytest.raises(KerasFileError, match=r"is \[13, 40, 1\]; the network is given \[32, 40, 1"):
        check_input(network, INFO, FRONT, song, array)
    array.write_text(json.dumps([1]))
    with pytest.raises(KerasFileError, match=r"is no array of numpy\.save"):
        check_input(network, INFO, FRONT, song, array)
