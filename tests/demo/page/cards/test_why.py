"""Why, in one sentence and at most five rows."""

import re
from dataclasses import replace

import pytest

from melonnx.demo.page.cards.why import shown_places, why
from melonnx.infer.explain.explanation import Check, Explanation, Place

EVIL = "<script>alert(1)</script>"


def place(start, score=0.4, rival_score=0.3, band="low mid"):
    return Place(start, start + 1.0, band, 250, 500, score, rival_score)


CHECK = Check(0.1, 0.6, 0.48, 0.2, log_odds_lost=2.0, random_log_odds_lost=0.1, draws=8, share=0.1)
WHY = Explanation(
    path="song.mp3", genre="metal", score=0.5, unsure=False, rival="electronic", rival_score=0.2,
    spoke_for=(), spoke_against_rival=tuple(place(start) for start in range(5)),
    spoke_for_rival=tuple(place(start) for start in range(10, 15)), bands=(), check=None,
    rival_check=CHECK, model="tiny 0",
)  # fmt: skip


@pytest.mark.parametrize(
    ("ours", "theirs", "starts"),
    [
        (5, 5, [0, 1, 2, 10, 11]), (5, 0, [0, 1, 2, 3, 4]), (1, 5, [0, 10, 11, 12, 13]),
        (4, 1, [0, 1, 2, 3, 10]), (0, 0, []),
    ],
)  # fmt: skip
def test_at_most_five_places_of_both_sides(ours, theirs, starts):
    explanation = replace(
        WHY,
        spoke_against_rival=WHY.spoke_against_rival[:ours],
        spoke_for_rival=WHY.spoke_for_rival[:theirs],
    )
    assert [one.start_s for one in shown_places(explanation)] == starts
    html = why(explanation, "")
    sides = re.findall(r'<td class="number">(\d)</td>.*?<td class="(ours|theirs)">(\w+)<', html)
    assert [int(number) for number, _, _ in sides] == list(range(1, len(starts) + 1))
    assert [side for _, side, _ in sides] == [
        "ours" if start < 10 else "theirs" for start in starts
    ]
    assert {(side, name) for _, side, name in sides} <= {
        ("ours", "metal"), ("theirs", "electronic")
    }  # fmt: skip


def test_places_can_be_gone_to_by_keyboard():
    assert '<a class="seek" href="#0:10" data-at="10.00">0:10 to 0:11</a>' in why(WHY, "")


def test_names_are_text():
    assert "<script" not in why(replace(WHY, genre=EVIL, rival=EVIL), "")
