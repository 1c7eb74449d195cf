"""Draws the prediction for a song and its evidence, each onto axes that are given."""

import warnings
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from melonnx.demo.pictures.stages import plot_mel_image
from melonnx.demo.pictures.style import (
    Style,
    axes_height,
    beside_share,
    colour_bar,
    heading,
    set_time_axis,
)
from melonnx.infer.explain.evidence import EvidenceMap
from melonnx.infer.explain.explanation import Place
from melonnx.infer.explain.stages import Raster
from melonnx.infer.prediction import SILENT

__all__ = [
    "MOST_GENRES",
    "STRIP_INCHES",
    "overlay",
    "plot_evidence",
    "plot_probabilities",
    "plot_timeline",
]

MOST_GENRES = 16
_SHOWN_COLUMNS = 240
_STRONGEST = 0.8
"""Opacity of the strongest evidence: the spectrogram below stays to be seen."""
STRIP_INCHES = 0.22
"""Above the evidence, for the activations."""
_FAINT_DB = 35.0
_LEAST_MARK = 0.004
"""Of the width: a second of an hour is still to be seen."""
_ROOM_FOR_A_WORD = 0.1
"""Of the width."""
_STRONGEST_QUANTILE = 0.99
"""The strongest colour is this quantile's, so that one place does not make all others pale."""


def plot_probabilities(
    axes: Axes, probabilities: dict[str, float], style: Style, score: float, *, unsure: bool = False
) -> None:
    """A bar for each genre, the likeliest above; ``score``: of the answer, for the heading."""
    shown = dict(list(probabilities.items())[:MOST_GENRES])
    colours = [style.accent] + [style.line] * (len(shown) - 1)
    bars = axes.barh(range(len(shown)), list(shown.values()), color=colours, height=0.72)
    axes.bar_label(
        bars, [f"{one:.0%}" for one in shown.values()], padding=4, color=style.text, fontsize=9
    )
    axes.set_yticks(range(len(shown)), list(shown))
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("probability")
    heading(axes, f"{next(iter(shown))} {score:.0%}" + (", unsure" if unsure else ""), style)


def plot_timeline(
    axes: Axes,
    probabilities: NDArray[np.floating],
    bounds: Sequence[float],
    genres: Sequence[str],
    style: Style,
) -> None:
    """Each genre's probability from moment to moment.

    ``probabilities`` [segments, genres]; ``bounds``: seconds (segments + 1,); ``genres`` in the
    order of rows, first one above. A segment without any probability is silence.
    """
    colours = LinearSegmentedColormap.from_list("share", (style.background, style.line))
    rows = np.arange(len(genres) + 1) - 0.5
    mesh = axes.pcolormesh(bounds, rows, probabilities.T, cmap=colours, vmin=0, vmax=1)
    best, starts, ends = probabilities.argmax(axis=1), np.array(bounds[:-1]), np.array(bounds[1:])
    sounds = probabilities.any(axis=1)
    axes.hlines(
        best[sounds] + 0.42, starts[sounds], ends[sounds], color=style.accent, linewidth=2.5,
        label="likeliest",
    )  # fmt: skip
    axes.set_yticks(range(len(genres)), genres)
    axes.set_ylim(len(genres) - 0.5, -0.5)
    for begin, end in zip(starts[~sounds], ends[~sounds], strict=True):
        _mark_silence(axes, begin, end, bounds[-1], style)
    colour_bar(axes, mesh, "probability", style).ax.yaxis.set_major_formatter(PercentFormatter(1))
    set_time_axis(axes, bounds[-1])
    heading(axes, "Timeline: the likeliest genre is underlined", style)


def _mark_silence(axes: Axes, begin: float, end: float, duration_s: float, style: Style) -> None:
    """Hatch the seconds from ``begin`` to ``end``, and name them where there is room."""
    axes.axvspan(begin, end, facecolor="none", edgecolor=style.faint, hatch="///", linewidth=0)
    if end - begin > _ROOM_FOR_A_WORD * duration_s:
        axes.text(
            (begin + end) / 2, sum(axes.get_ylim()) / 2, SILENT, ha="center", va="center",
            fontsize=9, color=style.text, backgroundcolor=style.background,
        )  # fmt: skip


