"""The page's setting for how sure, and what it says of what is no music."""

import re

import numpy as np
import pytest

pytest.importorskip("gradio", reason="needs the demo extra")
import gradio as gr

from melonnx.demo.page.actions import Actions
from melonnx.demo.page.limits import Limits
from melonnx.demo.page.models import Choice
from tests.conftest import RATE, SMALL_1, encode, make_song


@pytest.fixture(scope="module")
def choice(full_model):
    return Choice([full_model, SMALL_1], "cpu")


@pytest.fixture(scope="module")
def actions(choice, tmp_path_factory):
    return Actions(choice, Limits(), tmp_path_factory.mktemp("uploads"))


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    path = tmp_path_factory.mktemp("songs") / "song.wav"
    path.write_bytes(encode(make_song(25), RATE, "WAV", "PCM_16"))
    return str(path)


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    path = tmp_path_factory.mktemp("songs") / "noise.wav"
    samples = np.random.default_rng(0).normal(0, 0.1, 25 * RATE).astype(np.float32)
    path.write_bytes(encode(samples, RATE, "WAV", "PCM_16"))
    return str(path)


def test_rates_are_those_of_the_file(choice, actions):
    assert choice.rates("full") == [80, 90, 95]
    assert choice.rates(SMALL_1.stem) == [90]
    assert choice.nearest_rate(SMALL_1.stem, 80) == 90
    assert choice.nearest_rate("full", 80) == 80
    offered = actions.offer("full", 95)
    assert [rate for _, rate in offered["choices"]] == [80, 90, 95]
    assert (offered["value"], offered["visible"]) == (95, True)
    only = actions.offer(SMALL_1.stem, 95)
    assert (only["value"], only["visible"]) == (90, False)


@pytest.mark.parametrize(("sure", "unsure"), [(80, False), (None, False), (95, True)])
def test_the_answer_is_held_to_the_bars_of_the_rate(actions, song, sure, unsure):
    assert actions.classify(song, "full", sure)["unsure"] is unsure
    assert actions.explain(song, "", "full", sure)["unsure"] is unsure
    card = next(actions.show(song, "full", sure, "", False))[0]
    assert ("Unsure, take it as a guess" in card) is unsure
    *_, table = actions.show_table([song], "full", sure)
    assert ("</td>" in table, "?</td>" in table) == (True, unsure)


def test_another_models_rate_is_an_error_for_programs_and_none_on_the_page(actions, song):
    with pytest.raises(gr.Error, match="80% of cases; it can for 90"):
        actions.classify(song, SMALL_1.stem, 80)
    assert "genre-small 1.0, 0:25 heard" in next(actions.show(song, SMALL_1.stem, 80, "", False))[0]


def test_noise_is_said_to_be_none(actions, noise):
    card = next(actions.show(noise, "full", 80, "", False))[0]
    assert "Unsure: it does not sound like music (0." in card
    assert card.count("): speech, noise or effects?") == 1
    assert "is the chance" not in card
    *_, table = actions.show_table([noise], "full", 80)
    assert "does not sound like music (0." in table


def test_a_score_above_the_probability_is_explained(actions, song):
    card = next(actions.show(song, "full", 80, "", False))[0]
    answer = actions.classify(song, "full", 80)
    score, probability = answer["score"], answer["probabilities"][answer["label"]]
    assert f"{score:.0%} is the chance that {answer['label']} is right" in card
    assert f"likeliest with {probability:.0%}" in card


def test_visitors_choose_which_genres_it_may_be(choice, actions, song):
    first, *others = choice.predictor("full").genres
    whole = actions.classify(song, "full", 80)
    wanted = [one for one in (first, *others) if one != whole["label"]][:2]
    card = next(actions.show(song, "full", 80, "", False, wanted))[0]
    rows = re.findall(r'<th scope="row">([^<]+)</th>.*?<td>(\d+)%</td></tr>', card)
    assert {genre for genre, _ in rows} == set(wanted)
    assert 99 <= sum(int(share) for _, share in rows) <= 101
    *_, table = actions.show_table([song], "full", 80, wanted)
    assert f">{rows[0][0]}" in table
    why = actions.ask(song, "full", "", rows[1][0], wanted)
    assert f"Why {rows[0][0]}, and not {rows[1][0]}" in why
    assert "The shares here are of all genres" in why
    alone = actions.show(song, "full", 80, "", False, [first])
    assert "choose two genres or more that" in next(alone)[0]
    *_, table = actions.show_table([song], "full", 80, ["none of its"])
    assert "choose two genres or more that" in table
