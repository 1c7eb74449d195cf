"""The open network says what the table makes of the backbone's tags, and can show where."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from melonnx.train.network.genre_tags import GENRE_TAGS, TAGS, build_tag_network, with_all_outputs
from tests.train.network.test_transfer import patches, random_backbone


@pytest.fixture(scope="module")
def backbone():
    """A small one with random weights; tags are rare, as they are."""
    rng = np.random.default_rng(0)
    network = random_backbone(rng)
    kernel, bias = network.get_layer("tags").get_weights()
    network.get_layer("tags").set_weights([kernel, bias - 2])
    return network


def by_table(tags):
    """Tags [n, 50] to the likeliest tag of each genre [n, genres]."""
    groups = [[TAGS.index(tag) for tag in own] for own in GENRE_TAGS.values()]
    return np.stack([tags[:, own].max(axis=1) for own in groups], axis=1)


def test_the_table_names_each_tag_once():
    named = [tag for tags in GENRE_TAGS.values() for tag in tags]
    assert len(TAGS) == len(set(TAGS)) == 50
    assert len(named) == len(set(named))
    assert set(named) <= set(TAGS)
    assert list(GENRE_TAGS) == sorted(GENRE_TAGS)


def test_a_genre_is_its_likeliest_tag_over_the_sum_of_all(backbone):
    best = by_table(backbone.predict_on_batch(patches(5))["tags"])
    network = build_tag_network(backbone)
    np.testing.assert_allclose(network.predict_on_batch(patches(5)), np.log(best), atol=1e-4)
    outputs = with_all_outputs(network).predict_on_batch(patches(5))
    expected = best / best.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(outputs["probabilities"], expected, atol=1e-5)
    said = backbone.predict_on_batch(patches(5))["embedding"]
    np.testing.assert_allclose(outputs["embedding"], said, atol=1e-4)


def test_mean_evidence_is_the_logits_and_its_slopes_are_theirs(backbone):
    network = build_tag_network(backbone)
    n_frames = 60
    found = with_all_outputs(network).predict_on_batch(patches(3, n_frames))["evidence"]
    assert found.shape == (3, n_frames, 1, len(GENRE_TAGS))
    logits = network.predict_on_batch(patches(3, n_frames))
    np.testing.assert_allclose(found.mean(axis=(1, 2)), logits, atol=1e-4)
    features = network.get_layer("features").output
    below, above = keras.Model(network.input, features), keras.Model(features, network.output)
    here = tf.constant(below.predict_on_batch(patches(3, n_frames)))
    with tf.GradientTape() as tape:
        tape.watch(here)
        said = above(here)
    slopes = tape.batch_jacobian(said, here)
    owed = n_frames * np.einsum("blfd,bfd->bfl", slopes, here)
    owed -= owed.mean(axis=1, keepdims=True)
    found = found[:, :, 0] - found[:, :, 0].mean(axis=1, keepdims=True)
    np.testing.assert_allclose(found, owed, atol=1e-3 * np.abs(owed).max())
