"""The map says what the song's answer would be without each place."""

from dataclasses import replace

import numpy as np
import onnx
import pytest

from melonnx.export.seal import seal
from melonnx.infer import Predictor
from melonnx.infer.errors import UnknownGenreError
from melonnx.infer.explain.evidence import activation_over_time, log_odds, map_evidence, pitch_bands
from melonnx.infer.explain.examine import examine_array
from melonnx.infer.explain.explanation import explain
from melonnx.infer.explain.occlusion import (
    Region,
    ask_again,
    genre_probabilities,
    probabilities_without,
)
from melonnx.infer.frontend.mel import MelSpec
from melonnx.infer.model.metadata import METADATA_KEY, ModelInfo
from tests.conftest import RATE, SMALL_1, make_song


@pytest.fixture(scope="module")
def small():
    return Predictor(SMALL_1, device="cpu")


@pytest.fixture(scope="module")
def examined(small):
    return examine_array(small, make_song(20.1), RATE)


@pytest.fixture(scope="module")
def evidence(small, examined):
    return map_evidence(small, examined)


def said_otherwise(folder, **changes):
    """genre-small's network under another description."""
    model = onnx.load(SMALL_1)
    (entry,) = [one for one in model.metadata_props if one.key == METADATA_KEY]
    entry.value = replace(ModelInfo.from_json(entry.value), **changes).to_json()
    path = folder / "otherwise.onnx"
    path.write_bytes(seal(model))
    return Predictor(path, device="cpu")


@pytest.fixture(scope="module")
def grouped(tmp_path_factory, small):
    """The same network, said to tell sub-genres of two genres."""
    labels = small.info.labels
    parents = {label: "loud" if label in ("rock", "metal") else "other" for label in labels}
    return said_otherwise(tmp_path_factory.mktemp("model"), parents=parents, bars={})


@pytest.fixture(scope="module")
def by_logits(tmp_path_factory):
    return said_otherwise(tmp_path_factory.mktemp("model"), pooling="logits")


@pytest.fixture(scope="module")
def examined_by_logits(by_logits):
    return examine_array(by_logits, make_song(20.1), RATE)


@pytest.fixture(scope="module")
def evidence_by_logits(by_logits, examined_by_logits):
    return map_evidence(by_logits, examined_by_logits)


@pytest.mark.parametrize("spec", [MelSpec(), MelSpec(16000, 512, 256, 96, fmax=8000.0)])
def test_bands_leave_no_mel_band_out(spec):
    bands = pitch_bands(spec)
    edges = [edge for band in bands for edge in band.mels]
    assert edges[0] == 0
    assert edges[-1] == spec.n_mels
    assert edges[1:-1:2] == edges[2:-1:2]
    assert [band.name for band in bands][:2] == ["bass", "low mid"]
    assert bands[-1].high_hz == spec.fmax


