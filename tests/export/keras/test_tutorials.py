"""Eleven networks as tutorials and theses make them: exported, verified, and asked of a song.

What each says is held against Keras on what librosa makes of that song, as its notebook would.
"""

import json
from collections.abc import Callable
from itertools import islice
from typing import Any, NamedTuple

import keras
import librosa
import numpy as np
import pytest
from keras import layers
from typer.testing import CliRunner

from melonnx.export.cli.export import app
from melonnx.export.proof_clips import proof_clips as clips
from melonnx.export.verify import verify
from melonnx.infer import MelSpec, Predictor
from tests.conftest import RATE, make_song

FRAMES, BANDS = 40, 32
LABELS = ["jazz", "pop", "rock"]
SONG = make_song(3, seed=7)[:, 0]
SPEC: dict[str, Any] = MelSpec(hop_length=1024, n_mels=BANDS).to_dict()
LOUDEST, FULL_SCALE = SPEC | {"reference": "loudest"}, SPEC | {"reference": "full scale"}
HOW = {"sr": RATE, "n_fft": 2048, "hop_length": 1024, "n_mels": BANDS}


def mel_db(reference: Any = np.max):
    """[bands, frames], as librosa has it."""
    return librosa.power_to_db(librosa.feature.melspectrogram(y=SONG, **HOW), ref=reference)


def mfcc(n):
    return librosa.feature.mfcc(y=SONG, n_mfcc=n, **HOW)


def with_deltas(one):
    changes = [librosa.feature.delta(one, order=order) for order in (1, 2)]
    return np.concatenate([one, *changes])


def minmax(one):
    return (one - one.min()) / (one.max() - one.min())


def standard(one):
    return (one - one.mean()) / one.std()


class Tutorial(NamedTuple):
    network: Callable[[], Any]
    picture: Callable[[], Any]
    """Of the whole song, [features, frames]."""
    segment: Callable[[Any], Any]
    """What a notebook makes of a segment of it, [features, frames]."""
    about: dict[str, Any]
    suffix: str = ".keras"


def sequential(shape, *body, end="softmax"):
    return keras.Sequential([keras.Input(shape), *body, layers.Dense(3, activation=end)])


def blocks():
    return (
        layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(2, padding="same"),
        layers.BatchNormalization(), layers.Flatten(), layers.Dense(6, activation="relu"),
        layers.Dropout(0.3),
    )  # fmt: skip


def nested():
    """A body in a body, and the softmax a layer of its own."""
    body = keras.Sequential(
        [keras.Input((FRAMES, BANDS, 1)), layers.Conv2D(4, 3), layers.ReLU()], name="body"
    )
    head = [layers.GlobalAveragePooling2D(), layers.Dense(3), layers.Activation("softmax")]
    return keras.Sequential([keras.Input((FRAMES, BANDS, 1)), body, *head])


def for_pictures():
    """Three channels, and separable blocks with a short cut, as bodies for photographs have."""
    picture = keras.Input((BANDS, FRAMES, 3))
    x = layers.Conv2D(4, 3, strides=2, padding="same")(picture)
    y = layers.SeparableConv2D(4, 3, padding="same")(layers.ReLU(6.0)(x))
    x = layers.GlobalAveragePooling2D()(layers.Add()([x, layers.BatchNormalization()(y)]))
    return keras.Model(picture, layers.Dense(3, activation="softmax")(x))


def attentive():
    log_mel = keras.Input((FRAMES, BANDS))
    x = layers.Dense(8)(log_mel)
    x = layers.LayerNormalization()(layers.Add()([x, layers.MultiHeadAttention(2, 4)(x, x)]))
    return keras.Model(log_mel, layers.Dense(3)(layers.GlobalAveragePooling1D()(x)))


def normalised():
    layer = layers.Normalization(axis=-1)
    layer.adapt(np.random.default_rng(0).normal(-40, 20, (8, FRAMES, BANDS)))
    return sequential((FRAMES, BANDS), layer, layers.Conv1D(4, 3), layers.GlobalMaxPooling1D())


def as_is(one):
    return one


