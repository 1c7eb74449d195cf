"""The page's answers as HTML: what a song is, its timeline, why, and the table of several."""

import base64
from collections.abc import Sequence
from html import escape
from itertools import groupby

from melonnx.demo.page.cards.mood import chips, plane
from melonnx.demo.page.limits import Limits
from melonnx.infer.prediction import NO_MUSIC, SILENT, Prediction, Segment
from melonnx.infer.units import clock

__all__ = ["answer", "hue", "idle", "percent", "picture", "problem", "table", "timeline"]

Places = Sequence[tuple[float, float]]
"""Seconds from and to which a song was heard."""
_HUES = 16
"""In page.css."""


_NEARLY_ALL = 0.95
"""Of a song: what was heard of it is then the whole."""
_MOST_SPOKEN = 40
"""Stretches that are read out."""
_TELLING = 0.01
"""By which a score is above the answer's probability, and a reader might wonder."""


def idle(limits: Limits) -> str:
    """Before there is a song."""
    return (
        '<div class="card idle"><p>Drop a song, or record some: its genre will stand here.</p>'
        f"<p>{limits.file_mb} MB at most; the first {limits.minutes:g} minutes are listened to. "
        f"Songs are removed after {limits.keep_minutes:g} minutes, and sent to nobody.</p></div>"
    )


def problem(message: str) -> str:
    """Why there is no answer."""
    return f'<div class="card problem" role="alert" tabindex="-1"><p>{escape(message)}</p></div>'


def answer(
    prediction: Prediction, threshold: float, genres: Sequence[str] = (), heard: Places = ()
) -> str:
    """The genre, whether that is sure, and every genre's probability.

    ``threshold``: below which the model is unsure of this genre. ``genres``: of the model; each
    has its colour. ``heard``: where the model listened, if not everywhere.
    """
    label, score = prediction.label or "", prediction.score or 0.0
    name, asked = escape(label), f"{threshold:.0%}"
    from_there = f"this model is sure of {name} from {asked} on"
    warnings = list(prediction.warnings)
    if not prediction.is_music:
        why = next(one for one in warnings if one.startswith(NO_MUSIC))
        warnings.remove(why)
        verdict = f'<p class="verdict unsure">Unsure: it {escape(why)}</p>'
    elif prediction.unsure:
        why = from_there if score < threshold else "there is too little of it to be sure"
        verdict = f'<p class="verdict unsure">Unsure, take it as a guess: {why}.</p>'
    else:
        verdict = f'<p class="verdict sure">Sure: {from_there}.</p>'
    notes = "".join(f'<p class="note">{escape(one)}</p>' for one in warnings)
    probability = prediction.probabilities.get(label, 0.0)
    if prediction.is_music and score - probability >= _TELLING:
        notes += (
            f'<p class="note">{percent(score)} is the chance that {name} is right: it is the '
            f"likeliest with {percent(probability)}, and songs of the next genres are often "
            "rightly called that, too.</p>"
        )
    subgenre = ""
    if prediction.subgenre not in (None, label):
        share = prediction.subgenres[prediction.subgenre or ""]
        subgenre = f'<p class="subgenre">{escape(prediction.subgenre or "")} {share:.0%}</p>'
    bars = "".join(
        f'<tr><th scope="row">{escape(genre)}</th><td class="bar {hue(genre, genres)}">'
        f'<span style="width:{probability:.1%}"></span></td>'
        f"<td>{percent(probability)}</td></tr>"
        for genre, probability in prediction.probabilities.items()
    )
    mark = "?" if prediction.unsure else ""
    said = f"{label} {percent(score)}, {'unsure' if prediction.unsure else 'sure'}"
    said += f"; mood: {prediction.mood}" if prediction.mood else ""
    return (
        f'<div class="card" data-announce="{escape(said)}">'
        f'<p class="song">{escape(prediction.path)}</p>'
        f'<p class="genre"><span class="label">{escape(label)}</span>{mark} '
        f'<span class="score">{percent(score)}</span></p>{subgenre}'
        f"{chips(prediction)}{verdict}{notes}"
        f'<div class="beside"><table class="genres"><caption>All genres</caption>{bars}</table>'
        f"{plane(prediction)}</div>"
        f'<p class="model">{escape(prediction.model)}, {_heard(prediction, heard)}</p>'
        "</div>"
    )


def hue(genre: str, genres: Sequence[str]) -> str:
    """The class of a genre's colour."""
    if genre == SILENT:
        return SILENT
    return f"hue{genres.index(genre) % _HUES}" if genre in genres else "hue0"


def _heard(prediction: Prediction, heard: Places) -> str:
    whole, seconds = prediction.duration_s, sum(end - begin for begin, end in heard)
    if not heard or seconds > _NEARLY_ALL * whole:
        return f"{clock(whole)} heard"
    where = f"at {len(heard)} places" if len(heard) > 1 else "at one place"
    return f"{clock(seconds)} of {clock(whole)} heard, {where}"


