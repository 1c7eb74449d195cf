"""A saved pipeline answers as scikit-learn does, and says what it wants to hear."""

import json
from pathlib import Path

import onnxruntime
import pytest

from melonnx.export.errors import ProofError
from melonnx.export.sklearn.pipeline import (
    METADATA_KEY,
    describe_best,
    prove_pipeline,
    save_pipeline,
)
from melonnx.infer.errors import ModelFileError
from melonnx.infer.model.onnx_file import CHECKSUM_KEY, is_damaged
from melonnx.infer.model.session import load_model
from melonnx.train.classical.benchmark import fit_best, make_folds, run_benchmark
from melonnx.train.classical.classifiers import CLASSIFIERS
from melonnx.train.classical.feature_names import COLUMNS
from melonnx.train.classical.feature_table import FeatureTable
from tests.train.classical.test_benchmark import made_table, quiet


def saved(tmp_path, classifier, features="MFCC + contrast + centroid", preset="fma-paper"):
    table = made_table()
    result = run_benchmark(
        table, make_folds(table.tracks, 4), preset, quiet,
        feature_sets=[features], classifiers=[classifier],
    )  # fmt: skip
    pipeline = fit_best(table, result.best, preset)
    info, rows = describe_best(pipeline, result, table, "best")
    path = tmp_path / "best.onnx"
    return path, pipeline, info, rows, save_pipeline(pipeline, info, rows, path)


@pytest.mark.parametrize(
    ("classifier", "preset"),
    [
        *((classifier, "fma-paper") for classifier in CLASSIFIERS),
        ("logistic regression", "tuned"),
        ("k-nearest neighbours", "tuned"),
        ("polynomial SVM", "tuned"),
    ],
)
def test_every_classifier_is_equal_to_scikit_learn(tmp_path, classifier, preset):
    path, pipeline, _, rows, proof = saved(tmp_path, classifier, preset=preset)
    assert proof.rows == len(rows) == 60
    assert proof.worst <= 1e-4
    session = onnxruntime.InferenceSession(path)
    label, scores = session.run(["label", "scores"], {"features": rows})
    assert label.tolist() == pipeline.predict(rows).tolist()
    assert scores.shape == (60, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["best.onnx"]


def test_the_file_names_its_columns_and_its_figures(tmp_path):
    path, pipeline, _, rows, _ = saved(tmp_path, "RBF SVM", "contrast")
    session = onnxruntime.InferenceSession(path)
    values = json.loads(session.get_modelmeta().custom_metadata_map[METADATA_KEY])
    assert values["features"] == [str(c) for c in COLUMNS if c.feature == "spectral_contrast"]
    assert values["labels"] == ["calm", "loud", "odd"] == pipeline.classes_.tolist()
    assert values["scores"] == "decision function"
    assert 0 < values["metrics"]["accuracy"] <= 1
    assert values["songs"] == len(rows)
    assert "4 folds" in values["split"]
    (given,) = session.get_inputs()
    assert (given.name, given.shape) == ("features", ["batch", 49])


def test_a_disk_that_is_full_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path, pipeline, info, rows, _ = saved(tmp_path, "decision tree")
    before = path.read_bytes()

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        save_pipeline(pipeline, info, rows, path)
    assert path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["best.onnx"]


def test_the_file_carries_a_checksum_that_tells_damage(tmp_path):
    path, *_ = saved(tmp_path, "decision tree")
    data = path.read_bytes()
    assert CHECKSUM_KEY.encode() in data
    assert not is_damaged(data)
    assert is_damaged(data.replace(b"calm", b"palm"))


def test_the_runtime_refuses_it_as_no_network(tmp_path):
    path, *_ = saved(tmp_path, "decision tree")
    with pytest.raises(ModelFileError):
        load_model(path, device="cpu")


def test_another_pipeline_is_not_put_in_place(tmp_path):
    path, _, info, rows, _ = saved(tmp_path, "linear SVM")
    before = path.read_bytes()
    table = made_table()
    shuffled = FeatureTable(table.tracks[1:] + table.tracks[:1], table.values)
    result = run_benchmark(
        shuffled, make_folds(shuffled.tracks, 4), "fma-paper", quiet,
        feature_sets=[info.feature_set], classifiers=["linear SVM"],
    )  # fmt: skip
    other = fit_best(shuffled, result.best, "fma-paper")
    with pytest.raises(ProofError, match="differ"):
        prove_pipeline(path.read_bytes(), other, rows)
    bad = rows[:, :-1]
    with pytest.raises(ProofError, match="does not run"):
        save_pipeline(other, info, bad, path)
    assert path.read_bytes() == before
