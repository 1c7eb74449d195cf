"""A model is put in place whole or not at all, and no twin but its own lies beside it."""

import onnx
import onnxruntime
import pytest

from melonnx.export.errors import ProofError
from melonnx.export.place import put_in_place
from melonnx.export.proof_clips import Clip
from melonnx.export.seal import seal
from melonnx.infer.model.onnx_file import is_damaged
from melonnx.infer.model.session import find_model, load_model
from tests.conftest import make_song


def quiet(line):
    raise AssertionError(line)


@pytest.fixture
def small():
    return onnx.load(find_model("genre-small"))


@pytest.fixture
def clips():
    return [Clip("a song", make_song(12)[:, 0])]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def renamed(model):
    model.metadata_props[0].value = model.metadata_props[0].value.replace("genre-small", "other")
    return seal(model)


def test_the_model_is_there_and_nothing_else(small, tmp_path):
    out = tmp_path / "new" / "x.onnx"
    assert put_in_place(seal(small), out, quiet) is None
    assert load_model(out).info.name == "genre-small"
    assert names(out.parent) == ["x.onnx"]


def test_a_twin_comes_with_it_if_wanted(small, tmp_path, clips):
    found = put_in_place(seal(small), tmp_path / "x.onnx", quiet, wave=True, clips=clips)
    assert found is not None
    assert max(worst.difference for worst in found.values()) <= 1e-4
    assert names(tmp_path) == ["x.onnx", "x.wave.onnx"]
    session = onnxruntime.InferenceSession(tmp_path / "x.wave.onnx")
    assert [value.name for value in session.get_inputs()] == ["waveform"]
    assert not is_damaged((tmp_path / "x.wave.onnx").read_bytes())


def test_a_twin_of_another_model_goes_and_that_is_said(small, tmp_path):
    said = []
    (tmp_path / "x.wave.onnx").write_bytes(b"a twin")
    put_in_place(seal(small), tmp_path / "x.onnx", said.append)
    assert names(tmp_path) == ["x.onnx"]
    assert len(said) == 1
    assert "x.wave.onnx, the twin of another model" in said[0]


def test_the_same_model_again_leaves_its_twin(small, tmp_path):
    put_in_place(seal(small), tmp_path / "x.onnx", quiet)
    (tmp_path / "x.wave.onnx").write_bytes(b"its twin")
    put_in_place(seal(small), tmp_path / "x.onnx", quiet)
    assert (tmp_path / "x.wave.onnx").read_bytes() == b"its twin"


def test_a_new_twin_takes_the_place_of_the_old_one(small, tmp_path, clips):
    (tmp_path / "x.onnx").write_bytes(b"old")
    (tmp_path / "x.wave.onnx").write_bytes(b"old twin")
    put_in_place(renamed(small), tmp_path / "x.onnx", quiet, wave=True, clips=clips)
    assert b'"name": "other"' in (tmp_path / "x.wave.onnx").read_bytes()
    assert names(tmp_path) == ["x.onnx", "x.wave.onnx"]


def test_what_the_runtime_refuses_leaves_the_old_files(small, tmp_path):
    (tmp_path / "x.onnx").write_bytes(b"old")
    (tmp_path / "x.wave.onnx").write_bytes(b"old twin")
    del small.metadata_props[:]
    with pytest.raises(ProofError, match=r"the runtime refuses the model: .*/x\.onnx: "):
        put_in_place(seal(small), tmp_path / "x.onnx", quiet)
    assert (tmp_path / "x.onnx").read_bytes() == b"old"
    assert (tmp_path / "x.wave.onnx").read_bytes() == b"old twin"
    assert names(tmp_path) == ["x.onnx", "x.wave.onnx"]


def test_a_twin_that_differs_leaves_the_old_files(small, tmp_path, clips, monkeypatch):
    (tmp_path / "x.onnx").write_bytes(b"old")
    (tmp_path / "x.wave.onnx").write_bytes(b"old twin")
    monkeypatch.setattr("melonnx.export.wave.twin.TWIN_TOLERANCE", -1)
    with pytest.raises(ProofError, match="twin and the runtime differ"):
        put_in_place(seal(small), tmp_path / "x.onnx", quiet, wave=True, clips=clips)
    assert (tmp_path / "x.onnx").read_bytes() == b"old"
    assert (tmp_path / "x.wave.onnx").read_bytes() == b"old twin"
    assert names(tmp_path) == ["x.onnx", "x.wave.onnx"]
