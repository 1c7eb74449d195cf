"""Draws the stages of a song on its way to the network, each onto axes that are given."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from melonnx.demo.pictures.style import (
    Style,
    axes_height,
    colour_bar,
    heading,
    octaves,
    set_time_axis,
)
from melonnx.infer.explain.stages import Envelope, Raster, Spectrum, decibels

__all__ = [
    "log_frequency_rows",
    "plot_mel",
    "plot_mel_image",
    "plot_periodogram",
    "plot_spectrogram",
    "plot_waveform",
]

_LOWEST_HZ = 40.0
_ROWS = 256
_TOP_DB = 80.0
_TICKS_APART = 0.17
"""Inches."""
_ROLL_OFF = 0.03
"""Of the periodogram's bins, so many lie where the resampler lets nothing through."""


def plot_waveform(axes: Axes, waveform: Envelope, duration_s: float, style: Style) -> None:
    """The range of the samples at each moment."""
    middles = (np.arange(len(waveform.low)) + 0.5) * waveform.column_s
    # A line, too: where columns are short, the range alone would fall to pieces.
    axes.fill_between(middles, waveform.low, waveform.high, color=style.line, linewidth=0.6)
    loudest = max(float(np.abs([waveform.low, waveform.high]).max()), 1e-9)
    axes.set_ylim(-1.05 * loudest, 1.05 * loudest)
    axes.set_ylabel("amplitude")
    set_time_axis(axes, duration_s)
    heading(axes, "Waveform", style)


def plot_periodogram(axes: Axes, spectrum: Spectrum, style: Style) -> None:
    """Mean power density by frequency, in dB of full scale."""
    shown = spectrum.hz >= _LOWEST_HZ
    density, places = spectrum.density[shown], np.log2(spectrum.hz[shown])
    level = 10 * np.log10(np.maximum(density, max(density.max() * 1e-12, 1e-30)))
    floor = float(np.quantile(level, _ROLL_OFF)) - 6
    axes.fill_between(places, level, floor, color=style.line, alpha=0.25, linewidth=0)
    axes.plot(places, level, color=style.line, linewidth=1.2)
    axes.grid(color=style.faint, linewidth=0.5, alpha=0.6)
    hz, labels = octaves(_LOWEST_HZ, spectrum.hz[-1])
    axes.set_xticks(np.log2(hz), labels)
    axes.set_xlim(places[0], places[-1])
    axes.set_xlabel("frequency (Hz)")
    axes.set_ylim(floor, level.max() + 4)
    axes.set_ylabel("dB (full scale² per Hz)")
    heading(axes, "Periodogram: the mean spectrum of the song", style)


def plot_spectrogram(axes: Axes, raster: Raster, duration_s: float, style: Style) -> None:
    """Power by time and frequency, octaves of equal height."""
    low, high = np.log2(_LOWEST_HZ), np.log2(raster.hz[-1])
    edges = np.linspace(low, high, _ROWS + 1)
    level = decibels(log_frequency_rows(raster, 2.0**edges), _TOP_DB)
    image = _image(axes, level, raster, (low, high), style.heat)
    colour_bar(axes, image, "dB below the loudest", style)
    hz, labels = octaves(_LOWEST_HZ, raster.hz[-1])
    axes.set_yticks(np.log2(hz), labels)
    axes.set_ylabel("frequency (Hz)")
    set_time_axis(axes, duration_s)
    heading(axes, "Spectrogram, log frequency", style)


def plot_mel(axes: Axes, raster: Raster, duration_s: float, style: Style) -> None:
    """Power by time and mel band: the bands that the network looks at."""
    image = plot_mel_image(axes, raster, style.heat)
    colour_bar(axes, image, "dB below the loudest", style)
    set_time_axis(axes, duration_s)
    heading(axes, f"Mel spectrogram: {len(raster.hz)} bands", style)


def plot_mel_image(axes: Axes, raster: Raster, colours: str, faint_db: float = 0.0) -> AxesImage:
    """The same without heading, time axis and colour bar.

    ``faint_db``: how far above the loudest the map of colours goes, for what lies below others.
    """
    level, n_mels = decibels(raster.power, _TOP_DB), len(raster.hz)
    image = _image(axes, level, raster, (-0.5, n_mels - 0.5), colours)
    image.set_clim(-_TOP_DB, faint_db)
    hz, labels = octaves(raster.hz[0], raster.hz[-1])
    apart = _TICKS_APART * n_mels / axes_height(axes)
    ticks: list[tuple[float, str]] = []
    for place, label in zip(
        np.interp(hz, raster.hz, range(n_mels))[::-1], labels[::-1], strict=True
    ):
        if not ticks or ticks[-1][0] - place >= apart:  # those of the bass would collide
            ticks.append((float(place), label))
    axes.set_yticks([place for place, _ in ticks], [label for _, label in ticks])
    axes.set_ylabel("frequency (Hz)")
    return image


def log_frequency_rows(raster: Raster, edges_hz: NDArray[np.floating]) -> NDArray[np.float32]:
    """Mean power (columns, rows) between ``edges_hz`` (rows + 1,) of a spectrogram.

    Each of its bins has its power spread evenly half-way to its neighbours.
    """
    step = raster.hz[1] - raster.hz[0]
    sums = np.cumsum(np.pad(raster.power, ((0, 0), (1, 0))), axis=1, dtype=np.float64)
    at = np.clip((edges_hz - raster.hz[0]) / step + 0.5, 0, len(raster.hz))
    lower = np.minimum(at.astype(int), len(raster.hz) - 1)
    at_edges = sums[:, lower] + (at - lower) * raster.power[:, lower]
    return (np.diff(at_edges, axis=1) / np.diff(at)).astype(np.float32)


def _image(
    axes: Axes,
    level: NDArray[np.float32],
    raster: Raster,
    rows: tuple[float, float],
    colours: str,
) -> AxesImage:
    end = raster.start_s + len(level) * raster.column_s
    return axes.imshow(
        level.T, cmap=colours, vmin=-_TOP_DB, vmax=0, origin="lower", aspect="auto",
        extent=(raster.start_s, end, *rows),
    )  # fmt: skip
