"""Dropping the dead filters drops work, and changes nothing that the network says."""

import numpy as np
import pytest

from melonnx.train.network.backbone import FRONT_FILTERS, build_backbone, load_backbone
from melonnx.train.network.dead_filters import drop_dead_filters

WIDTHS = dict(zip(FRONT_FILTERS, (6, 5, 4, 3, 4), strict=True))
DEAD = {
    "timbral_38": [0, 3],
    "timbral_67": [],
    "temporal_128": [1, 2, 3],
    "temporal_64": [2],
    "temporal_32": [3],
}


def network(dead):
    """A small backbone with random weights, norms and biases among them."""
    rng = np.random.default_rng(0)
    backbone = build_backbone(WIDTHS)
    for layer in backbone.layers:
        weights = [rng.normal(0, 0.4, weight.shape) for weight in layer.get_weights()]
        if len(weights) == 4:
            weights[3] = rng.uniform(0.5, 1.5, weights[3].shape)
        if layer.name in dead:
            # As weight decay leaves them: next to nothing.
            weights[0][..., dead[layer.name]] *= 1e-9
        layer.set_weights(weights)
    return backbone


@pytest.mark.parametrize("dead", [DEAD, {}, DEAD | {"temporal_32": [0, 1, 2, 3]}])
@pytest.mark.parametrize("n_frames", [40, 20])
def test_the_outputs_are_those_of_the_whole_network(dead, n_frames):
    backbone = network(dead)
    slim = drop_dead_filters(backbone)
    patches = np.random.default_rng(1).random((3, n_frames, 96), np.float32) * 4
    before, after = backbone.predict_on_batch(patches), slim.predict_on_batch(patches)
    for name in ("embedding", "tags"):
        assert np.ptp(before[name], axis=0).max() > 0.01
        scale = np.abs(before[name]).max()
        np.testing.assert_allclose(after[name], before[name], rtol=0, atol=1e-5 * scale)


def test_only_the_live_filters_and_one_of_ones_are_left():
    slim = drop_dead_filters(network(DEAD))
    filters = {name: slim.get_layer(name).filters for name in FRONT_FILTERS}
    assert filters == {
        "timbral_38": 4, "timbral_67": 5, "temporal_128": 1, "temporal_64": 2, "temporal_32": 3 + 1,
    }  # fmt: skip


def test_the_live_features_are_the_same_and_in_their_order():
    backbone = network(DEAD)
    slim = drop_dead_filters(backbone)
    patches = np.random.default_rng(1).random((1, 30, 96), np.float32) * 4
    before, after = (one.predict_on_batch(patches)["features"] for one in (backbone, slim))
    first = np.cumsum([0, *WIDTHS.values()])
    dead = [start + at for start, name in zip(first, WIDTHS, strict=False) for at in DEAD[name]]
    live = np.delete(before, dead, axis=2)
    n_front = sum(WIDTHS.values()) - len(dead)
    np.testing.assert_allclose(after[..., n_front], 1, atol=1e-6)
    np.testing.assert_allclose(np.delete(after, n_front, axis=2), live, atol=1e-4)


def test_a_checkpoint_of_mostly_dead_filters_becomes_small(unpacked):
    backbone = load_backbone(unpacked)
    slim = drop_dead_filters(backbone)
    assert slim.count_params() < 0.4 * backbone.count_params()
