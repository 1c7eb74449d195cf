"""A collector is told which songs seem misfiled, by name, and which folders sound the same."""

from pathlib import Path

import numpy as np

from melonnx.train.data.tracks import Track
from melonnx.train.label_check import alike_pairs, confusion_lines, doubts, label_lines
from melonnx.train.own_genres import fit_own_genres


def fitted(labels, *, misfiled=(), alike=(), n=30, spread=0.5):
    """Songs of each label around a point; ``misfiled`` lie at the next one's, ``alike`` at one."""
    rng = np.random.default_rng(0)
    tracks, embeddings = [], []
    for place, label in enumerate(labels):
        for number in range(n):
            there = 0 if label in alike else place
            if (label, number) in misfiled:
                there = (place + 1) % len(labels)
            centre = 4 * np.eye(8)[there]
            tracks.append(Track(Path(label) / f"{number}.wav", label, f"{label} {number // 2}"))
            embeddings.append((centre + rng.normal(0, spread, (3, 8))).astype(np.float32))
    return fit_own_genres(tracks, embeddings)


def test_misfiled_songs_are_named_and_no_others():
    own = fitted(("calm", "loud", "odd"), misfiled={("calm", 3), ("odd", 7)})
    found = doubts(own.answers)
    assert {(str(one.path), one.label, one.said) for one in found} == {
        (str(Path("calm") / "3.wav"), "calm", "loud"),
        (str(Path("odd") / "7.wav"), "odd", "calm"),
    }
    assert all(one.score > 0.5 for one in found)
    assert alike_pairs(own.answers) == []
    text = "\n".join(label_lines(own.answers, own.report.confusion))
    assert f"{Path('calm') / '3.wav'}: in calm, sounds like loud" in text
    assert "every two labels are told apart" in text


def test_folders_that_sound_the_same_are_a_pair():
    own = fitted(("calm", "loud", "quiet"), alike=("calm", "quiet"))
    (pair,) = alike_pairs(own.answers)
    assert pair.labels == ("calm", "quiet")
    assert pair.auc < 0.6
    assert pair.interval[0] <= 0.5
    text = "\n".join(label_lines(own.answers, own.report.confusion))
    assert "calm and quiet:" in text
    assert "no better than a coin is not ruled out" in text


def test_the_matrix_is_text_with_columns_in_the_order_of_the_rows():
    assert confusion_lines(("jazz", "rock"), [[12, 0], [3, 140]]) == [
        "         1   2",
        "1 jazz  12   .",
        "2 rock   3 140",
    ]
