"""A released network learns on from its file: what is above learns, the rest stays, and is told."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest

from melonnx.infer import Predictor
from melonnx.infer.model.session import load_model
from melonnx.train.data.readers.dataset import read_folder
from melonnx.train.network.read_back import read_back
from melonnx.train.network.student import fine_tuned
from melonnx.train.run import read_run
from melonnx.train.train import train
from melonnx.train.training_data import Sources
from tests.export.keras.test_run import export

NAME = "genre-small"


def learn(genres, folder, **how):
    """Run it; the run, and what was said."""
    from melonnx.infer.model.session import find_model

    lines: list[str] = []
    deeper = how.pop("deeper", False)
    settings = replace(fine_tuned(load_model(NAME).info, deeper=deeper), epochs=3, **how)
    tracks = read_folder(genres)
    sources = Sources(fine_tune=find_model(NAME))
    train(genres, tracks, folder / "run", settings, folder.parent / "cache", lines.append, sources)
    return read_run(folder / "run"), lines


@pytest.fixture(scope="module")
def folds(genres, tmp_path_factory):
    return learn(genres, tmp_path_factory.mktemp("tuned"), folds=2, learning_rate=1e-3)


def test_it_says_that_it_is_the_file_before_and_what_it_brought_after(folds):
    run, lines = folds
    (read,) = [line for line in lines if line.startswith("read back from genre-small")]
    assert "equal to the file on" in read
    assert float(read.rpartition(" ")[2]) < 1e-5
    (gain,) = [line for line in lines if "kept out, the head alone tells" in line and "%" in line]
    told = [json.loads((fold / "fine_tune.json").read_text()) for fold in run.fold_folders]
    assert sum(one["songs"] for one in told) == 30
    assert gain.startswith("of 30 songs kept out")
    assert run.finished
    assert run.labels == ("drone", "noise", "pulse")


def test_only_what_is_above_has_learnt(folds):
    run, _ = folds
    own = keras.models.load_model(run.network_path, compile=False)
    known = read_back(NAME).backbone
    changed = {
        layer.name
        for layer in own.layers
        if layer.weights and layer.name != "logits"
        for old, new in zip(
            known.get_layer(layer.name).get_weights(), layer.get_weights(), strict=True
        )
        if not np.array_equal(old, new)
    }
    assert changed == {"embedding_dense"}


def test_it_is_exported_proved_and_measured_as_any_run(folds, tmp_path):
    run, _ = folds
    out = tmp_path / "mine.onnx"
    exported = export(run, out)
    assert max(exported.proof.worst.values()) < 1e-5
    assert exported.report.songs == 30
    assert exported.report.accuracy > 0.8
    predictor, base = Predictor(out), Predictor(NAME)
    assert predictor.info.labels == run.labels
    for fact in ("mel_spec", "window", "window_hop", "max_windows", "pooling"):
        assert getattr(predictor.info, fact) == getattr(base.info, fact)
    assert predictor.predict(run.tracks[0].path).label == run.tracks[0].genre


def test_deeper_the_convolutions_learn_and_validation_chooses_the_epoch(genres, tmp_path_factory):
    folder = tmp_path_factory.mktemp("deeper")
    run, lines = learn(genres, folder, deeper=True, learning_rate=1e-6)
    assert any("validation loss" in line for line in lines)
    assert run.bars
    again, lines = learn(genres, folder, deeper=True, learning_rate=1e-6)
    assert again == run
    assert "nothing to do" in lines[-1]
    own = keras.models.load_model(run.network_path, compile=False)
    known = read_back(NAME).backbone
    same = [np.array_equal(own.get_layer(name).get_weights()[0],
                           known.get_layer(name).get_weights()[0])
            for name in ("timbral_38", "timbral_38_norm", "middle_1_norm")]  # fmt: skip
    assert all(same)
