"""Why a song has its genre, as HTML: a sentence, the places, the picture, how far to believe it."""

from html import escape

from melonnx.demo.page.cards.answers import percent
from melonnx.infer.explain.explanation import Explanation, Place
from melonnx.infer.explain.words import how_far, in_a_sentence
from melonnx.infer.units import clock, hertz

__all__ = ["BUSY", "shown_places", "why"]

_MOST = 5
_FOR = 3
"""Of them, where the rival has places too."""

BUSY = (
    '<div class="card busy" data-announce="Asking why"><p>Silencing one place after another, and '
    'asking the model again: a few seconds.</p><div class="going"></div></div>'
)
"""While that is being found out."""

_OF_ALL = '<p class="note">The shares here are of all genres that the model tells.</p>'


def shown_places(explanation: Explanation) -> list[Place]:
    """At most five: those that spoke for the genre against the rival, then those for the rival."""
    ours, theirs = explanation.spoke_against_rival, explanation.spoke_for_rival
    room = max(_FOR, _MOST - len(theirs))
    return [*ours[:room], *theirs[: _MOST - min(len(ours), room)]]


def why(explanation: Explanation, picture: str, *, of_all: bool = False) -> str:
    """The card; ``picture`` has the same numbers on it as the rows.

    ``of_all``: the answer was chosen among some genres, and what is told here is not.
    """
    genre, rival = escape(explanation.genre), escape(explanation.rival)
    n_ours = len(explanation.spoke_against_rival)
    n_ours = min(n_ours, max(_FOR, _MOST - len(explanation.spoke_for_rival)))
    rows = "".join(
        _row(number, place, "ours" if number <= n_ours else "theirs",
             genre if number <= n_ours else rival)
        for number, place in enumerate(shown_places(explanation), 1)
    )  # fmt: skip
    silence = ""
    if explanation.silence:
        times = ", ".join(f"{clock(begin)} to {clock(end)}" for begin, end in explanation.silence)
        silence = f'<p class="note">Silence has no say: {times}.</p>'
    sentence = in_a_sentence(explanation)
    table = (
        f"<table><caption>What the model answers with one place silent</caption><thead><tr>"
        f'<th scope="col">no.</th><th scope="col">without</th><th scope="col">it spoke for</th>'
        f'<th scope="col">{genre}</th><th scope="col">{rival}</th></tr></thead>'
        f'<tbody><tr><td></td><th scope="row">nothing: the whole song</th><td></td>'
        f"<td>{percent(explanation.score)}</td><td>{percent(explanation.rival_score)}</td></tr>"
        f"{rows}</tbody></table>"
    )
    belief = how_far(explanation)
    return (
        f'<div class="card why" tabindex="-1" data-announce="{escape(sentence)}">'
        f'<h2>Why {genre}, and not {rival}</h2><p class="verdict">{escape(sentence)}</p>{table}'
        f'<div id="why-picture">{picture}</div>'
        + (f'<p class="belief">{escape(belief)}</p>' if belief else "")
        + f"{_OF_ALL if of_all else ''}{silence}</div>"
    )


def _row(number: int, place: Place, side: str, spoke_for: str) -> str:
    when = f"{clock(place.start_s)} to {clock(place.end_s)}"
    return (
        f'<tr><td class="number">{number}</td><th scope="row"><a class="seek" '
        f'href="#{clock(place.start_s)}" data-at="{place.start_s:.2f}">{when}</a>, '
        f"{escape(place.band)}, {hertz(place.low_hz, place.high_hz)}</th>"
        f'<td class="{side}">{spoke_for}</td><td>{percent(place.score)}</td>'
        f"<td>{percent(place.rival_score)}</td></tr>"
    )
