"""A network of MFCC comes in with its front end, and one that only looks so is not taken for it."""

import json
from dataclasses import asdict

import keras
import librosa
import numpy as np
import pytest
import soundfile
from keras import layers

from melonnx.export.errors import KerasFileError
from melonnx.export.keras.check_input import check_input
from melonnx.export.keras.description import read_description
from melonnx.infer import MelSpec, Predictor
from melonnx.infer.frontend.mel_spec import FULL_SCALE
from melonnx.infer.frontend.mfcc import Mfcc
from melonnx.infer.model.session import load_model
from tests.conftest import RATE, make_song
from tests.export.conftest import LABELS

BANDS = MelSpec(hop_length=512).to_dict()


def tutorial():
    """Frames by coefficients with a channel, as most notebooks have it."""
    return keras.Sequential(
        [
            keras.Input((40, 26, 1)),
            layers.Rescaling(0.01),
            layers.Conv2D(3, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    return tutorial()


def test_mfcc_and_deltas_are_what_librosa_and_keras_would_say(network, take_in, tmp_path):
    take_in(network, mel_spec=BANDS | {"mfcc": {"n_mfcc": 13, "deltas": 1}})
    song = make_song(5, seed=1)[:, 0]
    mfcc = librosa.feature.mfcc(y=song, sr=RATE, n_mfcc=13)
    starts = [0, 40, 80, 120, 160, 176]
    windows = [mfcc[:, start : start + 40] for start in starts]
    segments = np.stack(
        [np.concatenate([one, librosa.feature.delta(one)]).T[..., None] for one in windows]
    )
    wanted = keras.models.load_model(tmp_path / "own.keras").predict(segments, verbose=0)
    said = Predictor(tmp_path / "own.onnx", device="cpu").predict_array(song, RATE)
    np.testing.assert_allclose(
        [said.probabilities[label] for label in LABELS], wanted.mean(axis=0), atol=1e-5
    )
    model = load_model(tmp_path / "own.onnx", device="cpu")
    assert model.info.mel_spec.mfcc == Mfcc(13, deltas=1)
    evidence = model.run(np.zeros((1, 40, 128), np.float32)).evidence
    assert evidence.shape == (1, 38, 1, 3)


def test_the_authors_own_coefficients_are_ours(network, tmp_path):
    """Of 13 bands in the description nothing is said where the input was compared."""
    song = make_song(3, seed=1)[:, 0]
    soundfile.write(tmp_path / "song.wav", song, RATE, subtype="FLOAT")
    mfcc = librosa.feature.mfcc(y=song, sr=RATE, n_mfcc=26)[:, :40]
    np.save(tmp_path / "mine.npy", mfcc.T[..., None])
    (tmp_path / "own.json").write_text(
        json.dumps({"labels": LABELS, "window": 40, "mel_spec": BANDS | {"mfcc": {"n_mfcc": 26}}})
    )
    described = read(tmp_path / "own.json")
    info = described.info
    assert (info.mel_spec.reference, info.mel_spec.mfcc) == (FULL_SCALE, Mfcc(26))
    found = check_input(
        network, info, described.front, tmp_path / "song.wav", tmp_path / "mine.npy"
    )
    assert found.median < 1e-4


def read(path, **more):
    facts = dict.fromkeys(("name", "version", "dataset", "license_name", "attribution"), "x")
    return read_description(path, **facts, **more)


@pytest.mark.parametrize("n_mels", [13, 20, 39])
def test_mel_bands_as_few_as_coefficients_must_be_meant(n_mels, tmp_path):
    path = tmp_path / "own.json"
    about = {"labels": LABELS, "window": 40, "mel_spec": BANDS | {"n_mels": n_mels}}
    path.write_text(json.dumps(about))
    with pytest.raises(KerasFileError, match=f'looks like MFCC.*"mfcc": {{"n_mfcc": {n_mels}}}'):
        read(path)
    assert read(path, checked=True).info.mel_spec.n_mels == n_mels
    about["mel_spec"]["mfcc"] = None
    path.write_text(json.dumps(about))
    assert read(path).info.mel_spec.mfcc is None


def test_a_shape_of_coefficients_is_told(network, take_in):
    with pytest.raises(KerasFileError, match=r'26 may be MFCC: "mfcc": \{"n_mfcc": 26\}'):
        take_in(network, mel_spec=BANDS)
    with pytest.raises(KerasFileError, match=r"it should be \[batch, 40 .*, 13 MFCC\]"):
        take_in(network, mel_spec=BANDS | {"mfcc": {"n_mfcc": 13}})


@pytest.mark.parametrize(
    ("mfcc", "about", "said"),
    [
        ({"n_mfcc": 200}, {}, "n_mfcc=200 are made of n_mels=128"),
        ({"coefficients": 13}, {}, "mfcc must have the fields"),
        (asdict(Mfcc(26)), {"scale": "decibels"}, "MFCC are of decibels, leave it out"),
    ],
)
def test_a_description_that_cannot_be_is_refused(mfcc, about, said, network, take_in):
    with pytest.raises(KerasFileError, match=said):
        take_in(network, mel_spec=BANDS | {"mfcc": mfcc}, **about)
