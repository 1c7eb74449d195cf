"""A description is drafted from the file; what it cannot tell is asked, and stands in the way."""

import json

import keras
import pytest
from keras import layers
from typer.testing import CliRunner

from melonnx.export.cli.export import app
from melonnx.export.errors import KerasFileError
from melonnx.export.keras.draft import ask, draft
from melonnx.infer.frontend.mfcc import Mfcc
from melonnx.infer.model.session import load_model


def network(*shape, labels=4):
    return keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(labels)])


@pytest.mark.parametrize(
    ("shape", "window", "axes", "features", "asked"),
    [
        ((130, 13, 1), 130, "frames, mels", 13, "mel_spec.mfcc"),
        ((128, 130, 1), 130, "mels, frames", 128, "scale"),
        ((1292, 128), 1292, "frames, mels", 128, "scale"),
        ((256, 251, 3), 251, "mels, frames", 256, "channels"),
        ((128, 128, 1), 128, "mels, frames", 128, "axes"),
        ((100, 70, 1), 100, "frames, mels", 70, "axes"),
    ],
)
def test_shapes_tell_axes_and_sizes(shape, window, axes, features, asked):
    found = draft(network(*shape))
    spec = found["mel_spec"]
    assert (found["window"], found["axes"]) == (window, axes)
    assert (spec["mfcc"]["n_mfcc"] if "mfcc" in spec else spec["n_mels"]) == features
    assert {"labels", "mel_spec", "normalise", asked} <= found["questions"].keys()
    assert ("axes" in found["questions"]) == (asked == "axes")


@pytest.mark.parametrize(
    ("window", "rate", "hop", "lasts"),
    [
        (130, 22050, 512, "last 3 s"),
        (1293, 22050, 512, "last 30 s"),
        (301, 16000, 160, "last 3 s"),
        (97, 22050, 512, "last 2.25 s, which is no whole number"),
    ],
)
def test_a_grid_is_one_on_which_segments_last_whole_seconds(window, rate, hop, lasts):
    found = draft(network(window, 128))
    assert (found["mel_spec"]["sample_rate"], found["mel_spec"]["hop_length"]) == (rate, hop)
    assert lasts in found["questions"]["mel_spec"]


def test_any_number_of_frames_is_asked_for():
    body = [keras.Input((None, 128)), layers.GlobalAveragePooling1D(), layers.Dense(3)]
    found = draft(keras.Sequential(body))
    assert found["axes"] == "frames, mels"
    assert "window" in found["questions"]


def test_26_are_thirteen_with_deltas_perhaps():
    assert "or 13 with deltas 1" in draft(network(130, 26))["questions"]["mel_spec.mfcc"]
    body = [keras.Input((130, 26)), layers.Rescaling(0.1, name="louder"), layers.Flatten()]
    assert (
        "has louder" in draft(keras.Sequential([*body, layers.Dense(3)]))["questions"]["normalise"]
    )


@pytest.mark.parametrize(
    ("net", "said"),
    [
        (network(57), r"takes \[any, 57\]; melonnx feeds windows"),
        (network(128, 130, 4), "melonnx feeds windows"),
        (keras.Sequential([keras.Input((130, 13)), layers.Dense(3)]), r"not \[batch, labels\]"),
    ],
)
def test_what_takes_no_spectrogram_or_tells_no_labels_is_refused(net, said):
    with pytest.raises(KerasFileError, match=said):
        draft(net)


def test_answers_of_the_author_close_questions():
    said = {"labels": "jazz, pop,rock , ska", "normalise": "[1.5, 2]", "scale": ""}
    found = draft(network(128, 130, 1))
    now = ask(found, lambda question, there: said[question.partition(":")[0]])
    assert now["labels"] == ["jazz", "pop", "rock", "ska"]
    assert now["normalise"] == [1.5, 2]
    assert now["questions"].keys() == {"mel_spec", "scale"}
    assert found["questions"].keys() > now["questions"].keys()


def invoke(*line):
    return CliRunner().invoke(app, ["export", *map(str, line)])


def test_a_draft_is_written_once_asks_and_exports_when_answered(tmp_path):
    model, about, out = (tmp_path / name for name in ("my.keras", "my.json", "my.onnx"))
    keras.utils.set_random_seed(62)  # whose logits, of hundreds, are 4e-5 off by rounding alone
    network(25, 13).save(model)
    drafted = invoke(model, "--describe")
    assert drafted.exit_code == 0, drafted.output
    assert f"wrote {about}" in drafted.stdout
    assert "open: labels: the names of the 4 answers" in drafted.stdout
    again = invoke(model, "--describe").exception
    assert isinstance(again, KerasFileError)
    assert "is there already" in str(again)
    refused = invoke(model, "--out", out).exception
    assert isinstance(refused, KerasFileError)
    assert "questions about labels, mel_spec, mel_spec.mfcc, normalise are open" in str(refused)
    values = json.loads(about.read_text())
    del values["questions"]
    about.write_text(json.dumps(values))
    exported = invoke(model, "--out", out)
    assert exported.exit_code == 0, exported.output
    assert load_model(out).info.mel_spec.mfcc == Mfcc(13)


def test_only_a_keras_model_is_described_and_an_export_needs_out(tmp_path):
    assert "is for a *.keras file" in invoke(tmp_path, "--describe").output
    assert invoke(tmp_path / "my.keras").exit_code == 2
