"""An explanation in one sentence, and how far to believe it."""

from dataclasses import replace

import pytest

from melonnx.infer.explain.words import how_far, in_a_sentence
from tests.demo.page.cards.test_why import CHECK, WHY, place


@pytest.mark.parametrize(
    ("first", "check", "told"),
    [
        (place(12, 0.2, 0.3), CHECK, "without them electronic would be ahead."),
        (
            place(12),
            CHECK,
            "without all places marked for metal, electronic would be ahead.",
        ),
        (
            place(12, 0.41),
            replace(CHECK, score=0.4, rival_score=0.3),
            "without them metal would have 41% and not 50%, still ahead of electronic.",
        ),
    ],
)
def test_the_strongest_place_and_what_would_be_without_it(first, check, told):
    explanation = replace(WHY, spoke_against_rival=(first,), rival_check=check)
    assert in_a_sentence(explanation) == (
        f"The low mids from 0:12 to 0:13 spoke most for metal; {told}"
    )


def test_what_changes_no_percent_is_not_said_to_change_it():
    first = replace(place(12, WHY.score - 0.001), band="treble")
    check = replace(CHECK, score=0.4, rival_score=0.3)
    explanation = replace(WHY, spoke_against_rival=(first,), rival_check=check)
    assert in_a_sentence(explanation) == (
        "The treble from 0:12 to 0:13 spoke most for metal; without it metal would have 50% all "
        "the same, ahead of electronic."
    )


def test_no_place_is_a_sentence_too():
    explanation = replace(WHY, spoke_against_rival=(), rival_check=None)
    assert in_a_sentence(explanation).startswith("No one place made it metal rather than")
    assert how_far(explanation) == ""


@pytest.mark.parametrize(
    ("check", "verdict"),
    [
        (CHECK, "You can rely on it"),
        (replace(CHECK, score=0.4, rival_score=0.3), "It is a part of the reason"),
        (replace(CHECK, random_log_odds_lost=1.5), "Take it with care"),
        (replace(CHECK, log_odds_lost=0.1, random_log_odds_lost=-0.2), "Take it with care"),
    ],
)
def test_belief_is_as_strong_as_the_control(check, verdict):
    told = how_far(replace(WHY, rival_check=check))
    assert told.startswith(verdict)
    assert "metal has 50% and electronic 20%." in told
    assert "silent elsewhere, 48% and 20%." in told