@pytest.mark.parametrize(("column", "band"), [(2, 0), (17, 3), (60, 5)])
def test_each_place_is_what_the_network_answers_without_it(small, examined, evidence, column, band):
    window, cell = divmod(column // 4, 10)
    start = examined.heard.starts[window]
    region = Region((start + 13 * cell, start + 13 * (cell + 1)), evidence.bands[band].mels)
    (leaves,) = ask_again(small, examined.heard, [(window, [region])])
    expected = genre_probabilities(leaves.astype(np.float64), examined.info)
    np.testing.assert_allclose(evidence.without[column, band], expected, atol=1e-6)
    np.testing.assert_allclose(
        evidence.whole[column],
        genre_probabilities(examined.outputs.probabilities[window].astype(float), examined.info),
    )


@pytest.mark.parametrize("genre", ["rock", "electronic"])
def test_what_matters_for_the_song_is_close_to_asking(small, examined, evidence, genre):
    column, band = 50, 2
    start = examined.heard.starts[1] + 13 * 2
    left = probabilities_without(
        small, examined, [Region((start, start + 13), evidence.bands[band].mels)]
    )
    whole = log_odds(evidence.probabilities, evidence.genres, genre)
    expected = whole - log_odds(left, evidence.genres, genre)
    assert evidence.matters_for(genre)[column, band] == pytest.approx(expected, rel=0.3, abs=0.02)


@pytest.mark.parametrize("against", [None, "pop"])
def test_what_matters_in_a_mean_of_logits_is_what_asking_finds(
    by_logits, examined_by_logits, evidence_by_logits, against
):
    examined, evidence = examined_by_logits, evidence_by_logits
    start = examined.heard.starts[0] + 13 * 3
    for band in range(len(evidence.bands)):
        regions = [Region((start, start + 13), evidence.bands[band].mels)]
        left = probabilities_without(by_logits, examined, regions)
        whole = log_odds(evidence.probabilities, evidence.genres, "rock", against)
        expected = whole - log_odds(left, evidence.genres, "rock", against)
        # The last window begins within the first: its answer, too, is another then.
        assert evidence.matters_for("rock", against)[14, band] == pytest.approx(
            expected, rel=1e-3, abs=1e-3
        )


def test_a_mean_of_logits_adds_up(by_logits, examined_by_logits, evidence_by_logits):
    examined, evidence = examined_by_logits, evidence_by_logits
    told = examined.prediction.probabilities
    assert dict(zip(evidence.genres, evidence.probabilities, strict=True)) == pytest.approx(told)
    without = probabilities_without(by_logits, examined, [])
    assert dict(zip(evidence.genres, without, strict=True)) == pytest.approx(told)
    explanation = explain(by_logits, examined, evidence)
    assert explanation.score == told[explanation.genre]
    assert explanation.check is None or explanation.check.log_odds_lost > 0


def test_map_is_as_long_as_the_song(examined, evidence):
    n_columns, n_bands, n_genres = evidence.without.shape
    assert n_columns * evidence.column_s == pytest.approx(20.1, abs=0.3)
    assert (n_bands, n_genres) == (len(evidence.bands), 11)
    np.testing.assert_allclose(evidence.without.sum(axis=2), 1)
    assert dict(zip(evidence.genres, evidence.probabilities, strict=True)) == pytest.approx(
        examined.prediction.probabilities, abs=1e-6
    )


def test_log_odds_are_against_all_others_or_one(evidence):
    genre, rival = "rock", "pop"
    chosen, other = (evidence.whole[3][evidence.genres.index(one)] for one in (genre, rival))
    without = evidence.without[3, 2]
    left, left_other = (without[evidence.genres.index(one)] for one in (genre, rival))
    assert evidence.speaks_for(genre)[3, 2] == pytest.approx(
        np.log(chosen / (1 - chosen)) - np.log(left / (1 - left))
    )
    assert evidence.speaks_for(genre, rival)[3, 2] == pytest.approx(
        np.log(chosen / other) - np.log(left / left_other)
    )
    np.testing.assert_allclose(
        evidence.speaks_for(genre, rival), -evidence.speaks_for(rival, genre)
    )


def test_certainty_has_finite_odds():
    assert np.isfinite(log_odds(np.array([1.0, 0.0]), ("a", "b"), "a"))
    assert np.isfinite(log_odds(np.array([1.0, 0.0]), ("a", "b"), "b", "a"))


def test_unknown_genres_are_refused(examined, evidence):
    with pytest.raises(UnknownGenreError, match="'polka'; it tells blues"):
        evidence.speaks_for("polka")
    with pytest.raises(UnknownGenreError, match="polka"):
        evidence.speaks_for("rock", "polka")
    with pytest.raises(UnknownGenreError, match="polka"):
        activation_over_time(examined, "polka")


def test_what_was_not_heard_is_no_evidence(tmp_path):
    brief = said_otherwise(tmp_path, max_windows=2)
    examined = examine_array(brief, make_song(60), RATE)
    evidence = map_evidence(brief, examined)
    heard = np.isfinite(evidence.without).all(axis=(1, 2))
    seconds = brief.info.max_windows * brief.info.window * brief.info.mel_spec.frame_seconds
    assert heard.mean() * 60 == pytest.approx(seconds, abs=1)
    activation, column_s = activation_over_time(examined, "rock")
    assert np.isfinite(activation).mean() == pytest.approx(seconds / 60, abs=0.1)
    assert len(activation) * column_s == pytest.approx(60, abs=column_s)


def test_short_songs_have_more_than_one_place(small):
    evidence = map_evidence(small, examine_array(small, make_song(0.7), RATE))
    assert np.isfinite(evidence.without).all()
    assert len(np.unique(evidence.without[:, 0, 0])) >= 8


def test_genres_are_the_sums_of_their_subgenres(grouped, small, examined, evidence):
    examined_again = examine_array(grouped, make_song(20.1), RATE)
    by_genre = map_evidence(grouped, examined_again)
    assert by_genre.genres == ("other", "loud")
    loud = [evidence.genres.index(one) for one in ("metal", "rock")]
    np.testing.assert_allclose(
        by_genre.without[..., 1], evidence.without[..., loud].sum(axis=2), atol=1e-6
    )
    activation, _ = activation_over_time(examined_again, "loud")
    assert np.isfinite(activation).all()


def test_activations_sum_up_to_the_logits(small):
    examined = examine_array(small, make_song(130 * 1707 / RATE - 0.05), RATE)
    (probabilities,) = examined.outputs.probabilities
    labels, temperature = examined.info.labels, examined.info.temperature
    rock, pop = (probabilities[labels.index(one)] for one in ("rock", "pop"))
    activation, _ = activation_over_time(examined, "rock", "pop")
    assert activation.mean() == pytest.approx(np.log(rock / pop) / temperature, rel=0.1, abs=0.1)
