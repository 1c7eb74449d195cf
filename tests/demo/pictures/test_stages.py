"""The four stages: what is drawn, and that the axes tell the truth."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from melonnx.demo.pictures.stages import (
    log_frequency_rows,
    plot_mel,
    plot_periodogram,
    plot_spectrogram,
    plot_waveform,
)
from melonnx.demo.pictures.style import DARK, LIGHT, panels
from melonnx.infer.explain.stages import HOP_LENGTH, N_FFT, Envelope, Listener, Raster
from melonnx.infer.frontend.mel import MelSpec, mel_power
from tests.conftest import RATE


def tone(hz, seconds=4):
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(seconds * RATE) / RATE).astype(np.float32)


@pytest.fixture(scope="module")
def listener():
    """Two seconds of 1 kHz, then two of 250 Hz."""
    samples = np.concatenate((tone(1000, 2), tone(250, 2) / 2))
    listener = Listener(RATE, MelSpec())
    for _ in listener.mel(mel_power(listener.samples([samples]), MelSpec())):
        pass
    return listener


@pytest.fixture(params=[LIGHT, DARK], ids=["light", "dark"])
def style(request):
    return request.param


@pytest.fixture
def axes(style):
    figure, (axes,) = panels([(2.6, 0.0)], style, 9.0)
    assert figure.get_facecolor() == to_rgba(style.background)
    return axes


def loudest_row(axes, seconds):
    """Where on the vertical axis the image is brightest at that time."""
    (image,) = axes.images
    left, right, low, high = image.get_extent()
    values = image.get_array()
    column = values[:, int((seconds - left) / (right - left) * values.shape[1])]
    return low + (column.argmax() + 0.5) / len(column) * (high - low)


def tick(axes, label):
    labels = [text.get_text() for text in axes.get_yticklabels()]
    return axes.get_yticks()[labels.index(label)]


def test_waveform_is_as_long_and_as_high_as_the_song(listener, axes, style):
    plot_waveform(axes, listener.waveform, 4.0, style)
    assert axes.get_xlim() == (0, 4)
    assert axes.get_ylim() == pytest.approx((-0.525, 0.525), abs=0.002)
    ((outline,),) = [one.get_paths() for one in axes.collections]
    first, second = (outline.vertices[outline.vertices[:, 0] // 2 == half] for half in (0, 1))
    assert np.abs(first[:, 1]).max() == pytest.approx(0.5, abs=0.01)
    assert np.abs(second[second[:, 0] > 2.01, 1]).max() == pytest.approx(0.25, abs=0.01)
    assert axes.get_xlabel() == "time (s)"


def test_periodogram_has_its_peaks_where_the_tones_are(listener, axes, style):
    plot_periodogram(axes, listener.spectrum, style)
    (line,) = axes.lines
    octave, level = line.get_data()
    assert 2 ** octave[np.argmax(level)] == pytest.approx(1000, abs=RATE / N_FFT)
    low = octave < np.log2(500)
    assert 2 ** octave[low][np.argmax(level[low])] == pytest.approx(250, abs=RATE / N_FFT)
    assert level[low].max() - level.max() == pytest.approx(-6, abs=1)
    labels = [text.get_text() for text in axes.get_xticklabels()]
    assert labels == ["63", "125", "250", "500", "1k", "2k", "4k", "8k"]
    assert axes.get_xlabel() == "frequency (Hz)"
    assert axes.get_ylabel().startswith("dB")


@pytest.mark.parametrize("plot", [plot_spectrogram, plot_mel])
def test_tones_lie_at_their_ticks(plot, listener, axes, style):
    raster = listener.spectrogram if plot is plot_spectrogram else listener.mel_spectrogram
    plot(axes, raster, 4.0, style)
    step = 0.05 if plot is plot_spectrogram else 1.0
    assert loudest_row(axes, 1.0) == pytest.approx(tick(axes, "1k"), abs=step)
    assert loudest_row(axes, 3.0) == pytest.approx(tick(axes, "250"), abs=step)
    assert axes.get_ylabel() == "frequency (Hz)"
    assert axes.get_xlim() == (0, 4)
    (image,) = axes.images
    assert image.get_clim() == (-80, 0)
    assert image.get_array().max() == 0
    assert image.get_cmap().name == "magma"
    assert "dB" in axes.child_axes[0].get_ylabel()


def test_ticks_of_the_mel_scale_do_not_collide(listener, style):
    for inches in (0.6, 1.0, 2.6, 5.0):
        _, (axes,) = panels([(inches, 0.0)], style, 9.0)
        plot_mel(axes, listener.mel_spectrogram, 4.0, style)
        ticks = axes.get_yticks()
        low, high = axes.get_ylim()
        assert np.abs(np.diff(ticks)).min() / (high - low) * inches >= 0.16
        assert len(ticks) >= (3 if inches > 0.6 else 2)


def test_log_rows_keep_the_power(listener):
    raster = listener.spectrogram
    edges = np.geomspace(40, raster.hz[-1], 257)
    rows = log_frequency_rows(raster, edges)
    step = raster.hz[1]
    inside = raster.power[:, (raster.hz > 40 + step) & (raster.hz < raster.hz[-1] - step)]
    total = (rows * np.diff(edges)).sum(axis=1) / step
    np.testing.assert_allclose(total, inside.sum(axis=1), rtol=0.02)
    middle = 100
    assert rows[20, 0] == pytest.approx(raster.power[20, 4], rel=0.2)  # 40 Hz are in the 4th bin
    bins = np.arange(len(raster.hz))
    lower, upper = (np.interp(edges[middle + one], raster.hz, bins) for one in (0, 1))
    if round(lower) == round(upper):
        assert rows[20, middle] == pytest.approx(raster.power[20, round(lower)], rel=1e-4)


def test_flat_power_stays_flat():
    raster = Raster(
        np.full((5, N_FFT // 2 + 1), 0.25, np.float32), HOP_LENGTH / RATE, 0.0,
        np.fft.rfftfreq(N_FFT, 1 / RATE),
    )  # fmt: skip
    rows = log_frequency_rows(raster, np.geomspace(40, RATE / 2, 300))
    np.testing.assert_allclose(rows, 0.25, rtol=1e-4)


def test_one_sample_is_a_waveform(axes, style):
    plot_waveform(axes, Envelope(np.zeros(1), np.zeros(1), 1 / RATE), 1 / RATE, style)
    assert axes.get_xlim() == (0, 1 / RATE)


def test_bands_between_two_octaves_have_no_tick(axes, style):
    plot_mel(
        axes, Raster(np.ones((9, 4), np.float32), 1.0, 0.0, np.linspace(4500, 7500, 4)), 9, style
    )
    assert not len(axes.get_yticks())
