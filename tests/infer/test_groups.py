"""Songs that belong together get one answer, and an odd one among them is named."""

from dataclasses import replace

import pytest

from melonnx.infer.errors import ResultsFileError
from melonnx.infer.groups import answer_by_group, pool
from melonnx.infer.prediction import Prediction
from melonnx.infer.wanted import Wanted
from tests.infer.test_wanted import INFO

WANTED = Wanted.of_model(INFO)


def song(path="album/song.mp3", **chances):
    label = max(chances, key=chances.__getitem__)
    rest = (1 - sum(chances.values())) / (4 - len(chances))
    chances = {genre: chances.get(genre, rest) for genre in INFO.genres}
    answer = WANTED.judge(Prediction(path, probabilities=chances, duration_s=30, model="m 1"))
    assert answer.label == label
    return answer


def test_many_say_more_than_one():
    one = song(rock=0.48, pop=0.2)
    assert one.unsure is False or one.score < 0.6
    three, ten = (pool([one] * n, WANTED) for n in (3, 10))
    assert one.score < three.score < ten.score < 1
    assert (ten.label, ten.unsure, ten.duration_s) == ("rock", False, 300)


def test_one_odd_song_has_no_veto():
    odd = song(jazz=1 - 3e-9, rock=1e-9, pop=1e-9)
    together = pool([*[song(rock=0.7)] * 5, odd], WANTED)
    assert together.label == "rock"


def test_the_order_of_songs_is_no_matter():
    songs = [song(rock=0.6), song(pop=0.5), song(jazz=0.9)]
    assert pool(songs, WANTED).probabilities == pytest.approx(
        pool(songs[::-1], WANTED).probabilities
    )


def test_what_failed_or_is_no_music_does_not_count_and_short_ones_only_where_all_are():
    rock = song(rock=0.8)
    failed = Prediction("x", status="unreadable", error="x")
    talk = replace(song(jazz=0.9), warnings=("does not sound like music (0.1): speech?",))
    short = replace(song(jazz=0.9), warnings=("short: 1.0 s, the model hears 3.0 s",))
    assert pool([rock, failed, talk, short], WANTED) is None
    assert pool([rock, rock, failed, talk, short], WANTED) == pool([rock, rock], WANTED)
    assert pool([short, short], WANTED).unsure


def test_the_odd_one_is_marked_and_gets_the_album_s_genre():
    songs = [song(f"a/{i}.mp3", rock=0.7) for i in range(4)]
    songs += [song("a/odd.mp3", jazz=0.9), song("b/other.mp3", pop=0.9)]
    answers = answer_by_group(songs, lambda path: path[0], WANTED)
    assert [answer.label for answer in answers] == ["rock"] * 5 + ["pop"]
    assert answers[4].warnings == (
        f"differs: by itself jazz ({songs[4].score:.2f}); 4 of 5 songs beside it are rock",
    )
    assert not any(answer.warnings for answer in answers[:4])
    assert answers[5] == songs[5]
    alone = answer_by_group(songs, lambda path: None, WANTED)
    assert alone == songs


def test_the_genres_that_are_wanted_are_those_of_the_group_too():
    wanted = Wanted.of_model(INFO, ["jazz", "hiphop"])
    answers = answer_by_group([song(rock=0.6, jazz=0.2)] * 3, lambda path: 0, wanted)
    assert {answer.label for answer in answers} == {"jazz"}
    assert all(answer.unsure for answer in answers)
    assert set(answers[0].probabilities) == {"jazz", "hiphop"}


def test_rows_with_some_of_the_probabilities_are_refused():
    with pytest.raises(ResultsFileError, match="2 of 4 genres"):
        pool([song(rock=0.8), song(rock=0.8).shown(2)], WANTED)
