"""Puts an explanation into words and numbers."""

from collections.abc import Iterator, Sequence

from melonnx.infer.explain.explanation import Check, Explanation, Place
from melonnx.infer.units import clock, hertz

__all__ = ["how_far", "in_a_sentence", "in_words"]

_BANDS = {"low mid": "low mids", "high mid": "high mids"}
_MORE = 2.0
"""Times as much as places elsewhere: less may be chance."""
_LITTLE = 0.2
"""Of the log-odds: a genre of 50% would have 45%."""


def in_words(explanation: Explanation) -> list[str]:
    """The lines of an explanation, without the song's name."""
    genre, rival = explanation.genre, explanation.rival
    sure = ", unsure" if explanation.unsure else ""
    lines = [
        f"{genre} {_percent(explanation.score)}{sure}; {rival} {_percent(explanation.rival_score)}"
    ]
    if explanation.silence:
        times = ", ".join(f"{clock(begin)} to {clock(end)}" for begin, end in explanation.silence)
        lines.append(f"silence, which has no say: {times}")
    lines += _section(f"spoke for {genre}", explanation, explanation.spoke_for)
    if explanation.check:
        lines.append(_checked(explanation.check, explanation))
    lines += _section(f"spoke against {rival}", explanation, explanation.spoke_against_rival)
    lines += _section(f"spoke for {rival}", explanation, explanation.spoke_for_rival)
    lines += ["", f"without the whole band: {genre}, {rival}"]
    for band in explanation.bands:
        name = f"{band.band}, {hertz(band.low_hz, band.high_hz)}"
        lines.append(f"  {name:<40}{_percent(band.score):>4}  {_percent(band.rival_score):>4}")
    return lines


def in_a_sentence(explanation: Explanation) -> str:
    """What spoke most for the genre rather than the rival, and what would be without it."""
    genre, rival = explanation.genre, explanation.rival
    if not explanation.spoke_against_rival:
        return f"No one place made it {genre} rather than {rival}: that is in the sound throughout."
    place, check = explanation.spoke_against_rival[0], explanation.rival_check
    tenths = place.end_s - place.start_s < 0.9
    when = f"from {clock(place.start_s, tenths=tenths)} to {clock(place.end_s, tenths=tenths)}"
    spoke = f"The {_BANDS.get(place.band, place.band)} {when} spoke most for {genre}"
    without = "without them" if place.band in _BANDS else "without it"
    if place.rival_score > place.score:
        return f"{spoke}; {without} {rival} would be ahead."
    if check and check.rival_score > check.score:
        return f"{spoke}; without all places marked for {genre}, {rival} would be ahead."
    left, whole = _percent(place.score), _percent(explanation.score)
    if left == whole:
        return f"{spoke}; {without} {genre} would have {whole} all the same, ahead of {rival}."
    return f"{spoke}; {without} {genre} would have {left} and not {whole}, still ahead of {rival}."


def how_far(explanation: Explanation) -> str:
    """How far to believe it: what becomes of the answer without these places, and others."""
    genre, rival, check = explanation.genre, explanation.rival, explanation.rival_check
    if check is None:
        return ""
    lost, elsewhere = check.log_odds_lost, max(check.random_log_odds_lost, 0.0)
    if lost < max(_LITTLE, _MORE * elsewhere):
        verdict = "Take it with care: little hangs on these places."
    elif check.rival_score > check.score:
        verdict = "You can rely on it: the answer hangs on these places."
    else:
        verdict = "It is a part of the reason: these places matter, but do not decide alone."
    return (
        f"{verdict} {genre} has {_percent(explanation.score)} and {rival} "
        f"{_percent(explanation.rival_score)}. With all places marked for {genre} silent "
        f"({check.share:.0%} of what was heard) they have {_percent(check.score)} and "
        f"{_percent(check.rival_score)}; with as much silent elsewhere, "
        f"{_percent(check.random_score)} and {_percent(check.random_rival_score)}."
    )


def _section(title: str, explanation: Explanation, places: Sequence[Place]) -> Iterator[str]:
    yield ""
    if not places:
        yield f"{title}: no place did"
        return
    yield f"{title}; without that place: {explanation.genre}, {explanation.rival}"
    tenths = any(place.end_s - place.start_s < 0.9 for place in places)
    for place in places:
        when = f"{clock(place.start_s, tenths=tenths)} to {clock(place.end_s, tenths=tenths)}"
        name = f"{when}  {place.band}, {hertz(place.low_hz, place.high_hz)}"
        yield f"  {name:<40}{_percent(place.score):>4}  {_percent(place.rival_score):>4}"


def _checked(check: Check, explanation: Explanation) -> str:
    return (
        f"  without all of these ({check.share:.0%} of what was heard): {explanation.genre} "
        f"{_percent(check.score)}; without others of the same size: {_percent(check.random_score)}"
    )


def _percent(score: float) -> str:
    return f"{score:.0%}"
