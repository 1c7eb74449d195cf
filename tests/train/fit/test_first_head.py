"""The head that fine-tuning begins with keeps what the file knew, until songs say otherwise."""

import numpy as np

from melonnx.train.fit.first_head import first_head
from melonnx.train.network.head import HeadExamples, fit_head

LABELS = ("jazz", "mine", "yours")
D = 6


def examples(n):
    """``n`` songs a label; the first number of the embedding tells them."""
    rng = np.random.default_rng(0)
    classes = np.repeat([0, 1, 2], n)
    embeddings = rng.normal(0, 0.3, (3 * n, 1, D)).astype(np.float32)
    embeddings[:, 0, 0] += classes - 1
    return HeadExamples(embeddings, np.eye(3, dtype=np.float32)[classes], np.ones(3 * n))


def test_without_a_name_in_common_it_is_the_usual_head():
    usual = fit_head(examples(8))
    known = np.ones((D, 1), np.float32), np.ones(1, np.float32)
    for other in (first_head(examples(8), LABELS, known, ("folk",)),
                  first_head(examples(8), LABELS, None, LABELS)):  # fmt: skip
        np.testing.assert_array_equal(other[0], usual[0])


def test_what_the_file_knew_of_no_use_is_the_usual_head_again():
    """Held to rows of zero it is held to what the usual head is held to."""
    nothing = np.zeros((D, 3), np.float32), np.zeros(3, np.float32)
    drawn, usual = first_head(examples(20), LABELS, nothing, LABELS), fit_head(examples(20))
    np.testing.assert_allclose(drawn[0], usual[0], atol=2e-3)


def test_a_known_row_stays_near_with_few_songs_and_yields_to_many():
    kernel = np.zeros((D, 1), np.float32)
    kernel[1] = 5  # of no use here
    known = kernel, np.zeros(1, np.float32)
    few, many = (first_head(examples(n), LABELS, known, ("jazz",))[0] for n in (2, 3000))
    assert few[1, 0] - few[1, 1] > 4
    assert many[1, 0] - many[1, 1] < few[1, 0] - few[1, 1] - 1
    assert many[0, 1] - many[0, 0] > few[0, 1] - few[0, 0] > 0
