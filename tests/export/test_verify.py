"""Verifying repeats the proof, finds what is wrong, and says where."""

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest

from melonnx.export.difference import worst_difference
from melonnx.export.errors import ProofError
from melonnx.export.form import check_form
from melonnx.export.proof_clips import proof_clips, song_clips
from melonnx.export.seal import seal
from melonnx.export.verify import verify
from melonnx.export.wave.graph import waveform_twin
from melonnx.export.wave.twin import prove_twin, save_twin, twin_path
from melonnx.infer import MelSpec
from melonnx.infer.errors import ModelFileError, NoMusicError
from melonnx.infer.model.metadata import METADATA_KEY, ModelInfo
from tests.conftest import encode, make_song
from tests.export.conftest import plain_model

SPEC = MelSpec(sample_rate=8000, n_fft=256, hop_length=200, n_mels=24, fmax=4000.0)
INFO = ModelInfo("plain", "1", ("a", "b"), SPEC, window=30, window_hop=30, max_windows=8)


def failed(path, **how):
    return [check for check in verify(path, **how) if not check.passes]


def test_model_without_a_twin_and_with_one_pass(write_model):
    path = write_model(INFO)
    names = [check.name for check in verify(path)]
    assert names[0] == "form of plain.onnx"
    assert "a twin built here, probabilities" in names
    worst = save_twin(path, twin_path(path))
    assert set(worst) == {"probabilities", "embedding", "evidence"}
    for either in (path, twin_path(path)):
        checks = list(verify(either))
        assert all(check.passes for check in checks)
        assert "plain.wave.onnx, evidence" in [check.name for check in checks]
    assert sorted(file.name for file in path.parent.iterdir()) == ["plain.onnx", "plain.wave.onnx"]


def test_twin_of_another_model_is_told(write_model, tmp_path):
    path = write_model(INFO)
    other = waveform_twin(plain_model(replace(INFO, version="2"), seed=1))
    twin_path(path).write_bytes(seal(other))
    first, *rest = failed(path)
    assert "another version" in first.problem
    assert rest[0].name == "plain.wave.onnx, probabilities"
    assert rest[0].worst is not None
    assert rest[0].worst.where.endswith((": a", ": b"))
    with pytest.raises(ProofError, match=r"differ by .* in probabilities, .*: (a|b); allowed"):
        prove_twin(other, path)


def test_a_file_without_a_checksum_passes_and_that_is_said(write_model, melonnx):
    path = write_model(INFO)
    (check,) = [check for check in verify(path) if check.name == "checksum of plain.onnx"]
    assert (check.passes, check.note) == (True, "")
    path.write_bytes(plain_model(INFO).SerializeToString())
    (check,) = [check for check in verify(path) if check.name == "checksum of plain.onnx"]
    assert check.passes
    result = melonnx("verify", path)
    assert result.returncode == 0, result.stderr
    line = (
        "ok      checksum of plain.onnx: there is none, so damage to the file would not be noticed"
    )
    assert line in result.stdout.splitlines()


def test_music_of_the_users_own_is_asked_about(write_model, tmp_path):
    path = write_model(INFO)
    music = tmp_path / "music"
    music.mkdir()
    with pytest.raises(NoMusicError):
        failed(path, data=music)
    (music / "broken.mp3").write_text("no music")
    (music / "song.wav").write_bytes(encode(make_song(12, 8000), 8000, "WAV"))
    names = [clip.name for clip in song_clips(sorted(music.iterdir()), 8000)]
    assert [name.rpartition("song.wav, ")[2] for name in names] == [
        "0.5 s",
        "3 s",
        "10 s",
        "12.0 s",
    ]
    assert not failed(path, data=music)


def test_proof_clips_are_of_many_lengths_and_not_silent():
    clips = list(proof_clips(8000))
    seconds = sorted(len(clip.waveform) / 8000 for clip in clips)
    assert seconds[0] == 0.5
    assert seconds[-1] >= 180
    assert len({clip.name for clip in clips}) == len(clips)
    assert all(clip.waveform.dtype == np.float32 and clip.waveform.any() for clip in clips)


def with_weights_outside(data):
    twin = onnx.ModelProto.FromString(data)
    tensor = twin.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return seal(twin)


def test_twin_of_a_model_with_other_labels_is_told(write_model):
    path = write_model(INFO)
    save_twin(path, twin_path(path))
    labels = (*INFO.labels, "another")
    write_model(replace(INFO, labels=labels))
    problems = [check.problem for check in verify(path) if not check.passes]
    assert "metadata" in problems[0]
    assert "its probabilities is (1, " in problems[1]


