"""Answers among some genres only, and by families: what they are, and what sure still means."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from melonnx.infer import Predictor
from melonnx.infer.errors import ResultsFileError, UnknownGenreError
from melonnx.infer.frontend.mel import MelSpec
from melonnx.infer.model.metadata import ModelInfo
from melonnx.infer.prediction import Prediction
from melonnx.infer.wanted import Wanted, find_genres, read_genre_list
from tests.conftest import RATE, make_song

INFO = ModelInfo(
    name="m",
    version="1",
    labels=("hiphop", "jazz", "pop", "rock"),
    mel_spec=MelSpec(),
    window=130,
    window_hop=65,
    accepts={"rock": {"pop": 0.4}, "pop": {"rock": 0.3}, "jazz": {}, "hiphop": {"pop": 0.1}},
    bars={"90": {"rock": 0.5, "pop": 0.6, "jazz": 0.5, "hiphop": 0.5}, "80": {"rock": 0.4}},
)
SONG = Prediction(
    "song.mp3",
    label="pop",
    score=0.66,
    probabilities={"pop": 0.6, "rock": 0.2, "jazz": 0.15, "hiphop": 0.05},
    model="m 1",
)


def test_probabilities_are_renormalised_and_the_score_stays_the_chance_to_be_right():
    answer = Wanted.of_model(INFO, ["rock", "jazz"]).answer(SONG)
    assert answer.label == "rock"
    assert answer.probabilities == pytest.approx({"rock": 0.2 / 0.35, "jazz": 0.15 / 0.35})
    assert answer.score == pytest.approx(0.2 + 0.4 * 0.6)
    assert answer.unsure
    assert not Wanted.of_model(INFO, ["rock", "jazz"], sure=80).answer(SONG).unsure


def test_a_song_of_no_wanted_genre_is_unsure_however_few_are_wanted():
    answer = Wanted.of_model(INFO, ["jazz"]).answer(SONG)
    assert (answer.label, answer.probabilities) == ("jazz", {"jazz": 1.0})
    assert answer.score == pytest.approx(0.15)
    assert answer.unsure


def test_styles_that_name_an_unwanted_genre_are_not_said():
    said = ("hip-hop", "alternative rock", "indie pop", "jazz", "rnb", "mellow", "guitar")
    song = replace(SONG, tags=dict.fromkeys(said, 0.9), said=said)
    answer = Wanted.of_model(INFO, ["rock", "jazz"]).answer(song)
    assert answer.said == ("alternative rock", "jazz", "rnb", "mellow", "guitar")
    assert answer.tags == song.tags
    assert Wanted.of_model(INFO, names={"rock": "A", "jazz": "A"}).answer(song).said == said


def test_members_of_a_family_add_up_and_the_likeliest_stands_for_it():
    names = {"rock": "Band", "jazz": "Band"}
    answer = Wanted.of_model(INFO, names=names).answer(
        replace(SONG, probabilities={"pop": 0.4, "rock": 0.3, "jazz": 0.25, "hiphop": 0.05})
    )
    assert answer.label == "rock"
    assert answer.probabilities == pytest.approx({"rock": 0.55, "pop": 0.4, "hiphop": 0.05})
    assert answer.score == pytest.approx(0.55 + 0.4 * 0.4)
    assert not answer.unsure


def test_names_that_differ_or_leave_out_make_no_family():
    wanted = Wanted.of_model(INFO, names={"rock": "Rock", "pop": "", "jazz": ""})
    assert wanted.changes_nothing
    assert wanted.answer(SONG) is SONG


def test_what_is_no_music_stays_unsure():
    song = replace(SONG, warnings=("does not sound like music (0.01): speech?",))
    assert Wanted.of_model(INFO, ["pop", "rock"], sure=80).answer(song).unsure


def test_rows_with_some_of_the_probabilities_are_refused():
    with pytest.raises(ResultsFileError, match=r"2 of 4 genres .* all are needed"):
        Wanted.of_model(INFO, ["rock"]).answer(SONG.shown(2))


def test_names_are_found_however_they_are_spelt_and_the_nearest_is_named():
    assert find_genres(["Hip-Hop", "ROCK"], INFO.genres, "m") == ["hiphop", "rock"]
    with pytest.raises(
        UnknownGenreError, match=r'"hip hopp" is no genre of m.*did you mean hiphop'
    ):
        find_genres(["hip hopp"], INFO.genres, "m")
    with pytest.raises(UnknownGenreError, match='"zydeco" is no genre of m, which tells hiphop'):
        find_genres(["zydeco"], INFO.genres, "m")
    with pytest.raises(UnknownGenreError, match="no genre is wanted"):
        Wanted.of_model(INFO, [])


def test_a_list_is_a_text_or_a_file(tmp_path):
    assert read_genre_list(" rock, Hip-Hop ,") == ["rock", "Hip-Hop"]
    (tmp_path / "mine.txt").write_text("\ufeffrock # loud\n\njazz, pop\n# none\n")
    assert read_genre_list(str(tmp_path / "mine.txt")) == ["rock", "jazz", "pop"]
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ResultsFileError, match="is no text"):
        read_genre_list(str(tmp_path / "bad.txt"))


def test_a_predictor_answers_among_them_in_all_it_says(tiny_model):
    song = make_song(25)
    whole = Predictor(tiny_model, "cpu").predict_array(song, RATE)
    others = [genre for genre in whole.probabilities if genre != whole.label]
    predictor = pickle.loads(pickle.dumps(Predictor(tiny_model, "cpu", genres=others)))
    assert predictor.genres == tuple(sorted(others))
    answer = predictor.predict_array(song, RATE)
    assert list(answer.probabilities) == others
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    assert answer.score == pytest.approx(whole.probabilities[others[0]])
    assert {segment.label for segment in answer.timeline} <= set(others)
    assert list(predictor.predict_array(song, RATE, top=1).probabilities) == others[:1]
    with pytest.raises(UnknownGenreError, match="did you mean noise"):
        Predictor(tiny_model, "cpu", genres=["nose"])


def test_sub_genres_are_those_of_the_genres_that_are_wanted(tree_model):
    song = make_song(25)
    whole = Predictor(tree_model, "cpu").predict_array(song, RATE)
    answer = Predictor(tree_model, "cpu", genres=["drone"]).predict_array(song, RATE)
    assert set(answer.subgenres) == {"drone > hum", "drone > buzz", "drone"}
    assert sum(answer.subgenres.values()) == pytest.approx(1)
    order = [leaf for leaf in whole.subgenres if leaf.startswith("drone")]
    assert list(answer.subgenres) == order
    assert answer.subgenre == order[0]


def test_many_songs_at_once_are_answered_as_each():
    wanted = Wanted.of_model(INFO, ["rock", "jazz"], {"rock": "x", "jazz": "x"})
    chances = np.random.default_rng(0).dirichlet(np.ones(4), 5)
    together = wanted.among(chances)
    assert np.allclose(together, [wanted.among(one) for one in chances])
    assert np.allclose(together.sum(axis=1), 1)
    assert ((together > 0).sum(axis=1) == 1).all()


def test_a_predictor_among_some_genres_is_the_same_open_model():
    whole, song = Predictor(), make_song(4.0, RATE)
    some = whole.among(["Rock", "jazz"])
    assert some.info is whole.info
    assert some.predict_array(song, RATE) == Predictor(genres=["rock", "jazz"]).predict_array(
        song, RATE
    )
    assert pickle.loads(pickle.dumps(some)).genres == some.genres == ("jazz", "rock")
    assert len(whole.genres) == len(whole.info.genres)
