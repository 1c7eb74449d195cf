"""The pictures of a song, by name.

Figures of what :func:`melonnx.infer.explain.examine.examine` found.

Figures belong to no window and share nothing, so that any number of threads may draw.
"""

import io
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from melonnx.demo.pictures.predictions import (
    MOST_GENRES,
    STRIP_INCHES,
    plot_evidence,
    plot_probabilities,
    plot_timeline,
)
from melonnx.demo.pictures.stages import plot_mel, plot_periodogram, plot_spectrogram, plot_waveform
from melonnx.demo.pictures.style import DARK, LEFT, LIGHT, Style, panels
from melonnx.infer.explain.evidence import EvidenceMap, activation_over_time
from melonnx.infer.explain.examine import Examined
from melonnx.infer.explain.explanation import Place
from melonnx.infer.explain.occlusion import genre_probabilities
from melonnx.infer.timeline import spans
from melonnx.infer.units import clock

__all__ = ["STAGES", "Stage", "draw", "draw_all", "draw_stretch", "to_png"]

Stage = Literal[
    "waveform", "periodogram", "spectrogram", "mel", "evidence", "timeline", "probabilities"
]
STAGES: tuple[Stage, ...] = get_args(Stage)

_HEIGHTS: dict[Stage, float] = {
    "waveform": 1.6, "periodogram": 2.2, "spectrogram": 2.6, "mel": 2.6, "evidence": 2.6,
}  # fmt: skip
_WIDTH = 9.0
_COMPRESSION = 2
"""Spectrograms hardly get smaller by more, and it takes most of a picture's time."""


def draw(
    stage: Stage,
    examined: Examined,
    evidence: EvidenceMap | None = None,
    *,
    genre: str | None = None,
    against: str | None = None,
    dark: bool = False,
    width: float = _WIDTH,
    marked: Sequence[Place] = (),
) -> Figure:
    """One picture of a song, ``width`` inches wide; text keeps its size.

    ``evidence``: needed for the stage "evidence", which shows what speaks for ``genre`` (the
    answer, by default) against ``against`` (all others, by default), with ``marked`` places
    numbered. Raises UnknownGenreError.
    """
    return _draw([stage], examined, evidence, genre, against, dark, width, marked)


def draw_all(
    examined: Examined,
    evidence: EvidenceMap | None = None,
    *,
    genre: str | None = None,
    against: str | None = None,
    dark: bool = False,
    width: float = _WIDTH,
) -> Figure:
    """All pictures below each other; without ``evidence``, all but that."""
    stages: list[Stage] = [stage for stage in STAGES if stage != "evidence" or evidence is not None]
    return _draw(stages, examined, evidence, genre, against, dark, width)


def draw_stretch(
    examined: Examined,
    evidence: EvidenceMap,
    genre: str,
    begin_s: float,
    *,
    height: float,
    width: float,
    dark: bool = False,
) -> Figure:
    """What speaks for ``genre`` in a stretch of a song, of which nothing else was examined.

    ``begin_s``: where in the song it begins, which its axis tells. Mel spectrogram of ``height``
    inches in a figure of ``width``. Raises UnknownGenreError.
    """
    style = DARK if dark else LIGHT
    figure, (axes,) = panels([(height, STRIP_INCHES)], style, width)
    duration_s = examined.prediction.duration_s
    activation = activation_over_time(examined, genre)
    plot_evidence(axes, examined.mel_spectrogram, evidence, activation, duration_s, style, genre)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda second, _: clock(begin_s + second)))
    axes.set_xlabel("time (min:s)")
    return figure


def to_png(figure: Figure, dpi: float = 100.0) -> bytes:
    """The bytes of a PNG file."""
    buffer = io.BytesIO()
    fast = {"compress_level": _COMPRESSION}
    figure.savefig(buffer, format="png", dpi=dpi, pil_kwargs=fast)
    return buffer.getvalue()


def _draw(
    stages: list[Stage],
    examined: Examined,
    evidence: EvidenceMap | None,
    genre: str | None,
    against: str | None,
    dark: bool,
    width: float,
    marked: Sequence[Place] = (),
) -> Figure:
    style = DARK if dark else LIGHT
    genres = _genres_shown(examined)
    left = LEFT
    if {"timeline", "probabilities"} & set(stages):
        left = max(LEFT, 0.15 + 0.075 * max(map(len, genres)))
    by_genre = 0.3 + 0.22 * len(genres)
    heights = [
        (_HEIGHTS.get(stage, by_genre), STRIP_INCHES if stage == "evidence" else 0.0)
        for stage in stages
    ]
    figure, axes = panels(heights, style, width, left)
    for one, stage in zip(axes, stages, strict=True):
        _plot(stage, one, examined, evidence, genre, against, genres, style, marked)
    return figure


def _plot(
    stage: Stage,
    axes: Axes,
    examined: Examined,
    evidence: EvidenceMap | None,
    genre: str | None,
    against: str | None,
    genres: list[str],
    style: Style,
    marked: Sequence[Place],
) -> None:
    prediction, duration_s = examined.prediction, examined.prediction.duration_s
    match stage:
        case "waveform":
            plot_waveform(axes, examined.waveform, duration_s, style)
        case "periodogram":
            plot_periodogram(axes, examined.spectrum, style)
        case "spectrogram":
            plot_spectrogram(axes, examined.spectrogram, duration_s, style)
        case "mel":
            plot_mel(axes, examined.mel_spectrogram, duration_s, style)
        case "evidence":
            if evidence is None:
                raise ValueError("the picture of the evidence needs the evidence map")
            genre = genre or prediction.label or ""
            activation = activation_over_time(examined, genre, against)
            plot_evidence(
                axes, examined.mel_spectrogram, evidence, activation, duration_s, style,
                genre, against, marked,
            )  # fmt: skip
        case "timeline":
            by_window = genre_probabilities(
                examined.outputs.probabilities.astype(np.float64), examined.info
            )
            rows = [examined.info.genres.index(one) for one in genres]
            bounds = [0.0, *(segment.end_s for segment in prediction.timeline)]
            nothing = np.zeros(len(rows))
            told = [
                nothing if one.window is None else by_window[one.window, rows]
                for one in spans(examined.heard, examined.info, duration_s)
            ]
            plot_timeline(axes, np.array(told), bounds, genres, style)
        case "probabilities":
            score = prediction.score or 0.0
            plot_probabilities(
                axes, prediction.probabilities, style, score, unsure=prediction.unsure
            )


def _genres_shown(examined: Examined) -> list[str]:
    """The likeliest, most probable first."""
    return list(examined.prediction.probabilities)[:MOST_GENRES]