def test_twin_that_is_damaged_foreign_or_alone_is_refused(write_model, tmp_path):
    path = write_model(INFO)
    save_twin(path, twin_path(path))
    whole = twin_path(path).read_bytes()
    for data, says in (
        (whole[: len(whole) // 2], "damaged"),
        (whole.replace(b"plain", b"plein", 1), "damaged"),
        (path.read_bytes(), "not a waveform twin"),
        (b"", "not a waveform twin"),
        (with_weights_outside(whole), "another file"),
    ):
        twin_path(path).write_bytes(data)
        with pytest.raises(ModelFileError, match=rf"plain\.wave\.onnx: .*{says}"):
            list(verify(path))
    twin_path(path).write_bytes(whole)
    path.unlink()
    with pytest.raises(ModelFileError, match=r"plain\.onnx, is not beside it"):
        list(verify(twin_path(path)))


def broken(change):
    model = plain_model(INFO)
    change(model)
    return model


def add_metadata(values):
    def apply(model):
        text = json.dumps(json.loads(INFO.to_json()) | values)
        onnx.helper.set_model_props(model, {METADATA_KEY: text})

    return apply


def name_axis(model):
    model.graph.output[1].type.tensor_type.shape.dim[0].dim_param = ""


def custom_operator(model):
    model.graph.node[0].domain = "com.microsoft"
    model.opset_import.add(domain="com.microsoft", version=1)


def custom_operator_in_a_branch(model):
    made = onnx.helper.make_node("Mine", ["log_mel"], ["inner"], domain="com.microsoft")
    inner = onnx.helper.make_tensor_value_info("inner", 1, None)
    branch = onnx.helper.make_graph([made], "branch", [], [inner])
    truth = onnx.helper.make_tensor("truth", onnx.TensorProto.BOOL, [], [True])
    model.graph.initializer.append(truth)
    node = onnx.helper.make_node("If", ["truth"], ["x"], then_branch=branch, else_branch=branch)
    model.graph.node.append(node)
    model.opset_import.add(domain="com.microsoft", version=1)


def too_new(model):
    model.ir_version = 11


def another_opset(model):
    model.opset_import[0].version = 18
    for node in model.graph.node:  # which moved the axes of ReduceMean
        if node.op_type == "ReduceMean":
            del node.attribute[:]
            node.attribute.append(onnx.helper.make_attribute("keepdims", 0))
            node.input.append("axis_one")
    axis = onnx.numpy_helper.from_array(np.array([1]), "axis_one")
    model.graph.initializer.append(axis)


def outside(model):
    model.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (name_axis, "axis 0 of 'embedding'"),
        (custom_operator, "com.microsoft"),
        (custom_operator_in_a_branch, "com.microsoft"),
        (outside, "another file"),
        (too_new, "IR version 11"),
        (another_opset, "opset 18"),
        (lambda model: model.graph.node.pop(0), "checker"),
        (lambda model: model.ClearField("metadata_props"), "0 entries"),
        (add_metadata({"window": 0}), "metadata"),
    ],
)
def test_a_form_that_would_not_run_everywhere_is_refused(change, says):
    check_form(plain_model(INFO))
    with pytest.raises(ProofError, match=says):
        check_form(broken(change))


def test_worst_difference_is_named_and_a_nan_is_the_worst():
    wanted = np.zeros((2, 3))
    got = wanted.copy()
    got[1, 2] = 0.5
    assert worst_difference(got, wanted, ["x", "y"], "abc").where == "y: c"
    got[0, 1] = np.nan
    worst = worst_difference(got, wanted, ["x", "y"], ())
    assert (worst.difference, worst.where) == (np.inf, "x: number 1")
    evidence = np.zeros((1, 9, 1, 2))
    tied = evidence.copy()
    tied[0, :2, 0, 1] = 5, -5  # the maximum went from one frame to another
    assert worst_difference(tied, evidence, ["x"], "ab").difference == 0
    assert worst_difference(tied + 1, evidence, ["x"], "ab").difference == 1


def test_command_says_where_and_fails_with_a_model_that_does(melonnx, write_model, tmp_path):
    path = write_model(INFO)
    model = path.read_bytes()
    careless = melonnx("wave", path, "--out", path)
    assert careless.returncode == 2
    assert ".wave.onnx" in careless.stderr
    assert path.read_bytes() == model
    made = melonnx("wave", path)
    assert made.returncode == 0, made.stderr
    assert f"wrote {twin_path(path)}" in made.stdout
    result = melonnx("verify", path)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "ok      form of plain.onnx"
    assert all(line.startswith("ok") for line in lines)
    assert "1e-04 allowed, in " in lines[-1]
    write_model(replace(INFO, version="2"))
    result = melonnx("verify", twin_path(path))
    assert result.returncode == 1
    assert "FAILED  plain.wave.onnx: its metadata are not the model's" in result.stdout
    refused = melonnx("classify", "song.mp3", "--model", twin_path(path))
    assert refused.returncode == 1
    assert "is a waveform twin" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
