"""How the pictures look, in light and dark: colours, margins, and axes of time and frequency."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from melonnx.infer.units import clock

__all__ = [
    "DARK",
    "LEFT",
    "LIGHT",
    "Style",
    "axes_height",
    "beside_share",
    "colour_bar",
    "grid",
    "heading",
    "octaves",
    "panels",
    "save",
    "set_time_axis",
]

_OCTAVES = (63, 125, 250, 500, 1000, 2000, 4000, 8000, 16000)
_RIGHT, _TOP, _BOTTOM, _GAP = 0.95, 0.45, 0.52, 1.0
"""Inches about the axes: fixed, so that the time axes of all pictures agree."""
LEFT = 0.8
_LETTER = 0.088
"""Inches of a heading's letter."""
_DPI = 144
_NICE_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)


@dataclass(frozen=True)
class Style:
    """Colours that stay apart for the colour-blind: Okabe & Ito's, and matplotlib's even maps."""

    background: str
    text: str
    faint: str
    line: str
    accent: str
    heat: str
    """Map of spectrograms, quiet to loud."""
    quiet: str
    """The same in greys, below an overlay."""
    against: tuple[str, str, str]
    """From what speaks against, over nothing, to what speaks for."""

    @property
    def diverging(self) -> LinearSegmentedColormap:
        """Blue over the neutral colour to orange."""
        return LinearSegmentedColormap.from_list("against_for", self.against)


LIGHT = Style(
    background="#ffffff", text="#1f2937", faint="#d1d5db", line="#0072b2", accent="#d55e00",
    heat="magma", quiet="Greys", against=("#0050c8", "#f3f4f6", "#e65100"),
)  # fmt: skip
DARK = Style(
    background="#0b0f19", text="#e5e7eb", faint="#374151", line="#56b4e9", accent="#e69f00",
    heat="magma", quiet="gray", against=("#3b9bff", "#1f2937", "#ff9f1c"),
)  # fmt: skip


def panels(
    heights: Sequence[tuple[float, float]], style: Style, width: float, left: float = LEFT
) -> tuple[Figure, list[Axes]]:
    """A figure ``width`` inches wide with axes below each other.

    ``heights``: in inches, of each axes and of what it has between itself and its heading.
    ``left``: inches for what stands at the left of the axes.
    """
    height = sum(map(sum, heights)) + _TOP + _BOTTOM + _GAP * (len(heights) - 1)
    figure = Figure(figsize=(width, height), facecolor=style.background)
    axes, top = [], height - _TOP
    inner = (width - left - _RIGHT) / width
    for one, above in heights:
        bottom = top - above - one
        axes.append(figure.add_axes((left / width, bottom / height, inner, one / height)))
        _dress(axes[-1], style)
        top = bottom - _GAP
    return figure, axes


def grid(n_rows: int, n_columns: int, style: Style) -> tuple[Figure, list[list[Axes]]]:
    """A figure of rows of small axes, with room for a colour bar at its right."""
    width, row, wide, gap = 10.0, 1.15, 4.05, 0.3
    height = n_rows * (row + gap) + _BOTTOM + 0.05
    figure = Figure(figsize=(width, height), facecolor=style.background)
    rows = []
    for number in range(n_rows):
        bottom = (height - (number + 1) * (row + gap)) / height
        lefts = [(0.65 + column * (wide + 0.2)) / width for column in range(n_columns)]
        rows.append([figure.add_axes((at, bottom, wide / width, row / height)) for at in lefts])
        for axes in rows[-1]:
            _dress(axes, style)
    return figure, rows


def _dress(axes: Axes, style: Style) -> None:
    axes.set_facecolor(style.background)
    axes.tick_params(colors=style.text, labelsize=9, length=3)
    for spine in axes.spines.values():
        spine.set_color(style.faint)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(color=style.text, fontsize=9)


def heading(axes: Axes, text: str, style: Style, above: float = 0.0) -> None:
    """What the picture shows, at its left; names in it are no mathematics.

    ``above``: inches between the axes and it, more than usual. What is too wide for the
    figure goes on in a second line behind its colon.
    """
    place = axes.get_position()
    if len(text) * _LETTER > _inches(axes)[0] * (1 - place.x0) / place.width:
        text = text.replace(": ", ":\n", 1)
    axes.set_title(
        text, loc="left", color=style.text, fontsize=11, fontweight="bold", pad=6 + 72 * above,
        parse_math=False,
    )  # fmt: skip


def axes_height(axes: Axes) -> float:
    """Inches."""
    return _inches(axes)[1]


def beside_share(axes: Axes) -> float:
    """The gap between the axes and what stands beside them, as a share of their width."""
    return 0.09 / _inches(axes)[0]


def _inches(axes: Axes) -> tuple[float, float]:
    figure = axes.get_figure(root=True)
    place = axes.get_position()
    if figure is None:
        raise ValueError("axes without a figure have no size")
    return place.width * figure.get_figwidth(), place.height * figure.get_figheight()


def set_time_axis(axes: Axes, duration_s: float) -> None:
    """Seconds from 0 to the song's end; minutes where there are more than two."""
    axes.set_xlim(0, duration_s)
    n_steps = max(3, round(_inches(axes)[0] * 1.4))
    if duration_s <= 120:
        axes.xaxis.set_major_locator(MaxNLocator(n_steps))
        axes.set_xlabel("time (s)")
        return
    step = next((one for one in _NICE_STEPS if duration_s / one <= n_steps), _NICE_STEPS[-1])
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: clock(seconds)))
    axes.set_xlabel("time (h:min:s)" if duration_s >= 3600 else "time (min:s)")


def octaves(low_hz: float, high_hz: float) -> tuple[list[int], list[str]]:
    """The frequencies that get a tick between two others, and what stands beside them."""
    shown = [one for one in _OCTAVES if low_hz <= one <= high_hz]
    return shown, [f"{one // 1000}k" if one >= 1000 else str(one) for one in shown]


def colour_bar(axes: Axes, shown: Any, label: str, style: Style) -> Any:
    """A bar at the right of ``axes``, in the margin that every picture has."""
    beside = axes.inset_axes((1 + beside_share(axes), 0, 0.11 / _inches(axes)[0], 1))
    bar = axes.figure.colorbar(shown, cax=beside)
    bar.outline.set_edgecolor(style.faint)
    beside.tick_params(colors=style.text, labelsize=8, length=2)
    beside.set_ylabel(label, color=style.text, fontsize=9)
    return bar


def save(figure: Figure, path: Path) -> None:
    """Write the picture in the format that the name says."""
    figure.savefig(path, dpi=_DPI)