TUTORIALS = {
    "CNN of mels by frames": Tutorial(
        lambda: sequential((BANDS, FRAMES, 1), *blocks()), mel_db, minmax,
        {"mel_spec": LOUDEST, "axes": "mels, frames", "scale": "decibels", "normalise": "minmax"},
    ),
    "model in a model": Tutorial(
        nested, mel_db, standard,
        {"mel_spec": LOUDEST, "scale": "decibels", "normalise": "standard"},
    ),
    "CNN of MFCC": Tutorial(
        lambda: sequential((FRAMES, 13, 1), *blocks()), lambda: mfcc(13), as_is,
        {"mel_spec": SPEC | {"mfcc": {"n_mfcc": 13}}},
    ),
    "LSTM of MFCC": Tutorial(
        lambda: sequential((FRAMES, 13), layers.LSTM(4)), lambda: mfcc(13), standard,
        {"mel_spec": SPEC | {"mfcc": {"n_mfcc": 13}}, "normalise": "standard"},
    ),
    "MFCC with deltas": Tutorial(
        lambda: sequential((FRAMES, 39), layers.Rescaling(0.02), layers.Conv1D(4, 5),
                           layers.GlobalAveragePooling1D()),
        lambda: mfcc(13), with_deltas, {"mel_spec": SPEC | {"mfcc": {"n_mfcc": 13, "deltas": 2}}},
    ),
    "logits": Tutorial(
        lambda: sequential((None, BANDS), layers.Conv1D(4, 3), layers.GlobalAveragePooling1D(),
                           end=None),
        mel_db, lambda one: (one + 40) / 20,
        {"mel_spec": LOUDEST, "scale": "decibels", "normalise": [-40, 20]},
    ),
    "for pictures": Tutorial(
        for_pictures, mel_db, minmax,
        {"mel_spec": LOUDEST, "axes": "mels, frames", "scale": "decibels", "normalise": "minmax"},
    ),
    "CRNN": Tutorial(
        lambda: sequential((FRAMES, BANDS, 1), layers.Conv2D(2, 3, padding="same"),
                           layers.MaxPooling2D((4, 4)), layers.Reshape((10, 16)), layers.GRU(3)),
        lambda: mel_db(1.0), lambda one: one / 80 + 1,
        {"mel_spec": FULL_SCALE, "scale": "decibels", "normalise": [-80, 80]},
    ),
    "dense layers": Tutorial(
        lambda: sequential((FRAMES, BANDS), layers.Flatten(), layers.Dense(8, activation="relu")),
        mel_db, lambda one: one / 80 + 1, {"mel_spec": LOUDEST},
    ),
    "attention": Tutorial(
        attentive, mel_db, standard,
        {"mel_spec": LOUDEST, "scale": "decibels", "normalise": "standard"},
    ),
    "old file, adapted": Tutorial(
        normalised, mel_db, as_is, {"mel_spec": LOUDEST, "scale": "decibels"}, ".h5",
    ),
}  # fmt: skip


@pytest.fixture
def two_clips(monkeypatch):
    """Twins are proved on all clips elsewhere; eleven times is a minute."""
    monkeypatch.setattr("melonnx.export.verify.proof_clips", lambda rate: islice(clips(rate), 2))


def as_notebook(tutorial, network):
    """The mean over the windows of the song, each as the notebook feeds its segments."""
    picture = tutorial.picture()
    last = picture.shape[1] - FRAMES
    starts = (*range(0, last, FRAMES), last)
    segments = [tutorial.segment(picture[:, start : start + FRAMES]) for start in starts]
    given = np.stack(segments)
    if tutorial.about.get("axes") != "mels, frames":
        given = given.transpose(0, 2, 1)
    if len(network.input_shape) == 4:
        given = np.repeat(given[..., None], network.input_shape[3], axis=3)
    said = network.predict(given, verbose=0)
    if np.abs(said.sum(axis=1) - 1).max() > 1e-3:
        said = np.asarray(keras.ops.softmax(said))
    return said.mean(axis=0)


@pytest.mark.parametrize("name", TUTORIALS)
@pytest.mark.usefixtures("two_clips")
def test_a_network_of_a_tutorial_is_taken_in_and_says_what_it_said_there(name, tmp_path):
    keras.utils.set_random_seed(0)
    tutorial, model = TUTORIALS[name], tmp_path / "my"
    network = tutorial.network()
    path, out = model.with_suffix(tutorial.suffix), model.with_suffix(".onnx")
    network.save(path)
    about = {"labels": LABELS, "window": FRAMES} | tutorial.about
    model.with_suffix(".json").write_text(json.dumps(about))
    exported = CliRunner().invoke(app, ["export", str(path), "--out", str(out)])
    assert exported.exit_code == 0, exported.exception
    assert not [check for check in verify(out) if not check.passes]
    said = Predictor(out, device="cpu").predict_array(SONG, RATE)
    wanted = as_notebook(tutorial, network)
    np.testing.assert_allclose([said.probabilities[one] for one in LABELS], wanted, atol=1e-4)
    assert np.ptp(wanted) > 0.01  # it is not the same of everything
