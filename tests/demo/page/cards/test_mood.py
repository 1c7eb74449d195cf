"""Chips and the plane of moods: what the model says is there, by its groups and places."""

import re
from dataclasses import replace

from melonnx.demo.page.cards import answers
from melonnx.demo.page.cards.mood import chips, plane
from melonnx.infer.prediction import Prediction, Segment

SONG = Prediction(
    path="song.mp3", label="metal", score=0.9, probabilities={"metal": 0.9, "rock": 0.1},
    tags={"Metal": 0.9, "hard rock": 0.6, "Mellow": 0.5, "instrumental": 0.4, "80s": 0.3},
    said=("Metal", "hard rock", "Mellow", "instrumental"), energy=0.9, valence=0.2,
    timeline=(
        Segment(0, 5, "metal", 0.9, 0.0, 0.0), Segment(5, 6, "silence", 0.0),
        Segment(6, 10, "metal", 0.9, 1.0, 1.0),
    ),
    duration_s=10,
)  # fmt: skip


def test_chips_are_what_is_said_by_group_without_the_genre_itself():
    html = chips(SONG)
    groups = re.findall(r"<span[^>]*>(\w+)</span><ul[^>]*>(.*?)</ul>", html)
    assert [(group, re.findall(r">([^<]+)</li>", said)) for group, said in groups] == [
        ("style", ["hard rock"]), ("mood", ["tense", "mellow"]), ("voice", ["instrumental"])
    ]  # fmt: skip
    assert 'title="energy 90%, valence 20%">tense' in html
    assert html in answers.answer(SONG, 0.5)


def test_a_word_is_one_chip():
    happy = replace(SONG, tags={"happy": 0.9}, said=("happy",), valence=0.9)
    assert re.findall(r">([^<]+)</li>", chips(happy)) == ["happy"]


def test_models_without_heads_have_neither():
    plain = replace(SONG, tags={}, said=(), energy=None, valence=None)
    assert (chips(plain), plane(plain)) == ("", "")


def test_plane_has_energy_upwards_valence_to_the_right_and_no_stop_in_silence():
    html = plane(SONG)
    stops = re.findall(r'class="stop" cx="([\d.]+)" cy="([\d.]+)" r="4" data-at="([\d.]+)"', html)
    assert stops == [("10.0", "190.0", "0.00"), ("190.0", "10.0", "6.00")]
    assert 'class="whole" cx="46.0" cy="28.0"' in html
    assert re.findall(r'class="here">(\w+)', html) == ["tense"]
    assert (
        'aria-label="The whole song: energy 90%, valence 20%. It begins with energy 0%, valence '
        '0%, and ends with energy 100%, valence 100%."' in html
    )


def test_a_long_way_has_few_stops_that_are_means():
    stretches = [Segment(i, i + 1, "metal", 0.9, i % 2, 0.5) for i in range(100)]
    html = plane(replace(SONG, timeline=tuple(stretches)))
    stops = re.findall(r'class="stop" cx="100.0" cy="([\d.]+)"', html)
    assert len(stops) == 20
    assert all(80 <= float(y) <= 120 for y in stops)
    assert 'data-from="95.000" data-to="100.000"' in html


def test_song_without_a_way_has_its_place():
    html = plane(replace(SONG, timeline=()))
    assert 'class="whole"' in html
    assert 'class="stop"' not in html
