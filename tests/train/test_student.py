"""A student looks where the backbone does, less often, and learns what its teachers say."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest

from melonnx.train.data.readers.dataset import read_folder
from melonnx.train.data.teacher_table import TeacherTableError
from melonnx.train.fit.student import StudentExamples, standardised, teach
from melonnx.train.network.backbone import N_FRAMES, load_backbone
from melonnx.train.network.dead_filters import drop_dead_filters
from melonnx.train.network.outputs import with_all_outputs
from melonnx.train.network.student import (
    HEAVY_STUDENT,
    STUDENT,
    begin_student,
    front_of,
    hear,
    look_less_often,
    upper_of,
)
from melonnx.train.network.transfer import embed
from melonnx.train.run import read_run
from melonnx.train.train import train
from melonnx.train.training_data import Sources
from tests.train.conftest import write_tones

SETTINGS = replace(STUDENT, epochs=8, batch_size=8, copies=1, folds=2)


@pytest.fixture(scope="module")
def backbone(unpacked):
    return drop_dead_filters(load_backbone(unpacked))


@pytest.fixture(scope="module")
def student(backbone):
    return look_less_often(backbone)


def log_mel(n_frames, seed=0):
    return np.random.default_rng(seed).random((n_frames, 96)).astype(np.float16)


def quiet(line):
    del line


def test_it_has_the_backbones_weights_in_front_and_half_the_frames(backbone, student):
    front = front_of(student)
    patch = log_mel(N_FRAMES)[None].astype(np.float32)
    here = front.predict_on_batch(patch)
    there = front_of(backbone).predict_on_batch(patch)
    assert here.shape == (1, -(-N_FRAMES // 2), there.shape[-1])
    names = ("timbral_38", "timbral_67", "temporal_128", "temporal_64", "temporal_32")
    for name in names:
        for own, known in zip(
            student.get_layer(name).get_weights(),
            backbone.get_layer(name).get_weights(),
            strict=True,
        ):
            np.testing.assert_array_equal(own, known)
    np.testing.assert_allclose(here[..., -1], there[:, ::2, -1], atol=1e-5)  # the channel of ones


def test_its_middle_begins_with_kernels_over_as_much_time(backbone, student):
    """Of music that does not change, they say the same."""
    for name in ("middle_1", "middle_2", "middle_3"):
        own, known = (net.get_layer(name).get_weights()[0] for net in (student, backbone))
        np.testing.assert_allclose(own.sum(axis=0), known.sum(axis=0), atol=1e-5)
        assert not own[0].any()
        assert own[1].any()


def test_a_track_is_heard_window_by_window(student):
    front = front_of(student)
    track = log_mel(3 * N_FRAMES + 50)
    windows = hear(front, track)
    assert windows.shape[0] == 4
    assert windows.dtype == np.float16
    for window, start in zip(windows, (0, N_FRAMES, 2 * N_FRAMES, 2 * N_FRAMES + 50), strict=True):
        patch = track[start : start + N_FRAMES][None].astype(np.float32)
        np.testing.assert_allclose(window, front.predict_on_batch(patch)[0], atol=2e-2)
    shifted = hear(front, track, 40)
    assert len(shifted) == 3 + 1
    patch = track[40 : 40 + N_FRAMES][None].astype(np.float32)
    np.testing.assert_allclose(shifted[0], front.predict_on_batch(patch)[0], atol=2e-2)
    assert len(hear(front, track[:100], 40)) == 1


def test_a_heavy_one_begins_as_the_backbone_and_learns_above_what_is_pooled(backbone):
    heavy = begin_student(backbone, HEAVY_STUDENT)
    heard = log_mel(2 * N_FRAMES)
    pooled = hear(front_of(heavy, HEAVY_STUDENT), heard)
    assert pooled.ndim == 2
    upper = upper_of(heavy, HEAVY_STUDENT)
    assert {v.path.split("/")[0] for v in upper.trainable_variables} == {
        "embedding_dense",
        "embedding",
    }
    said = upper.predict_on_batch(pooled.astype(np.float32))
    np.testing.assert_allclose(said, embed(backbone, heard), atol=2e-2)
    variable = heavy.get_layer("embedding").beta
    variable.assign_add(np.ones_like(variable))
    np.testing.assert_allclose(said, embed(backbone, heard), atol=2e-2)  # it is a copy


def lessons(student, settings=STUDENT, n=24):
    """Two genres, told by how loud the lower bands are."""
    front, upper = front_of(student, settings), upper_of(student, settings)
    classes = np.arange(n) % 2
    mels = [
        log_mel(400, seed) * (np.arange(96) < 48 * (1 + own)) for seed, own in enumerate(classes)
    ]
    fronts = [(hear(front, mel), hear(front, mel, 90)) for mel in mels]
    embeddings = np.stack([upper.predict_on_batch(own[0])[0] for own in fronts])
    targets = np.eye(2, dtype=np.float32)[classes]
    return StudentExamples(fronts, targets, standardised(embeddings), np.ones(n, np.float32))


@pytest.mark.parametrize("kind", [STUDENT, HEAVY_STUDENT])
def test_what_is_taught_is_learnt_and_a_stopped_run_goes_on(backbone, tmp_path, kind):
    settings = replace(kind, epochs=12, batch_size=8, learning_rate=3e-3)
    results = []
    for stops in ((12,), (2, 12)):
        keras.utils.set_random_seed(0)
        folder = tmp_path / str(len(stops))
        folder.mkdir()
        for at, epochs in enumerate(stops):
            lines: list[str] = []
            student = begin_student(backbone, settings)
            own = lessons(student, settings)
            if epochs < 12:
                with pytest.raises(KeyboardInterrupt):
                    teach(student, own, folder, settings, stop_after(epochs, lines))
            else:
                kernel, bias = teach(student, own, folder, settings, lines.append)
                assert lines[0].startswith("going on after epoch 2" if at else "epoch 1 of 12")
        upper = upper_of(student, settings)
        said = [upper.predict_on_batch(front[0].astype(np.float32)).mean(axis=0)
                for front in own.fronts]  # fmt: skip
        logits = np.stack(said) @ kernel + bias
        results.append((logits.argmax(axis=1) == own.targets.argmax(axis=1)).mean())
        losses = [float(line.split(" loss ")[1].split()[0]) for line in lines if " loss " in line]
        assert all("left)" in line for line in lines[:-1] if " loss " in line)
        assert losses[-1] < losses[0]
        assert [path.name for path in folder.iterdir()] == ["after-12.weights.h5"]
    assert min(results) > 0.8


def stop_after(epochs, lines):
    def say(line):
        lines.append(line)
        if line.startswith(f"epoch {epochs} "):
            raise KeyboardInterrupt

    return say


def test_imitated_embeddings_are_of_one_scale():
    rng = np.random.default_rng(0)
    values = standardised(np.append(rng.normal(3, 7, (500, 2)), [[1e6, 3]], axis=0))
    assert np.abs(values).max() <= 5
    assert standardised(np.ones((4, 2), np.float32)).tolist() == [[0, 0]] * 4


@pytest.fixture(scope="module")
def taught(genres, unpacked, tmp_path_factory):
    """A run with folds, what was said, and what it was made of."""
    root = tmp_path_factory.mktemp("student")
    for number in range(4):
        write_tones(root / "sounds" / f"kind {number % 2}" / f"{number}.wav", (80 + number, 7))
    tracks = list(read_folder(genres))
    rng = np.random.default_rng(0)
    good = [track for track in tracks if track.path.suffix == ".wav"]
    table = root / "teacher.npz"
    names = np.array([track.path.relative_to(genres).as_posix() for track in good])
    kinds = np.array([[track.genre == kind for kind in ("drone", "noise")] for track in good])
    np.savez(table, path=names, embedding=kinds + rng.normal(0, 0.1, kinds.shape))
    sources = Sources(backbone=unpacked, teacher=table, not_music=root / "sounds")
    lines: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("melonnx.train.training_data._NOISES_OF_A_KIND", 2)
        train(genres, tracks, root / "run", SETTINGS, root / "cache", lines.append, sources)
    return read_run(root / "run"), lines, sources, tracks


def test_a_run_makes_a_network_of_each_fold_and_of_all(taught):
    run, lines, sources, _ = taught
    assert run.finished
    assert sources.hashes().keys() == {"backbone", "teacher", "not_music"}
    assert sum("the teacher is right on" in line for line in lines) == 3
    for folder in (run.folder, *run.fold_folders):
        one = read_run(folder)
        assert one.finished
        assert 0 < one.music_bar < 1
        outputs = with_all_outputs(keras.models.load_model(one.network_path, compile=False))
        said = outputs.predict_on_batch(log_mel(N_FRAMES)[None].astype(np.float32))
        assert said["probabilities"].shape == (1, 3)
        assert said["music"].shape == (1, 1)
        assert said["evidence"].shape == (1, -(-N_FRAMES // 2), 1, 3)
    scores = json.loads((run.folder / "folds.json").read_text())
    assert np.mean(scores["accuracy"]) > 0.5


def test_a_bad_table_is_refused_before_anything_is_made(taught, genres, tmp_path):
    _, _, sources, tracks = taught
    table = tmp_path / "bad.npz"
    np.savez(table, path=np.array(["drone/0.wav"]), embedding=np.ones((1, 2)))
    with pytest.raises(TeacherTableError, match="lacks 29 of 31 songs"):
        train(
            genres, tracks, tmp_path / "run", SETTINGS, tmp_path / "cache", quiet,
            replace(sources, teacher=table),
        )  # fmt: skip
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "cache").exists()
