"""The page's answers as HTML: what a song is, its timeline, why, and the table of several."""

import base64
from collections.abc import Sequence
from html import escape
from itertools import groupby

from melonnx.demo.page.limits import Limits
from melonnx.infer.explain.explanation import Explanation, Place
from melonnx.infer.prediction import NO_MUSIC, SILENT, Prediction, Segment
from melonnx.infer.units import clock, hertz

__all__ = ["answer", "idle", "picture", "problem", "table", "timeline", "why"]


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
    return f'<div class="card problem" role="alert"><p>{escape(message)}</p></div>'


def answer(prediction: Prediction, threshold: float) -> str:
    """The genre, whether that is sure, and every genre's probability.

    ``threshold``: below which the model is unsure of this genre.
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
            f'<p class="note">{_percent(score)} is the chance that {name} is right: it is the '
            f"likeliest with {_percent(probability)}, and songs of the next genres are often "
            "rightly called that, too.</p>"
        )
    subgenre = ""
    if prediction.subgenre not in (None, label):
        share = prediction.subgenres[prediction.subgenre or ""]
        subgenre = f'<p class="subgenre">{escape(prediction.subgenre or "")} {share:.0%}</p>'
    bars = "".join(
        f'<tr><th scope="row">{escape(genre)}</th><td class="bar">'
        f'<span style="width:{probability:.1%}"></span></td>'
        f"<td>{_percent(probability)}</td></tr>"
        for genre, probability in prediction.probabilities.items()
    )
    mark = "?" if prediction.unsure else ""
    return (
        f'<div class="card"><p class="song">{escape(prediction.path)}</p>'
        f'<p class="genre"><span class="label">{escape(label)}</span>{mark} '
        f'<span class="score">{_percent(score)}</span></p>{subgenre}{verdict}{notes}'
        f'<table class="genres"><caption>All genres</caption>{bars}</table>'
        f'<p class="model">{escape(prediction.model)}, {clock(prediction.duration_s)} heard</p>'
        "</div>"
    )


def timeline(prediction: Prediction, genres: Sequence[str]) -> str:
    """A strip as long as the song; the page's script moves a cursor over it as it plays.

    ``genres``: of the model; each has its colour.
    """
    whole = prediction.duration_s
    parts = []
    for label, same in groupby(prediction.timeline, lambda segment: segment.label):
        segments = list(same)
        width = (segments[-1].end_s - segments[0].start_s) / whole
        inner = "".join(_moment(segment) for segment in segments)
        name = escape(label)
        colour = SILENT if label == SILENT else f"hue{genres.index(label) % 11}"
        parts.append(
            f'<div class="stretch {colour}" style="width:{width:.3%}" '
            f'title="{clock(segments[0].start_s)} to {clock(segments[-1].end_s)}: {name}">'
            f"<span>{name}</span>{inner}</div>"
        )
    return (
        f'<div class="timeline"><div class="strip time" data-duration="{whole:.3f}">'
        f'{"".join(parts)}<i class="cursor"></i></div>'
        f'<div class="clock"><span>0:00</span><span class="now">play, or click into the '
        f"strip</span><span>{clock(whole)}</span></div></div>"
    )


def _moment(segment: Segment) -> str:
    says = escape(segment.label)
    if segment.label != SILENT:
        says += f" {_percent(segment.score)}"
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


def why(explanation: Explanation) -> str:
    """Which seconds and bands spoke, and what the network answers without them."""
    genre, rival = escape(explanation.genre), escape(explanation.rival)
    bands = "".join(
        f"<tr><td>without {escape(one.band)}, {hertz(one.low_hz, one.high_hz)}</td>"
        f"<td>{_percent(one.score)}</td><td>{_percent(one.rival_score)}</td></tr>"
        for one in explanation.bands
    )
    check = explanation.check
    proof = (
        f'<p class="note">Silence all that spoke for {genre} ({check.share:.0%} of what was '
        f"heard), and {_percent(check.score)} of {_percent(explanation.score)} is left; silence "
        f"as much anywhere, and {_percent(check.random_score)} is.</p>"
        if check
        else ""
    )
    head = f"<tr><th></th><th>{genre}</th><th>{rival}</th></tr>"
    whole = (
        f"<tr><td>the whole song</td><td>{_percent(explanation.score)}</td>"
        f"<td>{_percent(explanation.rival_score)}</td></tr>"
    )
    sections = (
        (f"Spoke for {genre}", explanation.spoke_for),
        (f"Spoke for {genre} rather than {rival}", explanation.spoke_against_rival),
        (f"Spoke for {rival}", explanation.spoke_for_rival),
    )
    if explanation.silence:
        times = ", ".join(f"{clock(begin)} to {clock(end)}" for begin, end in explanation.silence)
        proof += f'<p class="note">Silence has no say: {times}.</p>'
    rows = "".join(
        f'<tr class="section"><th colspan="3" scope="colgroup">{title}</th></tr>'
        + ("".join(map(_place, places)) or '<tr><td colspan="3">no place that matters</td></tr>')
        for title, places in sections
    )
    return (
        f'<div class="card why"><p class="verdict">Why {genre}, and not {rival}: what the network '
        f"answers where a part of the song is silent.</p>{proof}"
        f"<table>{head}{whole}{rows}"
        f'<tr class="section"><th colspan="3" scope="colgroup">By pitch</th></tr>{bands}'
        f"</table></div>"
    )


def _place(place: Place) -> str:
    return (
        f'<tr><td>without <a class="seek" data-at="{place.start_s:.2f}">'
        f"{clock(place.start_s)} to {clock(place.end_s)}</a>, {escape(place.band)}, "
        f"{hertz(place.low_hz, place.high_hz)}</td><td>{_percent(place.score)}</td>"
        f"<td>{_percent(place.rival_score)}</td></tr>"
    )


def table(predictions: Sequence[Prediction], of: int, csv: str | None) -> str:
    """One row a song, of ``of`` that there will be; with ``csv`` a link that saves it."""
    rows = "".join(_row(one) for one in predictions)
    link = ""
    if csv is not None:
        data = base64.b64encode(csv.encode("utf-8", "replace")).decode()
        link = (
            '<a class="save" download="genres.csv" '
            f'href="data:text/csv;charset=utf-8;base64,{data}">Save as CSV</a>'
        )
    wait = "" if len(predictions) == of else f"<span>{len(predictions)} of {of} heard</span>"
    return (
        '<div class="card songs"><table><tr><th>song</th><th>genre</th><th></th>'
        f"<th>runners-up</th></tr>{rows}</table><p>{wait}{link}</p></div>"
    )


def _row(one: Prediction) -> str:
    name = f'<th scope="row">{escape(one.path)}</th>'
    if not one.ok:
        reason = (one.error or "").removeprefix(f"{one.path}: ")
        return f'<tr class="failed">{name}<td colspan="3">{escape(reason)}</td></tr>'
    others = ", ".join(f"{escape(genre)} {_percent(score)}" for genre, score in one.top(3)[1:])
    notes = "".join(f'<br><span class="note">{escape(note)}</span>' for note in one.warnings)
    sure = "unsure" if one.unsure else "sure"
    mark = "?" if one.unsure else ""
    return (
        f'<tr>{name}<td class="{sure}">{escape(one.label or "")}{mark}</td>'
        f"<td>{_percent(one.score or 0)}</td><td>{others}{notes}</td></tr>"
    )


def _percent(score: float) -> str:
    return f"{score:.0%}" if score >= 0.005 else "0%" if score < 0.0005 else "&lt;1%"