def timeline(prediction: Prediction, genres: Sequence[str], heard: Places = ()) -> str:
    """A strip as long as the song; the page's script moves a cursor over it as it plays.

    ``genres``: of the model; each has its colour, solid where the song was ``heard`` and pale
    where what was heard beside it is taken to go on.
    """
    whole = prediction.duration_s
    parts: list[str] = []
    seconds: dict[str, float] = {}
    spoken: list[str] = []
    for label, same in groupby(prediction.timeline, lambda segment: segment.label):
        segments = list(same)
        width = (segments[-1].end_s - segments[0].start_s) / whole
        inner = "".join(_moment(segment) for segment in segments)
        name = escape(label)
        begin, end = segments[0].start_s, segments[-1].end_s
        when = f"{clock(begin)} to {clock(end)}: {name}"
        spoken.append(when)
        seconds[label] = seconds.get(label, 0.0) + end - begin
        parts.append(
            f'<div class="stretch {hue(label, genres)}" style="width:{width:.3%}" '
            f'title="{when}">{_solid(begin, end, heard or [(0.0, whole)])}'
            f"<span>{name}</span>{inner}</div>"
        )
    legend = "".join(
        f'<li><i class="chip {hue(label, genres)}"></i>{escape(label)} {time / whole:.0%}</li>'
        for label, time in sorted(seconds.items(), key=lambda one: -one[1])
    )
    partly = sum(end - begin for begin, end in heard) <= _NEARLY_ALL * whole if heard else False
    note = '<li class="note">solid: heard; pale: taken to go on</li>' if partly else ""
    told = "; ".join(spoken[:_MOST_SPOKEN]) + (" …" if len(spoken) > _MOST_SPOKEN else "")
    return (
        '<div class="timeline"><div class="strip time" role="slider" tabindex="0" '
        'aria-label="Place in the song" aria-valuemin="0" aria-valuenow="0" '
        f'aria-valuemax="{whole:.0f}" aria-valuetext="0:00" aria-describedby="stretches" '
        f'data-duration="{whole:.3f}">{"".join(parts)}<i class="cursor"></i></div>'
        f'<div class="clock"><span>0:00</span><span class="now">play, or click into the '
        f'strip</span><span>{clock(whole)}</span></div><ul class="legend">{legend}{note}</ul>'
        f'<p id="stretches" class="unseen">{told}</p></div>'
    )


def _solid(begin: float, end: float, heard: Places) -> str:
    """Where in a stretch the model listened."""
    length = max(end - begin, 1e-9)
    cut = [(max(a, begin), min(b, end)) for a, b in heard if min(b, end) > max(a, begin)]
    return "".join(
        f'<b style="left:{(a - begin) / length:.2%};width:{(b - a) / length:.2%}"></b>'
        for a, b in cut
    )


def _moment(segment: Segment) -> str:
    says = escape(segment.label)
    if segment.label != SILENT:
        says += f" {percent(segment.score)}"
    when = f'data-from="{segment.start_s:.3f}" data-to="{segment.end_s:.3f}"'
    return f'<i {when} data-says="{says}"></i>'


def picture(
    png: bytes, text: str, axes: tuple[float, float, float, float], duration_s: float = 0.0
) -> str:
    """A picture with ``text`` for who cannot see it.

    ``axes``: shares of its width and height at which they begin and end: left, bottom, right,
    top. With ``duration_s`` they are of time, and the cursor of the player moves over them.
    """
    left, bottom, right, top = axes
    data = base64.b64encode(png).decode()
    cursor = (
        f'<div class="over time" data-duration="{duration_s:.3f}" '
        f'style="left:{left:.3%};right:{1 - right:.3%};bottom:{bottom:.3%};top:{1 - top:.3%}">'
        '<i class="cursor"></i></div>'
        if duration_s
        else ""
    )
    return (
        f'<div class="picture"><img alt="{escape(text)}" src="data:image/png;base64,{data}">'
        f"{cursor}</div>"
    )


def table(
    predictions: Sequence[Prediction], of: int, csv: str | None, genres: Sequence[str] = ()
) -> str:
    """One row a song, of ``of`` that there will be; with ``csv`` a link that saves it.

    ``genres``: of the model; each has its colour.
    """
    rows = "".join(_row(one, genres) for one in predictions)
    link = ""
    if csv is not None:
        data = base64.b64encode(csv.encode("utf-8", "replace")).decode()
        link = (
            '<a class="save" download="genres.csv" '
            f'href="data:text/csv;charset=utf-8;base64,{data}">Save as CSV</a>'
        )
    said = f"{len(predictions)} of {of} songs heard"
    wait = "" if len(predictions) == of else f"<span>{len(predictions)} of {of} heard</span>"
    return (
        f'<div class="card songs" data-announce="{said}"><table><caption>Songs</caption><thead><tr>'
        '<th scope="col">song</th><th scope="col">genre</th><th scope="col">score</th>'
        '<th scope="col">all genres</th><th scope="col">runners-up</th></tr></thead>'
        f"<tbody>{rows}</tbody></table><p>{wait}{link}</p></div>"
    )


def _row(one: Prediction, genres: Sequence[str]) -> str:
    name = f'<th scope="row">{escape(one.path)}</th>'
    if not one.ok:
        reason = (one.error or "").removeprefix(f"{one.path}: ")
        return f'<tr class="failed">{name}<td colspan="4">{escape(reason)}</td></tr>'
    others = ", ".join(f"{escape(genre)} {percent(score)}" for genre, score in one.top(3)[1:])
    notes = "".join(f'<br><span class="note">{escape(note)}</span>' for note in one.warnings)
    sure = "unsure" if one.unsure else "sure"
    shares = "".join(
        f'<i class="{hue(genre, genres)}" style="width:{share:.1%}" '
        f'title="{escape(genre)} {percent(share)}"></i>'
        for genre, share in one.probabilities.items()
        if share >= _TELLING
    )
    mark = "?" if one.unsure else ""
    return (
        f'<tr>{name}<td class="{sure}">{escape(one.label or "")}{mark}</td>'
        f'<td>{percent(one.score or 0)}</td><td class="shares"><div>{shares}</div></td>'
        f"<td>{others}{notes}</td></tr>"
    )


def percent(score: float) -> str:
    """Whole percent, as HTML; no 0% of what is more."""
    return f"{score:.0%}" if score >= 0.005 else "0%" if score < 0.0005 else "&lt;1%"
