"""An answer is unsure below its bar, and wherever the network is out of its depth."""

import pytest

from melonnx.infer.model.certainty import is_unsure


@pytest.mark.parametrize(
    ("score", "bar", "is_short", "is_music", "unsure"),
    [
        (0.9, 0.5, False, True, False),
        (0.5, 0.5, False, True, False),
        (0.4999, 0.5, False, True, True),
        (0.0, 0.0, False, True, False),
        (0.9, 0.5, True, True, True),
        (0.9, 0.5, False, False, True),
    ],
)
def test_each_reason_is_enough(score, bar, is_short, is_music, unsure):
    assert is_unsure(score, bar, is_short=is_short, is_music=is_music) is unsure
