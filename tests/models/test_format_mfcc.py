"""The reader written from the text of models/README.md reads networks of coefficients, too."""

import pytest

from melonnx.export.seal import seal
from melonnx.infer import MelSpec
from melonnx.infer.frontend.mfcc import Mfcc
from melonnx.infer.model.metadata import ModelInfo
from tests.conftest import RATE, make_song
from tests.export.conftest import plain_model
from tests.models.test_format import agree


@pytest.mark.parametrize("reference", ["loudest", "full scale"])
def test_so_it_does_of_a_network_that_takes_coefficients(reference, tmp_path):
    spec = MelSpec(reference=reference, mfcc=Mfcc(13, lifter=22.0, deltas=2))
    about = {
        "labels": ("a", "b", "c"),
        "window": 30,
        "window_hop": 30,
        "mel_spec": spec,
        "bars": {"90": {}},
    }
    path = tmp_path / "mfcc.onnx"
    path.write_bytes(seal(plain_model(ModelInfo(name="mfcc", version="1", **about))))
    agree(path, make_song(4)[:, 0], RATE)
