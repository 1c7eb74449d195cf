"""The page's HTML: whatever a name holds, it is text."""

import base64
import re
from dataclasses import replace

import pytest

from melonnx.demo.page.cards import answers
from melonnx.infer.prediction import Prediction, Segment

EVIL = "<script>alert(1)</script>"

SONG = Prediction(
    path=f"{EVIL}.mp3",
    label="rock",
    score=0.5,
    unsure=True,
    probabilities={"rock": 0.5, "pop": 0.4999, "jazz": 0.0001},
    timeline=(
        Segment(0, 5, "rock", 0.6), Segment(5, 10, "rock", 0.7), Segment(10, 20, "pop", 0.9)
    ),
    duration_s=20,
    model=EVIL,
    warnings=(EVIL,),
)  # fmt: skip


@pytest.mark.parametrize(
    "html",
    [
        answers.answer(SONG, 0.9),
        answers.timeline(replace(SONG, timeline=(Segment(0, 20, EVIL, 1.0),)), [EVIL]),
        answers.problem(EVIL),
        answers.table([SONG, Prediction(EVIL, status="unreadable", error=f"{EVIL}: bad")], 2, EVIL),
        answers.picture(b"png", EVIL, (0, 0, 1, 1)),
    ],
)
def test_names_are_text(html):
    assert "<script" not in html


def test_unsure_is_said_plainly():
    assert "rock</span>?" in answers.answer(SONG, 0.9)
    assert "Unsure, take it as a guess: this model is sure of rock from 90% on" in answers.answer(
        SONG, 0.9
    )
    assert "Unsure, take it as a guess: there is too little of it" in answers.answer(SONG, 0.5)
    sure = answers.answer(replace(SONG, unsure=False), 0.4)
    assert "Unsure" not in sure
    assert "rock</span> " in sure


def test_every_genre_has_its_probability():
    rows = re.findall(
        r'<th scope="row">(\w+)</th>.*?<td>([^<]+)</td></tr>', answers.answer(SONG, 0)
    )
    assert rows == [("rock", "50%"), ("pop", "50%"), ("jazz", "0%")]


def test_timeline_joins_what_is_the_same_and_keeps_each_moment():
    html = answers.timeline(SONG, ["pop", "rock"])
    assert re.findall(r'width:([\d.]+)%" title="(\d[^"]+)"', html) == [
        ("50.000", "0:00 to 0:10: rock"), ("50.000", "0:10 to 0:20: pop")
    ]  # fmt: skip
    assert re.findall(r'data-says="([^"]+)"', html) == ["rock 60%", "rock 70%", "pop 90%"]


def test_table_offers_its_csv_once_it_is_whole():
    assert "1 of 2 heard" in answers.table([SONG], 2, None)
    link = re.search(r'base64,([^"]+)"', answers.table([SONG], 1, "song\nü\n"))
    assert link is not None
    assert base64.b64decode(link[1]).decode() == "song\nü\n"


def test_what_was_heard_is_said_and_painted():
    html = answers.timeline(SONG, ["pop", "rock"], [(0.0, 2.0), (15.0, 17.5)])
    assert re.findall(r'<b style="left:([\d.]+)%;width:([\d.]+)%">', html) == [
        ("0.00", "20.00"), ("50.00", "25.00")
    ]  # fmt: skip
    assert "solid: heard" in html
    assert "0:04 of 0:20 heard, at 2 places" in answers.answer(
        SONG, 0.9, ["rock", "pop", "jazz"], [(0.0, 2.0), (15.0, 17.5)]
    )
    whole = [(0.0, 19.9)]
    assert "0:20 heard" in answers.answer(SONG, 0.9, ["rock", "pop", "jazz"], whole)
    assert "solid: heard" not in answers.timeline(SONG, ["pop", "rock"], whole)


def test_bars_have_the_colours_of_the_strip():
    genres = ["jazz", "pop", "rock"]
    bars = re.findall(r'"row">(\w+)</th><td class="bar (hue\d+)"', answers.answer(SONG, 0, genres))
    strip = re.findall(r'"stretch (hue\d+)".*?<span>(\w+)<', answers.timeline(SONG, genres))
    assert bars == [("rock", "hue2"), ("pop", "hue1"), ("jazz", "hue0")]
    assert strip == [("hue2", "rock"), ("hue1", "pop")]


def test_strip_tells_in_words_what_it_shows():
    html = answers.timeline(SONG, ["pop", "rock"])
    assert 'role="slider" tabindex="0" aria-label="Place in the song"' in html
    assert "0:00 to 0:10: rock; 0:10 to 0:20: pop</p>" in html
    assert re.findall(r"</i>(\w+ \d+%)</li>", html) == ["rock 50%", "pop 50%"]
