"""The columns of an answer: what CSV, Parquet and templates show of it, under one set of names."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from string import Formatter
from typing import Any

from melonnx.infer.model.listener_tags import TAG_GROUPS
from melonnx.infer.prediction import Prediction, Segment
from melonnx.infer.results.places import folder_of
from melonnx.infer.units import clock
from melonnx.infer.wanted import Wanted

__all__ = [
    "TAG_COLUMNS",
    "View",
    "cells",
    "columns",
    "parse_template",
    "printable",
    "segments_text",
    "tags_text",
    "visible",
]

_CONTROLS = {code: repr(chr(code))[1:-1] for code in (*range(32), *range(127, 160))}
"""A newline would make two lines of a song, and a terminal obeys what begins with ESC."""
_ESCAPES = {"t": "\t", "n": "\n", "0": "\0", "\\": "\\"}
_TOP = 3
TAG_COLUMNS = (*TAG_GROUPS, "energy", "valence", "mood")
"""Besides those of the genre."""


@dataclass(frozen=True)
class View:
    """What of an answer is shown."""

    genres: tuple[str, ...]
    """All that the model tells."""
    parents: Mapping[str, str] = field(default_factory=dict)
    """Genre by sub-genre; empty where the model tells genres only."""
    top: int | None = None
    """Genres to show; None for what the format shows by itself."""
    min_score: float | None = None
    """Answers below it are unsure, rather than those below the model's bars."""
    timeline: bool = False
    """With the segments of the song."""
    embedding: bool = False
    wanted: Wanted | None = None
    """The only genres that may be answers; None where all may."""
    tags: bool = False
    """With styles, moods, voices and eras, energy, valence and mood, in columns of their own."""

    @property
    def rank(self) -> int:
        """Genres in columns of their own."""
        return min(self.top or _TOP, len(self.genres))


def visible(prediction: Prediction, view: View) -> Prediction:
    """The part of it that ``view`` shows; with the timeline's windows merged, if it is shown."""
    if view.wanted is not None:
        prediction = view.wanted.answer(prediction)
    shown = prediction.shown(view.top, view.min_score, view.parents)
    return replace(shown, timeline=shown.segments()) if view.timeline else shown


def columns(view: View) -> list[str]:
    """The names of the columns, in order; ``embedding`` is for those who can hold one."""
    return [
        *("path", "status", "error", "label", "score", "unsure", "music"),
        *(("subgenre", "subgenre_score") if view.parents else ()),
        *(f"{name}_{i}" for i in range(2, view.rank + 1) for name in ("label", "score")),
        *("duration_s", "model", "warnings", "folder"),
        *(TAG_COLUMNS if view.tags else ()),
        *(("timeline",) if view.timeline else ()),
    ]


def cells(prediction: Prediction) -> dict[str, Any]:
    """All that a column may show of a prediction, by the column's name; None for what it lacks."""
    subgenre = prediction.subgenre
    ok = prediction.ok
    values: dict[str, Any] = {
        "path": prediction.path,
        "status": prediction.status,
        "error": prediction.error,
        "label": prediction.label,
        "score": prediction.score,
        "unsure": prediction.unsure if ok else None,
        "music": prediction.music,
        "subgenre": subgenre,
        "subgenre_score": prediction.subgenres[subgenre] if subgenre else None,
        "duration_s": prediction.duration_s if ok else None,
        "model": prediction.model or None,
        "warnings": "; ".join(prediction.warnings) or None,
        "folder": folder_of(prediction.path),
        "timeline": segments_text(prediction.segments()) or None,
        **{group: "; ".join(prediction.said_of(group)) or None for group in TAG_GROUPS},
        "energy": prediction.energy,
        "valence": prediction.valence,
        "mood": prediction.mood,
    }
    for i, (label, score) in enumerate(prediction.probabilities.items(), 1):
        values |= {f"label_{i}": label, f"score_{i}": score}
    return values


def printable(text: str) -> str:
    """With control characters as Python's escapes."""
    return text.translate(_CONTROLS)


def segments_text(segments: Sequence[Segment], *, moods: bool = False) -> str:
    """Like ``0:00-1:10 rock; 1:10-2:31 metal``.

    ``moods``: with ``(energy 20%, valence 71%)`` behind each stretch that has them.
    """
    return "; ".join(
        f"{clock(segment.start_s)}-{clock(segment.end_s)} {segment.label}"
        f"{_mood_text(segment) if moods else ''}"
        for segment in segments
    )


def _mood_text(of: Prediction | Segment) -> str:
    if of.energy is None or of.valence is None:
        return ""
    return f" (energy {of.energy:.0%}, valence {of.valence:.0%})"


def tags_text(prediction: Prediction) -> str:
    """Like ``calm (energy 20%, valence 71%); folk, mellow, acoustic``; empty of a model that does
    not tell.
    """
    parts: list[str] = []
    if numbers := _mood_text(prediction):
        parts.append((prediction.mood or "mood unsure") + numbers)
    if said := [tag for group in TAG_GROUPS for tag in prediction.said_of(group)]:
        parts.append(", ".join(said))
    for name, values in prediction.heads.items():
        label, value = next(iter(values.items()))
        parts.append(f"{name} {value:.0%}" if label == name else f"{name}: {label} {value:.0%}")
    return printable("; ".join(parts))


def parse_template(template: str, view: View) -> Callable[[Prediction], str]:
    r"""Make of ``{path}\t{label}\t{score:.2f}`` what writes a prediction so, with no end of line.

    Fields are those of :func:`cells` and ``sure`` ("sure" or "unsure"), and nothing inside them;
    what a prediction lacks is empty. ``\t``, ``\n``, ``\0`` and ``\\`` are read.

    Raises ValueError, which says what is wrong with it.
    """
    text = re.sub(r"\\([tn0\\])", lambda match: _ESCAPES[match[1]], template)
    ranked = (f"{name}_{i}" for i in range(1, len(view.genres) + 1) for name in ("label", "score"))
    sample = {
        **cells(Prediction("", label="", score=0.5, subgenre="", probabilities={"": 0.5})),
        **{name: 0.5 if name.startswith("score") else "" for name in ranked},
        **dict.fromkeys(("error", "model", "warnings", "folder", "timeline"), ""),
        **dict.fromkeys(("subgenre", "sure"), ""),
        **dict.fromkeys(("subgenre_score", "music", "energy", "valence"), 0.5),
        **dict.fromkeys((*TAG_GROUPS, "mood"), ""),
    }
    for _, name, spec, _ in Formatter().parse(text):
        if name is None:
            continue
        if name not in sample:
            known = ", ".join(known for known in sample if not re.search(r"_([14-9]|\d\d)$", known))
            raise ValueError(f"{{{name}}} is no field; there are {known} …")
        if "{" in (spec or ""):
            raise ValueError(f"{{{name}:{spec}}}: one field inside another")
    text.format_map(sample)
    absent = dict.fromkeys(sample, _Absent())

    def write(prediction: Prediction) -> str:
        values = {name: value for name, value in cells(prediction).items() if value is not None}
        values["sure"] = "unsure" if prediction.unsure else "sure" if prediction.ok else ""
        return text.format_map(absent | values)

    return write


class _Absent:
    """Formats as nothing, whatever the number format of its field."""

    def __format__(self, spec: str) -> str:
        return ""

    def __repr__(self) -> str:
        return ""
