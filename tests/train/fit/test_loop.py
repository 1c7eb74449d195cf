"""A run learns, is on disk whole, and goes on where it was stopped."""

import csv
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from melonnx.infer import MelSpec
from melonnx.train.data.readers.dataset import read_folder
from melonnx.train.fit.crops import Examples
from melonnx.train.fit.loop import by_track, fit_network
from melonnx.train.network.cnn import build_network, with_all_outputs
from melonnx.train.run import RunError, read_run
from melonnx.train.settings import ORIGINAL, Settings
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
    plainly = replace(ORIGINAL, split="official")
    settings = replace(plainly, epochs=1, batches_per_epoch=9, batch_size=2)
    lines: list[str] = []
    run = train(genres, tracks, tmp_path / "run", settings, tmp_path / "cache", lines.append)
    assert [track.split for track in run.tracks] == list(run.parts)
    assert any(re.fullmatch(r"about .+ an epoch, .+ for 1", line) for line in lines)
    (checkpoint,) = run.folder.glob("checkpoint-*")
    kept, last = (keras.models.load_model(path) for path in (run.network_path, checkpoint))
    assert type(last.optimizer) is keras.optimizers.Adam
    assert last.get_layer("dropout").rate == 0.3
    for own, wanted in zip(kept.get_weights(), last.get_weights(), strict=True):
        np.testing.assert_array_equal(own, wanted)
    assert read_run(tmp_path / "run").tracks == run.tracks
    assert "15 artists are in several parts, by the data set's own choice: the scores flatter" in (
        lines
    )


SMALL = Settings(
    mel_spec=MelSpec(n_mels=16),
    window=32,
    window_hop=32,
    epochs=4,
    batches_per_epoch=3,
    batch_size=8,
    mixup=0.2,
)


def examples(n=12, *, swapped=False):
    """Two classes, of low and of high sounds; ``swapped``: each called by the other's name."""
    rng = np.random.default_rng(1)
    classes = np.arange(n) % 2
    log_mels = (rng.random((n, 60, 16)) * 0.3).astype(np.float16)
    for log_mel, high in zip(log_mels, classes, strict=True):
        log_mel[:, 8 * high : 8 * high + 8] += 0.6
    named = 1 - classes if swapped else classes
    return Examples([(one,) for one in log_mels], np.eye(2, dtype=np.float32)[named], named)


def history(folder):
    return json.loads((folder / "state.json").read_text())["history"]


def same_weights(one, other, atol=0.0):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=atol)


class PowerCutError(Exception):
    """Stands for whatever ends a run."""


def cut_after(epoch):
    def say(line):
        if line.startswith(f"epoch {epoch}:"):
            raise PowerCutError

    return say


def quiet(line):
    del line


def checkpoint(folder):
    (path,) = folder.glob("checkpoint-*.keras")
    return keras.models.load_model(path)


def test_an_interrupted_run_ends_as_an_uninterrupted_one(tmp_path):
    """Weights, their running mean and the optimizer's moments and step all go on.

    But for dropout, whose random numbers Keras does not save.
    """
    settings = replace(SMALL, dropout=0.0)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    keras.utils.set_random_seed(5)
    wanted = fit_network(whole, settings, examples(), examples(4), quiet)
    keras.utils.set_random_seed(5)
    with pytest.raises(PowerCutError):
        fit_network(parts, settings, examples(), examples(4), cut_after(2))
    stopped = checkpoint(parts)
    assert int(stopped.optimizer.iterations) == 2 * SMALL.batches_per_epoch
    keras.utils.set_random_seed(77)  # another process draws other numbers
    found = fit_network(parts, settings, examples(), examples(4), quiet)
    ended, reference = checkpoint(parts).optimizer, checkpoint(whole).optimizer
    assert int(ended.iterations) == int(reference.iterations) == 4 * SMALL.batches_per_epoch
    for one, other in zip(history(parts), history(whole), strict=True):
        for name in ("epoch", "loss", "accuracy", "val_loss", "val_accuracy"):
            assert one[name] == pytest.approx(other[name], abs=1e-4), (name, one["epoch"])
    same_weights(found.get_weights(), wanted.get_weights(), atol=1e-4)
    moments = ([variable.numpy() for variable in one.variables] for one in (ended, reference))
    same_weights(*moments, atol=1e-4)
    pairs = zip(checkpoint(parts).get_weights(), stopped.get_weights(), strict=True)
    assert max(np.abs(one - other).max() for one, other in pairs) > 1e-2


def val_loss(network, validation):
    log_mels = [versions[0] for versions in validation.log_mels]
    probabilities = by_track(network, log_mels, SMALL, 2)
    return -np.log(probabilities[np.arange(len(log_mels)), validation.classes]).mean()


