"""A head learns what can be learnt, and never answers for a group that it has seen."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from melonnx.train.network.head import cross_fitted, fit_head, head_probabilities, one_label_each


def clouds(n, n_labels, d=6, n_copies=2, seed=0):
    """Embeddings [n, copies, d] around a centre for each class, far from 0 and of odd scales."""
    rng = np.random.default_rng(seed)
    classes = np.arange(n) % n_labels
    centres = np.random.default_rng(9).normal(size=(n_labels, d)) * 3
    embeddings = centres[classes][:, None] + rng.normal(size=(n, n_copies, d))
    return (embeddings * 10.0 ** np.arange(-2, d - 2) + 5).astype(np.float32), classes


@pytest.mark.parametrize("n_labels", [2, 4])
def test_what_is_apart_is_told_apart(n_labels):
    head = fit_head(one_label_each(*clouds(200, n_labels), n_labels))
    others, classes = clouds(200, n_labels, seed=1)
    probabilities = head_probabilities(others, head)
    assert probabilities.shape == (200, 2, n_labels)
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, atol=1e-5)
    assert (probabilities.argmax(axis=-1) == classes[:, None]).mean() > 0.95


@pytest.mark.parametrize("n_labels", [2, 4])
def test_one_layer_says_what_scikit_learn_says(n_labels):
    embeddings, classes = clouds(80, n_labels)
    rows = embeddings.reshape(-1, embeddings.shape[-1])
    weight = np.sqrt(n_labels)  # all labels have the same share
    model = make_pipeline(
        StandardScaler(),
        LogisticRegression(
            C=0.005, max_iter=1000, class_weight=dict.fromkeys(range(n_labels), weight)
        ),
    )
    model.fit(rows, classes.repeat(2))
    found = head_probabilities(rows, fit_head(one_label_each(embeddings, classes, n_labels)))
    np.testing.assert_allclose(found, model.predict_proba(rows), atol=1e-3)


def test_a_label_without_tracks_is_never_the_answer():
    embeddings, classes = clouds(60, 3)
    head = fit_head(one_label_each(embeddings, np.array([0, 2, 3])[classes], 5))
    probabilities = head_probabilities(embeddings, head)
    assert probabilities[..., [1, 4]].max() < 1e-6
    assert set(probabilities.argmax(axis=-1).ravel()) == {0, 2, 3}


def test_the_few_weigh_more_than_their_share():
    """Where nothing can be told, the answers are the square roots of the shares."""
    classes = np.array([0] * 64 + [1] * 4)
    embeddings = np.tile(np.array([[-1.0], [1.0]], np.float32), (68, 1, 1))
    said = head_probabilities(embeddings[0, 0], fit_head(one_label_each(embeddings, classes, 2)))
    np.testing.assert_allclose(said[0] / said[1], 4, rtol=0.01)


def groups_of(n, size):
    return [f"artist {row // size}" for row in range(n)]


def test_no_head_has_seen_the_group_it_answers_for():
    """The second copies are learnt from but not asked about: those of a group that is thrown
    about change the answers for others, and none for the group itself."""
    embeddings, _ = clouds(60, 3)
    groups = groups_of(60, 4)
    classes = np.arange(60) // 4 % 3
    before = cross_fitted(one_label_each(embeddings, classes, 3), groups)
    for group in ("artist 0", "artist 7"):
        own = np.array([one == group for one in groups])
        thrown = embeddings.copy()
        thrown[own, 1] += 1e4
        after = cross_fitted(one_label_each(thrown, classes, 3), groups)
        np.testing.assert_array_equal(after[own], before[own])
        changed = np.abs(after - before).max(axis=1) > 1e-4
        assert changed[~own].mean() > 0.5


def test_what_only_the_group_gives_away_stays_unknown():
    """An embedding that names the artist and nothing else: a head that had seen the artist
    would be right each time."""
    n = 60
    groups = groups_of(n, 3)
    classes = np.arange(n) // 3 % 2
    embeddings = np.eye(n // 3, dtype=np.float32)[np.arange(n) // 3][:, None]
    seen = head_probabilities(embeddings[:, 0], fit_head(one_label_each(embeddings, classes, 2)))
    assert (seen.argmax(axis=1) == classes).mean() == 1
    unseen = cross_fitted(one_label_each(embeddings, classes, 2), groups)
    own = unseen[np.arange(n), classes]
    assert np.abs(own - 0.5).max() < 0.1
    assert own.mean() <= 0.5 + 1e-3


def test_every_row_is_answered_where_groups_are_few():
    embeddings, classes = clouds(30, 2)
    answers = cross_fitted(one_label_each(embeddings, classes, 2), groups_of(30, 10))
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)
    assert (answers.argmax(axis=1) == classes).mean() > 0.9


def test_few_songs_are_parted_into_as_many_folds_as_there_can_be():
    embeddings, classes = clouds(9, 3)
    said = cross_fitted(one_label_each(embeddings, classes, 3), [f"artist {n}" for n in range(9)])
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-5)
