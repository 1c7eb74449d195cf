"""Smaller models stay near to what they are made of, and their tails stay in float."""

import numpy as np
import onnx
import pytest

from melonnx.export.form import check_form, is_quantised
from melonnx.export.quantise import quantise, window_milliseconds
from melonnx.export.seal import seal
from melonnx.export.verify import verify
from melonnx.infer.frontend.mel import MelSpec, log_mel
from melonnx.infer.frontend.windows import patch_batches, window_starts
from melonnx.infer.model.session import load_model
from tests.conftest import make_song


@pytest.fixture(scope="module")
def patches():
    windows = []
    for seed in range(4):
        frames = log_mel(make_song(22, seed=seed)[:, 0], MelSpec())
        windows += patch_batches(frames, 130, window_starts(len(frames), 130, 65), 9)
    return np.concatenate(windows)


@pytest.fixture(scope="module")
def whole(tiny_model):
    return onnx.load(tiny_model)


@pytest.fixture(scope="module")
def int8(whole, patches):
    return quantise(whole, "int8", patches[:12])


@pytest.fixture(scope="module")
def float16(whole, patches):
    return quantise(whole, "float16", patches[:1])


@pytest.mark.parametrize(("kind", "share", "near"), [("float16", 0.55, 2e-3), ("int8", 0.4, 0.05)])
def test_smaller_and_near(kind, share, near, request, whole, patches, tmp_path, tiny_model):
    small = request.getfixturevalue(kind)
    check_form(small)
    assert is_quantised(small)
    assert not is_quantised(whole)
    path = tmp_path / "small.onnx"
    path.write_bytes(seal(small))
    assert path.stat().st_size < share * tiny_model.stat().st_size
    wanted, got = (load_model(file, device="cpu") for file in (tiny_model, path))
    assert got.info == wanted.info
    for name in ("probabilities", "embedding"):
        expected = getattr(wanted.run(patches), name)
        np.testing.assert_allclose(getattr(got.run(patches), name), expected, atol=near)
    assert 0 < window_milliseconds(path, patches[:2], runs=2) < 1000


@pytest.mark.parametrize("kind", ["float16", "int8"])
def test_all_that_the_format_has_is_kept_and_verified(kind, full_model, patches, tmp_path):
    path = tmp_path / "small.onnx"
    path.write_bytes(seal(quantise(onnx.load(full_model), kind, patches[:4])))
    wanted, got = (load_model(file, device="cpu") for file in (full_model, path))
    assert got.info == wanted.info
    np.testing.assert_allclose(got.run(patches).music, wanted.run(patches).music, atol=0.05)
    checks = list(verify(path))
    assert all(check.passes for check in checks), checks
    assert any(check.name.endswith(", music") for check in checks)


def test_what_is_above_the_pooling_stays_in_float(int8):
    made_by = {name: node for node in int8.graph.node for name in node.output}
    for output in int8.graph.output:
        waiting, pooled = [made_by[output.name]], 0
        while waiting:
            node = waiting.pop()
            if node.op_type == "GlobalAveragePool":
                pooled += 1
                continue
            above_pooling = output.name != "evidence"
            assert not (above_pooling and "QuantizeLinear" in node.op_type), output.name
            if above_pooling:
                waiting += [made_by[name] for name in node.input if name in made_by]
        assert pooled or output.name == "evidence"
    quantised = {
        made_by[node.input[0]].op_type
        for node in int8.graph.node
        if node.op_type == "Conv" and node.input[0] in made_by
    }
    assert "DequantizeLinear" in quantised


def test_the_same_patches_give_the_same_bytes(whole, int8, patches):
    assert seal(quantise(whole, "int8", patches[:12])) == seal(int8)
