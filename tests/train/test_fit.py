"""A run learns, is on disk whole, and goes on where it was stopped."""

import csv
import json
from dataclasses import replace

import keras
import numpy as np
import pytest

from melonnx.infer import MelSpec
from melonnx.train.cnn import build_network, with_all_outputs
from melonnx.train.datasets import read_folder
from melonnx.train.run import RunError, Settings, read_run
from melonnx.train.train import train


def test_network_is_six_convolutions_small_enough_for_the_wheel():
    network = build_network(128, 11)
    kinds = [type(layer).__name__ for layer in network.layers]
    assert kinds.count("Conv2D") == 6
    assert kinds.count("MaxPooling2D") == 4
    assert network.get_layer("dropout").rate == 0.2
    assert network.count_params() < 1_250_000  # 5 MB of float32


def test_all_outputs_belong_together():
    network = build_network(64, 4)
    outputs = with_all_outputs(network).predict(
        np.random.default_rng(0).random((2, 48, 64)), verbose=0
    )
    logits = outputs["evidence"].mean(axis=(1, 2))
    powers = np.exp(logits)
    np.testing.assert_allclose(
        powers / powers.sum(axis=1, keepdims=True), outputs["probabilities"], atol=1e-5
    )


def test_run_learns_and_is_whole(run_folder):
    run = read_run(run_folder)
    assert run.finished
    assert run.labels == ("drone", "noise", "pulse")
    assert len(run.tracks) == 30
    state = json.loads((run_folder / "state.json").read_text())
    history = state["history"]
    assert [row["epoch"] for row in history] == list(range(1, len(history) + 1))
    assert history[-1]["loss"] < history[0]["loss"]
    assert {"accuracy", "val_loss", "val_accuracy"} <= history[0].keys()
    assert (run_folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert keras.models.load_model(run.network_path, compile=False).output_shape == (None, 3)
    values = json.loads((run_folder / "run.json").read_text())
    assert values["versions"].keys() >= {"melonnx", "tensorflow", "keras", "numpy", "python"}
    with (run_folder / "tracks.csv").open() as file:
        assert {row["part"] for row in csv.DictReader(file)} == {"train", "valid", "test"}


def test_finished_run_is_left_alone_and_other_settings_refused(run_folder, genres, tmp_path):
    tracks = read_folder(genres)
    settings = read_run(run_folder).settings
    before = (run_folder / "network.keras").stat().st_mtime_ns
    said: list[str] = []
    train(genres, tracks, run_folder, settings, tmp_path, said.append)
    assert (run_folder / "network.keras").stat().st_mtime_ns == before
    assert "finished" in said[-1]
    with pytest.raises(RunError, match="other settings"):
        train(genres, tracks, run_folder, replace(settings, seed=9), tmp_path, said.append)


def test_stopped_run_goes_on_and_counts_on(genres, tmp_path):
    settings = Settings(epochs=4, batches_per_epoch=2, batch_size=8, patience=99, copies=0)
    tracks = read_folder(genres)
    lines: list[str] = []

    class PowerCutError(Exception):
        pass

    def cut_after_two(line):
        lines.append(line)
        if line.startswith("epoch 2"):
            raise PowerCutError

    with pytest.raises(PowerCutError):
        train(genres, tracks, tmp_path / "run", settings, tmp_path / "cache", cut_after_two)
    assert not read_run(tmp_path / "run").finished
    lines.clear()
    run = train(genres, tracks, tmp_path / "run", settings, tmp_path / "cache", lines.append)
    assert run.finished
    assert any("going on after epoch 2" in line for line in lines)
    assert [line.split(":")[0] for line in lines if line.startswith("epoch")] == [
        "epoch 3",
        "epoch 4",
    ]
    state = json.loads((tmp_path / "run/state.json").read_text())
    assert [row["epoch"] for row in state["history"]] == [1, 2, 3, 4]
    assert len(list((tmp_path / "run").glob("checkpoint-*"))) == 1


def test_official_split_is_kept_and_its_shared_artists_are_said(genres, tmp_path):
    tracks = [
        replace(track, split=("train", "valid", "test")[number % 3])
        for number, track in enumerate(read_folder(genres))
    ]
    settings = Settings(split="official", epochs=1, batches_per_epoch=1, batch_size=4, copies=0)
    lines: list[str] = []
    run = train(genres, tracks, tmp_path / "run", settings, tmp_path / "cache", lines.append)
    assert [track.split for track in run.tracks] == list(run.parts)
    assert read_run(tmp_path / "run").tracks == run.tracks
    assert "15 artists are in several parts, by the data set's own choice: the scores flatter" in (
        lines
    )


def test_early_stop_keeps_the_best_epoch(genres, tmp_path):
    settings = Settings(
        epochs=30, batches_per_epoch=1, batch_size=4, patience=1, learning_rate=1e-9, copies=0
    )
    lines: list[str] = []
    train(genres, read_folder(genres), tmp_path / "run", settings, tmp_path / "cache", lines.append)
    history = json.loads((tmp_path / "run/state.json").read_text())["history"]
    best = min(history, key=lambda row: row["val_loss"])
    assert history[-1]["epoch"] - best["epoch"] == 1 or len(history) == 30


def test_read_run_refuses_what_is_none(tmp_path):
    with pytest.raises(RunError, match="holds no training run"):
        read_run(tmp_path)


def test_settings_default_to_the_released_front_end():
    assert Settings().mel_spec == MelSpec()