def test_training_stops_when_validation_gets_no_better_and_keeps_the_best(tmp_path):
    """What is learnt is wrong of these validation songs, so it soon gets worse for good."""
    settings = replace(SMALL, epochs=60, batches_per_epoch=6, patience=3)
    keras.utils.set_random_seed(0)
    lines: list[str] = []
    validation = examples(6, swapped=True)
    kept = fit_network(tmp_path, settings, examples(), validation, lines.append)
    rows = history(tmp_path)
    best = min(rows, key=lambda row: row["val_loss"])
    assert len(rows) == best["epoch"] + 3 < 60
    assert lines[-1] == "stopped: no better validation loss for 3 epochs"
    assert best["val_loss"] < rows[-1]["val_loss"] - 0.01
    assert val_loss(kept, validation) == pytest.approx(best["val_loss"], abs=1e-4)
    fit_network(tmp_path, settings, examples(), validation, lines.append)
    assert history(tmp_path) == rows
    assert lines[-1] == f"going on after epoch {len(rows)}"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A network fitted without validation, and the folder that it was kept in."""
    folder = tmp_path_factory.mktemp("trained")
    return fit_network(folder, replace(SMALL, patience=1), examples(), None, quiet), folder


def test_without_validation_all_epochs_are_learnt_and_the_last_is_kept(trained):
    kept, folder = trained
    assert [row["epoch"] for row in history(folder)] == [1, 2, 3, 4]
    assert "val_loss" not in history(folder)[0]
    last = keras.models.load_model(folder / "averaged-4.keras", compile=False)
    same_weights(kept.get_weights(), last.get_weights())


def test_a_network_that_begins_with_another_has_its_weights_below_the_logits(trained, tmp_path):
    """Next to nothing is learnt in one batch, so they are still as they were."""
    other, folder = trained
    settings = replace(SMALL, epochs=1, batches_per_epoch=1, learning_rate=1e-9)
    start = folder / "network.keras"
    begun = fit_network(tmp_path, settings, examples(), None, quiet, start=start)
    for name in ("conv_1", "conv_6"):
        same_weights(*(one.get_layer(name).get_weights() for one in (begun, other)), atol=1e-6)
    kernels = [one.get_layer("logits").get_weights()[0] for one in (begun, other)]
    assert np.abs(kernels[0] - kernels[1]).max() > 0.01


_MIRRORED = """
import json, sys
from dataclasses import replace
from pathlib import Path
import keras, tensorflow as tf
device = tf.config.list_physical_devices("CPU")[0]
halves = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(device, halves)
from melonnx.train.fit import loop as fit
from tests.train.fit import test_loop as tests

devices = []

def linear(n_mels, n_labels, n_imitated=0, dropout=0.0):
    devices.append(tf.distribute.get_strategy().num_replicas_in_sync)
    # Batch norm sees half a batch on each device, and dropout draws anew: this has neither.
    log_mel = keras.Input((None, n_mels))
    x = keras.layers.GlobalAveragePooling1D()(log_mel)
    return keras.Model(log_mel, keras.layers.Dense(n_labels)(x))

def run(name, settings, say, **how):
    folder = Path(sys.argv[1]) / name
    folder.mkdir(exist_ok=True)
    keras.utils.set_random_seed(3)
    network = fit.fit_network(
        folder, settings, tests.examples(), tests.examples(4), say, **how
    )
    weights = [weight.tolist() for weight in network.get_weights()]
    return {"history": tests.history(folder), "weights": weights}

lines = []
if sys.argv[2] == "linear":
    fit.build_network = linear
    settings = replace(tests.SMALL, learning_rate=0.05)
    try:
        run("both", settings, tests.cut_after(2), mirrored=True)
    except tests.PowerCutError:
        pass
    found = {
        "devices": max(devices),
        "both": run("both", settings, lines.append, mirrored=True),
        "one": run("one", settings, tests.quiet),
    }
else:
    settings = replace(tests.SMALL, epochs=2)
    found = {"both": run("both", settings, lines.append, mirrored=True)}
print(json.dumps(found | {"lines": lines}))
"""


def run_mirrored(folder, network):
    """In a process of its own, whose one processor is shown as two."""
    result = subprocess.run(
        [sys.executable, "-c", _MIRRORED, folder, network],
        cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def test_two_devices_learn_what_one_does_and_go_on_where_they_stopped(tmp_path):
    found = run_mirrored(tmp_path, "linear")
    both, one = found["both"], found["one"]
    assert found["devices"] == 2
    assert found["lines"][:2] == ["training on 2 devices", "going on after epoch 2"]
    assert one["history"][-1]["loss"] < one["history"][0]["loss"] - 0.05
    for shared, alone in zip(both["history"], one["history"], strict=True):
        for name in ("loss", "accuracy", "val_loss"):
            assert shared[name] == pytest.approx(alone[name], abs=1e-4), (name, shared["epoch"])
    for shared, alone in zip(both["weights"], one["weights"], strict=True):
        np.testing.assert_allclose(shared, alone, atol=1e-4)


def test_the_network_itself_learns_on_two_devices(tmp_path):
    found = run_mirrored(tmp_path, "six convolutions")
    assert found["lines"][0] == "training on 2 devices"
    rows = found["both"]["history"]
    assert [row["epoch"] for row in rows] == [1, 2]
    assert rows[1]["loss"] < rows[0]["loss"]


def test_read_run_refuses_what_is_none(tmp_path):
    with pytest.raises(RunError, match="holds no training run"):
        read_run(tmp_path)


def test_settings_default_to_the_released_front_end():
    assert Settings().mel_spec == MelSpec()
