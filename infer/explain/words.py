"""Puts an explanation into words and numbers."""

from collections.abc import Iterator, Sequence

from melonnx.infer.explain.explanation import Check, Explanation, Place
from melonnx.infer.units import clock, hertz

__all__ = ["in_words"]


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
