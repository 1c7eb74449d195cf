"""A model is put in place whole or not at all, and its twin with it."""

import onnx
import onnxruntime
import pytest

from melonnx.export.errors import ProofError
from melonnx.export.place import put_in_place
from melonnx.infer.model import find_model, load_model


@pytest.fixture
def small():
    return onnx.load(find_model("genre-small"))


def test_the_model_is_there_and_nothing_else(small, tmp_path):
    out = tmp_path / "new" / "x.onnx"
    assert put_in_place(small, out) is None
    assert load_model(out).info.name == "genre-small"
    assert [path.name for path in out.parent.iterdir()] == ["x.onnx"]


def test_a_twin_comes_with_it_if_wanted(small, tmp_path):
    found = put_in_place(small, tmp_path / "x.onnx", wave=True)
    assert found is not None
    assert max(worst.difference for worst in found.values()) <= 1e-4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.onnx", "x.wave.onnx"]
    session = onnxruntime.InferenceSession(tmp_path / "x.wave.onnx")
    assert [value.name for value in session.get_inputs()] == ["waveform"]


def test_what_the_runtime_refuses_leaves_the_old_file(small, tmp_path):
    (tmp_path / "x.onnx").write_bytes(b"old")
    del small.metadata_props[:]
    with pytest.raises(ProofError, match="the runtime refuses the model"):
        put_in_place(small, tmp_path / "x.onnx")
    assert (tmp_path / "x.onnx").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.onnx"]
