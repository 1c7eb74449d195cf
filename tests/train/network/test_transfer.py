"""A head on the backbone answers by patches, and its evidence is the whole of its logits."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from melonnx.infer.frontend.mel import log_mel, mel_power
from melonnx.train.network.backbone import FRONT_FILTERS, N_FRAMES, build_backbone
from melonnx.train.network.transfer import (
    BACKBONE_MEL,
    TRANSFER,
    build_transfer,
    embed,
    with_all_outputs,
)
from tests.conftest import make_song


def random_backbone(rng):
    """A small one with random weights, norms and biases among them."""
    network = build_backbone(dict.fromkeys(FRONT_FILTERS, 3))
    for layer in network.layers:
        shapes = [weight.shape for weight in layer.get_weights()]
        weights = [rng.normal(0, np.prod(shape[:-1]) ** -0.5, shape) for shape in shapes]
        if len(weights) == 4:
            weights[0], weights[3] = rng.uniform(0.5, 1.5, (2, *weights[0].shape))
        layer.set_weights(weights)
    return network


@pytest.fixture(scope="module")
def backbone():
    return random_backbone(np.random.default_rng(0))


@pytest.fixture(scope="module")
def head():
    rng = np.random.default_rng(1)
    return rng.normal(size=(200, 4)).astype(np.float32), rng.normal(size=4).astype(np.float32)


def patches(n, n_frames=N_FRAMES):
    """Each of a sound of its own."""
    rng = np.random.default_rng(n)
    sounds = rng.random((n, 1, 96)) * rng.uniform(1, 4, (n, 1, 1))
    return (sounds * rng.random((n, n_frames, 96))).astype(np.float32)


def test_a_track_is_embedded_patch_by_patch(backbone):
    first, second, third = by_patch = patches(3)
    said = backbone.predict_on_batch(by_patch)["embedding"]
    assert np.ptp(said, axis=0).max() > 0.1
    track = np.concatenate([first, second, third])
    np.testing.assert_allclose(embed(backbone, track), said, atol=1e-4)
    np.testing.assert_allclose(embed(backbone, second), said[1:2], atol=1e-4)


def test_the_last_patch_ends_with_the_track_and_a_short_one_is_repeated(backbone):
    track = np.concatenate(patches(2))[: N_FRAMES + 40]
    ends = np.stack([track[:N_FRAMES], track[-N_FRAMES:]])
    said = backbone.predict_on_batch(ends)["embedding"]
    np.testing.assert_allclose(embed(backbone, track), said, atol=1e-4)
    short = track[:80]
    repeated = np.concatenate([short, short, short])[:N_FRAMES]
    said = backbone.predict_on_batch(repeated[None])["embedding"]
    np.testing.assert_allclose(embed(backbone, short), said, atol=1e-4)


def test_the_head_is_linear_in_the_embedding(backbone, head):
    kernel, bias = head
    network = build_transfer(backbone, kernel, bias)
    said = backbone.predict_on_batch(patches(3))["embedding"]
    logits = network.predict_on_batch(patches(3))
    np.testing.assert_allclose(logits, said @ kernel + bias, atol=1e-3)


@pytest.mark.parametrize("n_frames", [N_FRAMES, 50])
def test_mean_evidence_is_the_logits(backbone, head, n_frames):
    network = build_transfer(backbone, *head)
    outputs = with_all_outputs(network).predict_on_batch(patches(4, n_frames))
    logits = network.predict_on_batch(patches(4, n_frames))
    evidence = outputs["evidence"]
    assert evidence.shape == (4, n_frames, 1, 4)
    scale = np.abs(evidence).max()
    np.testing.assert_allclose(evidence.mean(axis=(1, 2)), logits, atol=1e-5 * scale)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(outputs["probabilities"], expected, atol=1e-5)
    said = backbone.predict_on_batch(patches(4, n_frames))["embedding"]
    np.testing.assert_allclose(outputs["embedding"], said, atol=1e-4)


def test_a_frames_evidence_is_what_the_logits_owe_to_it(backbone, head):
    """The layers above the feature map are linear around a patch, so that is slope × feature."""
    network = build_transfer(backbone, *head)
    features = network.get_layer("features").output
    below, above = keras.Model(network.input, features), keras.Model(features, network.output)
    n_frames = 60
    here = tf.constant(below.predict_on_batch(patches(2, n_frames)))
    with tf.GradientTape() as tape:
        tape.watch(here)
        logits = above(here)
    slopes = tape.batch_jacobian(logits, here)
    owed = n_frames * np.einsum("blfd,bfd->bfl", slopes, here)
    owed -= owed.mean(axis=1, keepdims=True)
    found = with_all_outputs(network).predict_on_batch(patches(2, n_frames))["evidence"][:, :, 0]
    found -= found.mean(axis=1, keepdims=True)
    assert np.ptp(owed, axis=1).min() > 1
    np.testing.assert_allclose(found, owed, atol=1e-4 * np.abs(owed).max())


def test_clips_are_brought_to_one_level():
    """Loudness stays out: the same picture at a hundredth of the amplitude."""
    song = make_song(3, BACKBONE_MEL.sample_rate)[:, 0]
    loud, soft = log_mel(song, BACKBONE_MEL), log_mel(song / 100, BACKBONE_MEL)
    np.testing.assert_allclose(soft, loud, atol=1e-3)
    assert loud.max() > 1
    power = np.concatenate(list(mel_power([song], BACKBONE_MEL)))
    level = BACKBONE_MEL.level / power.sum(axis=1).mean()
    np.testing.assert_allclose(loud, np.log10(1 + 10000 * power * level), atol=1e-4)
    levelled = (10**loud - 1).sum(axis=1).mean() / 10000
    assert levelled == pytest.approx(25, rel=1e-3)


def test_the_settings_are_of_the_backbones_front_end():
    assert TRANSFER.network == "transfer"
    assert (TRANSFER.mel_spec, TRANSFER.window) == (BACKBONE_MEL, N_FRAMES)
    assert BACKBONE_MEL.frame_seconds == 0.016
