"""Genres are the sums of their sub-genres, wherever these stand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from melonnx.infer.model.hierarchy import genres_above, sum_by_genre


@given(
    st.lists(st.sampled_from(["Rock", "Folk", "Jazz"]), min_size=1, max_size=30),
    st.integers(1, 4),
)
def test_each_genre_is_the_sum_of_its_own(genre_of, n_windows):
    labels = [f"{number}" for number in range(len(genre_of))]
    parents = dict(zip(labels, genre_of, strict=True))
    probabilities = np.random.default_rng(len(labels)).dirichlet(np.ones(len(labels)), n_windows)
    genres = genres_above(labels, parents)
    summed = sum_by_genre(probabilities, labels, parents)
    assert set(genres) == set(genre_of)
    assert summed.shape == (n_windows, len(genres))
    for column, genre in enumerate(genres):
        rows = [number for number, above in enumerate(genre_of) if above == genre]
        expected = probabilities[:, rows].sum(axis=1)
        np.testing.assert_allclose(summed[:, column], expected, atol=1e-12)


def test_without_parents_nothing_changes():
    probabilities = np.array([0.25, 0.75])
    assert sum_by_genre(probabilities, ("a", "b"), {}) is probabilities
    assert genres_above(["a", "b"], {}) == ("a", "b")


def test_a_label_without_a_genre_is_an_error():
    with pytest.raises(KeyError):
        genres_above(["a", "b"], {"a": "x"})
