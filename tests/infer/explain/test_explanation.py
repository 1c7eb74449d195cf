"""What an explanation says is what the network answers, and what it names matters."""

import json

import numpy as np
import pytest

from melonnx.infer import Predictor
from melonnx.infer.errors import UnknownGenreError
from melonnx.infer.explain.evidence import map_evidence
from melonnx.infer.explain.examine import examine, examine_array
from melonnx.infer.explain.explanation import explain, rival_of
from melonnx.infer.explain.occlusion import Region, probabilities_without
from melonnx.infer.explain.words import in_words
from melonnx.infer.model.session import MODELS_FOLDER
from tests.conftest import RATE, SMALL_1, make_song, songs_in

SAMPLE = MODELS_FOLDER / "sample.mp3"


@pytest.fixture(scope="module")
def small():
    return Predictor(SMALL_1, device="cpu")


@pytest.fixture(scope="module")
def examined(small):
    return examine(small, SAMPLE)


@pytest.fixture(scope="module")
def evidence(small, examined):
    return map_evidence(small, examined)


@pytest.fixture(scope="module")
def explanation(small, examined, evidence):
    return explain(small, examined, evidence)


def test_it_explains_the_answer_against_the_runner_up(examined, explanation):
    (genre, score), (rival, rival_score) = examined.prediction.top(2)
    assert (explanation.genre, explanation.score) == (genre, score)
    assert (explanation.rival, explanation.rival_score) == (rival, rival_score)
    assert explanation.unsure == examined.prediction.unsure
    assert explanation.path == str(SAMPLE)


def test_scores_are_the_networks_with_that_place_silenced(small, examined, evidence, explanation):
    place = explanation.spoke_for[0]
    frame_s = examined.info.mel_spec.frame_seconds
    bands = [band for band in evidence.bands if band.low_hz == place.low_hz]
    region = Region((round(place.start_s / frame_s), round(place.end_s / frame_s)), bands[0].mels)
    without = dict(
        zip(examined.info.genres, probabilities_without(small, examined, [region]), strict=True)
    )
    assert place.score == pytest.approx(without[explanation.genre], abs=1e-6)
    assert place.rival_score == pytest.approx(without[explanation.rival], abs=1e-6)
    assert place.score < explanation.score


def test_places_speak_as_their_heading_says(explanation):
    ahead = np.log(explanation.score / explanation.rival_score)
    for place in explanation.spoke_against_rival:
        assert np.log(place.score / place.rival_score) < ahead
    for place in explanation.spoke_for_rival:
        assert np.log(place.score / place.rival_score) > ahead


def test_bands_are_the_four_that_have_names(explanation):
    assert [one.band for one in explanation.bands] == ["bass", "low mid", "high mid", "treble"]
    assert explanation.bands[0].low_hz == 0
    assert explanation.bands[-1].high_hz == 11025


def test_no_more_is_named_than_a_tenth(explanation):
    assert len(explanation.spoke_for) <= 5
    assert 0 < explanation.check.share <= 0.105


def test_check_is_the_same_each_time(small, examined, explanation):
    assert explain(small, examined) == explanation


def test_check_against_the_rival_is_of_the_places_that_are_shown(small, examined, explanation):
    check = explanation.rival_check
    assert check is not None
    assert check.log_odds_lost > check.random_log_odds_lost
    lead = np.log(explanation.score / explanation.rival_score)
    assert lead - np.log(check.score / check.rival_score) == pytest.approx(
        check.log_odds_lost, abs=1e-4
    )


def test_any_other_genre_may_be_the_rival(small, examined, evidence):
    explanation = explain(small, examined, evidence, against="reggae")
    assert explanation.rival == "reggae"
    assert explanation.rival_score == examined.prediction.probabilities["reggae"]


@pytest.mark.parametrize("against", ["polka", "", "itself"])
def test_what_cannot_be_a_rival_is_refused(small, examined, against):
    against = examined.prediction.label if against == "itself" else against
    with pytest.raises(UnknownGenreError, match="blues"):
        explain(small, examined, against=against)
    with pytest.raises(UnknownGenreError):
        rival_of(examined, against)


@pytest.mark.parametrize("seconds", [0.2, 1.5])
def test_short_songs_are_explained_too(small, seconds):
    explanation = explain(small, examine_array(small, make_song(seconds), RATE))
    for place in explanation.spoke_for:
        assert 0 <= place.start_s < place.end_s <= seconds + 0.1
    assert "0:00.0 to" in "\n".join(in_words(explanation))


def test_json_holds_all_of_it(explanation):
    values = json.loads(json.dumps(explanation.to_dict()))
    assert values["genre"] == explanation.genre
    assert values["spoke_for"][0]["band"] == explanation.spoke_for[0].band
    assert values["check"]["random_score"] == explanation.check.random_score


def test_words_tell_the_numbers(explanation):
    words = in_words(explanation)
    place, text = explanation.spoke_for[0], "\n".join(words)
    assert words[0].startswith(f"{explanation.genre} {explanation.score:.0%}")
    assert f"spoke for {explanation.genre}; without that place" in text
    (line,) = [one for one in words if f"{place.score:.0%}" in one and place.band in one][:1]
    minutes, seconds = divmod(round(place.start_s), 60)
    assert f"{minutes}:{seconds:02} to" in line
    assert f"{explanation.genre} {explanation.check.score:.0%}; without others" in text


@pytest.mark.parametrize("model", ["genre-small", "genre-base"])
def test_named_places_matter_more_than_others_in_real_songs(model, real_music, record_property):
    predictor = Predictor(model, device="cpu")
    songs = [songs_in(real_music / genre)[2] for genre in ("rock", "jazz", "classical")]
    checks = [explain(predictor, examine(predictor, song, duration=15)).check for song in songs]
    named = np.mean([check.log_odds_lost for check in checks])
    elsewhere = np.mean([check.random_log_odds_lost for check in checks])
    record_property("ratio", float(named / elsewhere))
    print(f"{model}: named places matter {named / elsewhere:.2f} times as much as others")
    assert named > elsewhere
    assert named > 0
