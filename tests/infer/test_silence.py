"""Silence in a song has no say in its answer, and is called silence."""

import numpy as np
import pytest

from melonnx.demo.page.cards import answers
from melonnx.infer import Predictor
from tests.conftest import RATE, make_song


@pytest.fixture(scope="module", params=["genre-base", "genre-small"])
def predictor(request):
    return Predictor(request.param, device="cpu")


def test_the_answer_is_that_of_the_song_and_the_timeline_says_silence(predictor):
    song, nothing = make_song(35)[: 35 * RATE - 99, 0], np.zeros(100 * RATE, np.float32)
    alone = predictor.predict_array(song, RATE)
    heard = predictor.predict_array(np.concatenate((song, nothing)), RATE)
    assert heard.probabilities == pytest.approx(alone.probabilities, abs=1e-3)
    assert heard.unsure == alone.unsure
    assert (*alone.warnings, "mostly silence: 0:35 of 2:15 were heard") == heard.warnings
    *_, last = heard.timeline
    assert (last.label, last.score, last.end_s) == ("silence", 0.0, heard.duration_s)
    assert last.start_s == pytest.approx(35, abs=0.1)
    assert [one.label for one in heard.timeline[:-1]] == [one.label for one in alone.timeline]
    strip = answers.timeline(heard, predictor.info.genres)
    assert 'class="stretch silence"' in strip
    assert 'data-says="silence"' in strip


def test_silence_between_songs_parts_the_timeline_without_gaps(predictor):
    song, nothing = make_song(25)[:, 0], np.zeros(20 * RATE, np.float32)
    heard = predictor.predict_array(np.concatenate((nothing, song, nothing, song)), RATE)
    labels = [one.label for one in heard.segments()]
    assert labels.count("silence") == 2
    assert labels[0] == "silence" != labels[-1]
    ends = [0.0, *(one.end_s for one in heard.timeline)]
    assert [one.start_s for one in heard.timeline] == ends[:-1]
    assert ends[-1] == heard.duration_s
