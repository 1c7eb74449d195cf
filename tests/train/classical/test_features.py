"""The 518 features are librosa's own, under the names of FMA's published table."""

import librosa
import numpy as np
import pytest
from librosa import feature
from scipy import stats

from melonnx.train.classical.feature_names import COLUMNS, FEATURE_SETS, SERIES, columns_of
from melonnx.train.classical.features import _statistics, clip_features, clip_series
from tests.conftest import make_song

RATE = 44100


@pytest.fixture(scope="module")
def song():
    return make_song(4, RATE)[:, 0]


def by_hand(song, rate):
    """Each feature from the samples, by librosa's call of that name."""
    cqt = {"y": song, "sr": rate, "bins_per_octave": 12}
    cens = feature.chroma_cens(**cqt)
    return {
        "chroma_cens": cens,
        "chroma_cqt": feature.chroma_cqt(**cqt),
        "chroma_stft": feature.chroma_stft(y=song, sr=rate),
        "mfcc": feature.mfcc(y=song, sr=rate),
        "rmse": feature.rms(S=np.abs(librosa.stft(song))),
        "spectral_bandwidth": feature.spectral_bandwidth(y=song, sr=rate),
        "spectral_centroid": feature.spectral_centroid(y=song, sr=rate),
        "spectral_contrast": feature.spectral_contrast(y=song, sr=rate),
        "spectral_rolloff": feature.spectral_rolloff(y=song, sr=rate),
        "tonnetz": feature.tonnetz(chroma=cens),
        "zcr": feature.zero_crossing_rate(song),
    }


@pytest.fixture(scope="module")
def expected(song):
    return by_hand(song, RATE)


@pytest.fixture(scope="module")
def series(song):
    return clip_series(song, RATE)


@pytest.mark.parametrize("name", list(SERIES))
def test_series_equal_librosas_own_calls(name, series, expected):
    assert series[name].shape == expected[name].shape
    assert len(series[name]) == SERIES[name]
    scale = max(1, np.abs(expected[name]).max())
    assert np.abs(series[name] - expected[name]).max() <= 1e-5 * scale


@pytest.mark.parametrize("name", list(SERIES))
def test_one_value_of_each_statistic_is_where_its_name_says(name, song, expected):
    values = dict(zip(map(str, COLUMNS), clip_features(song, RATE), strict=True))
    last = expected[name][-1].astype(np.float64)
    by_name = {
        "mean": last.mean(), "std": last.std(), "skew": stats.skew(last),
        "kurtosis": stats.kurtosis(last), "median": np.median(last), "min": last.min(),
        "max": last.max(),
    }  # fmt: skip
    for statistic, value in by_name.items():
        got = values[f"{name}.{statistic}.{SERIES[name]:02}"]
        assert got == pytest.approx(value, rel=1e-3, abs=1e-4)


def test_the_names_are_those_of_the_published_table():
    assert len(COLUMNS) == len(set(COLUMNS)) == 518
    assert list(COLUMNS) == sorted(COLUMNS)
    assert COLUMNS[0] == ("chroma_cens", "kurtosis", "01")
    assert COLUMNS[-1] == ("zcr", "std", "01")
    sizes = {name: len(columns_of(features)) for name, features in FEATURE_SETS.items()}
    assert list(sizes.values()) == [140, 49, 7, 189, 196, 518]


def test_fma_compatible_repeats_the_calls_that_were_not_told_the_rate(song):
    compatible = clip_series(song, RATE, fma_compatible=True)
    magnitude = np.abs(librosa.stft(song, pad_mode="reflect"))
    expected = {
        "spectral_centroid": feature.spectral_centroid(S=magnitude),
        "spectral_bandwidth": feature.spectral_bandwidth(S=magnitude),
        "spectral_contrast": feature.spectral_contrast(S=magnitude),
        "spectral_rolloff": feature.spectral_rolloff(S=magnitude),
        "chroma_stft": feature.chroma_stft(S=magnitude**2),
        "mfcc": librosa.feature.mfcc(
            S=librosa.power_to_db(feature.melspectrogram(S=magnitude**2, sr=RATE))
        ),
        "rmse": np.sqrt(np.mean(magnitude**2, axis=0, keepdims=True)),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(compatible[name], values, rtol=1e-5, atol=1e-5)


def test_the_quirk_halves_the_centroid_of_a_clip_at_twice_the_rate(song, series):
    compatible = clip_series(song, RATE, fma_compatible=True)["spectral_centroid"]
    inner = slice(4, -4)  # the ends are padded otherwise
    np.testing.assert_allclose(
        compatible[:, inner] * 2, series["spectral_centroid"][:, inner], rtol=1e-5
    )


def test_a_level_series_has_the_statistics_of_the_published_table():
    """Where skew and kurtosis are 0 / 0, SciPy said 0 and -3 in 2017."""
    level = _statistics(np.full((2, 100), 0.1, np.float32))
    assert level["skew"].tolist() == [0, 0]
    assert level["kurtosis"].tolist() == [-3, -3]
    steps = np.tile(np.repeat([1.0, 0.0], 2048), 20).astype(np.float32)
    assert np.isfinite(clip_features(steps, RATE)).all()


def test_one_stft_and_one_constant_q_transform_a_clip(song, monkeypatch):
    counts = {"stft": 0, "cqt": 0}
    for name in counts:
        original = getattr(librosa, name)

        def counted(*args, name=name, original=original, **how):
            counts[name] += 1
            return original(*args, **how)

        monkeypatch.setattr(librosa, name, counted)
    monkeypatch.setattr(librosa.core.spectrum, "stft", None)  # what features call on their own
    clip_series(song, RATE)
    assert counts == {"stft": 1, "cqt": 1}