def plot_evidence(
    axes: Axes,
    raster: Raster,
    evidence: EvidenceMap,
    activation: tuple[NDArray[np.float32], float],
    duration_s: float,
    style: Style,
    genre: str,
    against: str | None = None,
    marked: Sequence[Place] = (),
) -> None:
    """What speaks for ``genre``, and against it, over the mel spectrogram.

    ``marked``: places that get a frame and a number, the first of them 1.

    ``activation``: class activation (columns,) and the seconds of a column, for the strip above.
    """
    plot_mel_image(axes, raster, style.quiet, faint_db=_FAINT_DB)
    spoken = evidence.speaks_for(genre, against)
    image, seconds, strongest = overlay(spoken, evidence, style)
    n_mels = raster.power.shape[1]
    axes.imshow(
        image, extent=(0, seconds, -0.5, n_mels - 0.5), origin="lower", aspect="auto",
        interpolation="nearest",
    )  # fmt: skip
    scale = ScalarMappable(Normalize(-strongest, strongest), style.diverging)
    colour_bar(axes, scale, "log-odds lost when silent", style)
    _strip(axes, *activation, style)
    for number, place in enumerate(marked, 1):
        _mark(axes, number, place, evidence, duration_s, style)
    rival = f" against {against}" if against else ""
    places = _n_places(spoken)
    where = f", heard at {places} places" if places > 1 else ""
    told = f"Evidence for {genre}{rival}{where}: orange speaks for it, blue against"
    heading(axes, told, style, STRIP_INCHES)
    set_time_axis(axes, duration_s)


def overlay(
    spoken: NDArray[np.floating], evidence: EvidenceMap, style: Style
) -> tuple[NDArray[np.float64], float, float]:
    """Colours (n_mels, columns, 4) of evidence (columns, bands); where none is, transparent.

    Returns them with the seconds that they reach over, and the value of the strongest colour.
    """
    pooled, together = _pool_columns(spoken)
    heard = np.isfinite(pooled)
    strongest = max(float(np.quantile(np.abs(pooled[heard]), _STRONGEST_QUANTILE)), 1e-9)
    by_mel = np.repeat(pooled, [np.diff(band.mels)[0] for band in evidence.bands], axis=1).T
    share = np.clip(np.nan_to_num(by_mel / strongest), -1, 1)
    colours = style.diverging(share / 2 + 0.5)
    colours[..., 3] = _STRONGEST * np.sqrt(np.abs(share))
    return colours, len(pooled) * together * evidence.column_s, strongest


def _pool_columns(values: NDArray[np.floating]) -> tuple[NDArray[np.floating], int]:
    """At most as many columns [columns, ...] as can be told apart, and how many are in each.

    Means of what is not NaN: what was heard for a moment only is still to be seen.
    """
    together = -(-len(values) // _SHOWN_COLUMNS)
    padding = np.full((-len(values) % together, *values.shape[1:]), np.nan)
    groups = np.concatenate((values, padding)).reshape(-1, together, *values.shape[1:])
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):
        return np.nanmean(groups, axis=1), together


def _strip(axes: Axes, activation: NDArray[np.float32], column_s: float, style: Style) -> None:
    height = axes_height(axes)
    strip = axes.inset_axes(
        (0, 1 + 0.2 * STRIP_INCHES / height, 1, 0.8 * STRIP_INCHES / height), sharex=axes
    )
    pooled, together = _pool_columns(activation)
    strongest = max(float(np.nanmax(np.abs(pooled))), 1e-9)
    strip.imshow(
        pooled[None], cmap=style.diverging, vmin=-strongest, vmax=strongest, aspect="auto",
        extent=(0, len(pooled) * together * column_s, 0, 1), interpolation="nearest",
    )  # fmt: skip
    strip.set_facecolor(style.background)
    strip.tick_params(left=False, bottom=False, labelleft=False, labelbottom=False)
    for spine in strip.spines.values():
        spine.set_color(style.faint)
    strip.text(
        1 + beside_share(axes), 0.5, "activation", transform=strip.transAxes, va="center",
        fontsize=8, color=style.text,
    )  # fmt: skip


def _mark(
    axes: Axes, number: int, place: Place, evidence: EvidenceMap, duration_s: float, style: Style
) -> None:
    inside = [
        band.mels
        for band in evidence.bands
        if band.low_hz >= place.low_hz and band.high_hz <= place.high_hz
    ]
    low, high = inside[0][0] - 0.5, inside[-1][1] - 0.5
    left, width = place.start_s, max(place.end_s - place.start_s, _LEAST_MARK * duration_s)
    axes.add_patch(
        Rectangle((left, low), width, high - low, fill=False, edgecolor=style.text, linewidth=1.5)
    )
    axes.annotate(
        str(number), (left + width / 2, (low + high) / 2), ha="center", va="center", fontsize=9,
        fontweight="bold", color=style.background,
        bbox={"boxstyle": "circle,pad=0.2", "facecolor": style.text, "edgecolor": "none"},
    )  # fmt: skip


def _n_places(spoken: NDArray[np.floating]) -> int:
    """Into so many stretches what was heard of the song falls."""
    heard = np.isfinite(spoken[:, 0])
    return int(heard[0]) + int(np.count_nonzero(heard[1:] & ~heard[:-1]))
