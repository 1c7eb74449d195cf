"""Noises are what their names say, the same for one seed, and at many levels."""

import numpy as np
import pytest

from melonnx.train.data.noises import KINDS, make_noises

RATE = 16000


@pytest.fixture(scope="module")
def noises():
    return list(make_noises(RATE, 4))


def of(noises, kind):
    return [noise.samples for noise in noises if noise.kind == kind]


def share_above(samples, hertz):
    """Of the power."""
    power = np.square(np.abs(np.fft.rfft(samples)))
    return power[np.fft.rfftfreq(len(samples), 1 / RATE) > hertz].sum() / power.sum()


def test_each_kind_is_there_and_can_be_heard(noises):
    assert [noise.kind for noise in noises] == [kind for kind in KINDS for _ in range(4)]
    peaks = [float(np.abs(noise.samples).max()) for noise in noises]
    assert all(0.003 < peak <= 1 for peak in peaks)
    assert max(peaks) / min(peaks) > 10
    for noise in noises:
        assert noise.samples.dtype == np.float32
        assert 6 * RATE <= len(noise.samples) <= 15 * RATE
        assert np.isfinite(noise.samples).all()


def test_a_seed_is_a_set_of_sounds(noises):
    again = list(make_noises(RATE, 4))
    other = list(make_noises(RATE, 4, seed=1))
    for one, same, different in zip(noises, again, other, strict=True):
        np.testing.assert_array_equal(one.samples, same.samples)
        assert len(one.samples) != len(different.samples)


def test_colours_fall_as_they_should(noises):
    white, pink, brown = (
        np.mean([share_above(samples, 1000) for samples in of(noises, kind)])
        for kind in ("white", "pink", "brown")
    )
    assert white == pytest.approx(7 / 8, abs=0.02)
    assert 0.1 < pink < 0.4
    assert brown < 0.01


def test_hum_is_of_the_mains(noises):
    for samples in of(noises, "hum"):
        power = np.square(np.abs(np.fft.rfft(samples)))
        loudest = np.fft.rfftfreq(len(samples), 1 / RATE)[power.argmax()]
        assert min(abs(loudest / base - round(loudest / base)) for base in (50, 60)) < 0.05


def test_applause_is_of_bursts_and_dither_of_few_steps(noises):
    for samples in of(noises, "applause"):
        loud = np.abs(samples).max()
        assert np.median(np.abs(samples)) < 0.3 * loud
    for samples in of(noises, "dither"):
        assert len(np.unique(samples)) < 16
