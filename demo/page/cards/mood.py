"""What else a song is, as HTML: its tags as chips, and its way between moods over time."""

from collections.abc import Sequence
from html import escape

from melonnx.infer.model.listener_tags import TAG_GROUPS
from melonnx.infer.prediction import Prediction, Segment
from melonnx.infer.spelling import fold
from melonnx.infer.units import clock

__all__ = ["chips", "plane"]

_CALLED = {"styles": "style", "moods": "mood", "voices": "voice", "eras": "era"}
_MOST_STOPS = 24
"""On the way through the plane: more of them are a tangle."""
_SIDE = 200
"""Of the plane, in its own units; what is drawn may not touch its edges."""
_EDGE = 10
_QUARTERS = {"tense": (50, 54), "happy": (150, 54), "sad": (50, 154), "calm": (150, 154)}


def chips(prediction: Prediction) -> str:
    """The tags that are said of a song, by their groups; empty where the model says none.

    What only repeats the genre is left out.
    """
    lines: list[str] = []
    for group in TAG_GROUPS:
        said = list(prediction.said_of(group).items())
        marks = [
            f'<li title="{escape(tag)} {score:.0%}">{escape(tag.lower())}</li>'
            for tag, score in said
            if fold(tag) != fold(prediction.label or "") and fold(tag) != prediction.mood
        ]
        if group == "moods" and prediction.mood:
            told = f"energy {prediction.energy:.0%}, valence {prediction.valence:.0%}"
            marks.insert(0, f'<li title="{told}">{prediction.mood}</li>')
        if marks:
            name = f"said-{group}"
            lines.append(
                f'<div><span id="{name}">{_CALLED[group]}</span>'
                f'<ul aria-labelledby="{name}">{"".join(marks)}</ul></div>'
            )
    return f'<div class="chips">{"".join(lines)}</div>' if lines else ""


def plane(prediction: Prediction) -> str:
    """Energy (upwards) against valence (to the right), and the song's way through it.

    Empty where the model does not say them. The page's script marks the stop that is played.
    """
    if prediction.energy is None or prediction.valence is None:
        return ""
    stops = _stops(prediction.timeline)
    points = [_point(one.valence or 0.0, one.energy or 0.0) for one in stops]
    way = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(
        f'<circle class="stop" cx="{x:.1f}" cy="{y:.1f}" r="4" data-at="{one.start_s:.2f}" '
        f'data-from="{one.start_s:.3f}" data-to="{one.end_s:.3f}" '
        f'style="--along:{number / max(len(stops) - 1, 1):.2f}">'
        f"<title>{clock(one.start_s)}: {_numbers(one.energy, one.valence)}</title></circle>"
        for number, (one, (x, y)) in enumerate(zip(stops, points, strict=True))
    )
    words = "".join(
        f'<text x="{x}" y="{y}" text-anchor="middle" '
        f'class="{"here" if word == prediction.mood else "elsewhere"}">{word}</text>'
        for word, (x, y) in _QUARTERS.items()
    )
    x, y = _point(prediction.valence, prediction.energy)
    half = _SIDE / 2
    told = f"{prediction.mood or 'no mood for sure'}: " + _numbers(
        prediction.energy, prediction.valence
    )
    return (
        f'<figure class="plane"><svg viewBox="0 0 {_SIDE} {_SIDE}" role="img" '
        f'aria-label="{escape(_in_words(prediction, stops))}">'
        f'<rect width="{_SIDE}" height="{_SIDE}" rx="6"/>'
        f'<path d="M{half} 0V{_SIDE}M0 {half}H{_SIDE}"/>{words}'
        f'<polyline points="{way}"/>{dots}<circle class="whole" cx="{x:.1f}" cy="{y:.1f}" r="7">'
        f"<title>the whole song: {told}</title></circle></svg>"
        f"<figcaption>{told}. Up: energy; right: valence. Ring: the whole song; dots: its way, "
        "the later the stronger</figcaption></figure>"
    )


def _stops(timeline: Sequence[Segment]) -> list[Segment]:
    """Stretches that tell energy and valence, neighbours joined until they are few enough."""
    told = [one for one in timeline if one.energy is not None and one.valence is not None]
    at_once = -(-len(told) // _MOST_STOPS) or 1
    return [_mean(told[i : i + at_once]) for i in range(0, len(told), at_once)]


def _mean(parts: Sequence[Segment]) -> Segment:
    energy = sum(one.energy or 0.0 for one in parts) / len(parts)
    valence = sum(one.valence or 0.0 for one in parts) / len(parts)
    first, last = parts[0], parts[-1]
    return Segment(first.start_s, last.end_s, first.label, first.score, energy, valence)


def _point(valence: float, energy: float) -> tuple[float, float]:
    inside = _SIDE - 2 * _EDGE
    return _EDGE + valence * inside, _SIDE - _EDGE - energy * inside


def _numbers(energy: float | None, valence: float | None) -> str:
    return f"energy {energy or 0.0:.0%}, valence {valence or 0.0:.0%}"


def _in_words(prediction: Prediction, stops: Sequence[Segment]) -> str:
    """The plane, for who cannot see it."""
    whole = f"The whole song: {_numbers(prediction.energy, prediction.valence)}."
    if len(stops) < 2:
        return whole
    third = len(stops) // 3 or 1
    ways = (("It begins with", stops[:third]), ("ends with", stops[-third:]))
    begin, end = (f"{said} {_numbers(*_mean(part)[4:])}" for said, part in ways)
    return f"{whole} {begin}, and {end}."
