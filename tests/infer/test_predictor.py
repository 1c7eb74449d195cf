"""A song in, its genre out, by every door and from many threads."""

import io
import itertools
import os
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from melonnx.infer import Predictor
from melonnx.infer.errors import EmptyAudioError, InvalidSamplesError, SilentAudioError
from melonnx.infer.frontend.mel import log_mel
from melonnx.infer.model.session import load_model
from tests.conftest import RATE, SMALL_1, encode, make_song


@pytest.fixture(scope="module")
def predictor(tiny_model):
    return Predictor(tiny_model, device="cpu")


def test_every_door_gives_the_same_answer(predictor, tmp_path):
    song = make_song(12, 44100, 2)
    data = encode(song, 44100, "WAV", "FLOAT")
    path = tmp_path / "song.wav"
    path.write_bytes(data)
    answers = [
        predictor.predict(path),
        predictor.predict(data),
        predictor.predict(io.BytesIO(data)),
        predictor.predict_array(song, 44100),
    ]
    assert [answer.path for answer in answers] == [str(path), "<bytes>", "<stream>", "<array>"]
    for answer in answers:
        assert answer.ok
        assert answer.probabilities == pytest.approx(answers[0].probabilities, abs=1e-6)
        assert answer.duration_s == pytest.approx(12)


def test_answer_is_the_mean_over_windows_of_the_network(predictor, tiny_model):
    song = make_song(25)
    frames = log_mel(song[:, 0], predictor.info.mel_spec)
    starts = [0, 65, 130, len(frames) - 130]
    patches = np.stack([frames[start : start + 130] for start in starts])
    outputs = load_model(tiny_model).run(patches)
    answer = predictor.predict_array(song, RATE)
    got = [answer.probabilities[label] for label in predictor.info.labels]
    np.testing.assert_allclose(got, outputs.probabilities.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(answer.embedding, outputs.embedding.mean(axis=0), atol=1e-6)
    assert len(answer.timeline) == len(starts)


def test_timeline_tiles_the_song(predictor):
    timeline = predictor.predict_array(make_song(25), RATE).timeline
    assert timeline[0].start_s == 0
    assert timeline[-1].end_s == pytest.approx(25)
    for before, after in itertools.pairwise(timeline):
        assert before.end_s == after.start_s
        assert before.start_s < before.end_s


def test_probabilities_sum_to_one_in_falling_order_and_top_cuts_them(predictor):
    song = make_song(12)
    answer = predictor.predict_array(song, RATE)
    scores = list(answer.probabilities.values())
    assert sum(scores) == pytest.approx(1)
    assert scores == sorted(scores, reverse=True)
    assert (answer.label, answer.score) == answer.top(1)[0]
    assert list(predictor.predict_array(song, RATE, top=2).probabilities.items()) == answer.top(2)
    assert answer.unsure  # every bar of the tiny model is 0.99


@pytest.mark.parametrize("gain_db", [-40, -20, -6, 0])
def test_gain_changes_no_probability(predictor, gain_db):
    song = make_song(12) * 0.9
    expected = predictor.predict_array(song, RATE).probabilities
    quieter = (song * 10 ** (gain_db / 20)).astype(np.float32)
    assert predictor.predict_array(quieter, RATE).probabilities == pytest.approx(expected, abs=1e-3)


def test_threads_share_one_predictor(predictor):
    songs = [make_song(11, seed=seed) for seed in range(12)]
    alone = [predictor.predict_array(song, RATE).probabilities for song in songs]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda song: predictor.predict_array(song, RATE), songs * 3))
    for answer, expected in zip(together, alone * 3, strict=True):
        assert answer.probabilities == pytest.approx(expected, abs=1e-6)


def test_another_process_opens_the_same_model_anew(tiny_model, monkeypatch):
    monkeypatch.chdir(tiny_model.parent)
    predictor = Predictor(tiny_model.name, device=["CPUExecutionProvider"], threads=1)
    monkeypatch.chdir("/")  # the path does not hang on the folder
    song = make_song(11)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = pool.submit(predictor.predict_array, song, RATE).result()
    assert there == predictor.predict_array(song, RATE)
    again = pickle.loads(pickle.dumps(predictor))
    assert again.__reduce__() == predictor.__reduce__()
    assert again.__reduce__()[1][:-2] == (str(tiny_model), ["CPUExecutionProvider"], 1, True, 90)


def test_a_pickle_holds_no_weights_and_names_what_is_released():
    data = pickle.dumps(Predictor("genre-small", device="cpu"))
    assert len(data) < 200
    assert os.fsencode(Path(__file__).parents[2]) not in data
    assert pickle.loads(data).info.name == "genre-small"
    assert pickle.loads(pickle.dumps(Predictor(device="cpu"))).info.name == "genre-base"


def test_short_song_is_answered_and_flagged(predictor):
    answer = predictor.predict_array(make_song(2), RATE)
    assert answer.ok
    assert [warning.partition(":")[0] for warning in answer.warnings] == ["short"]


@pytest.mark.parametrize(
    ("samples", "error", "says"),
    [
        (np.zeros(12 * RATE, np.float32), SilentAudioError, "silence"),
        (np.full(12 * RATE, 1, np.int16), SilentAudioError, "silence"),
        (np.full(12 * RATE, 0.5, np.float32), SilentAudioError, "silence"),
        (np.full(12 * RATE, 200, np.uint8), SilentAudioError, "silence"),
        (0.3 + np.tile(np.float32([0, 5e-5]), 6 * RATE), SilentAudioError, "silence"),
        (np.ones(1, np.float32), EmptyAudioError, "0.0 ms"),
        (make_song(0.05), EmptyAudioError, r"50\.0 ms; one frame needs 93 ms"),
        (np.full(RATE, np.nan, np.float32), InvalidSamplesError, "NaN"),
    ],
)
def test_what_has_no_genre_is_refused(predictor, samples, error, says):
    with pytest.raises(error, match=says):
        predictor.predict_array(samples, RATE)


@pytest.mark.parametrize("temperature", [0.2, 1.0, 1.7, 5.0])
def test_sub_genres_sum_to_their_genre(tree_model, temperature):
    predictor = Predictor(tree_model, device="cpu")
    parents = predictor.info.parents
    predictor.info = replace(predictor.info, temperature=temperature)
    song = make_song(25)
    answer = predictor.predict_array(song, RATE)
    for genre, probability in answer.probabilities.items():
        below = [p for leaf, p in answer.subgenres.items() if parents[leaf] == genre]
        assert len(below) == 3
        assert sum(below) == pytest.approx(probability, abs=1e-12)
    leaves = list(answer.subgenres.values())
    assert sum(leaves) == pytest.approx(1, abs=1e-12)
    assert leaves == sorted(leaves, reverse=True)
    frames = log_mel(song[:, 0], predictor.info.mel_spec)
    starts = [0, 65, 130, len(frames) - 130]
    outputs = load_model(tree_model).run(np.stack([frames[at : at + 130] for at in starts]))
    scaled = outputs.probabilities.mean(axis=0).astype(float) ** (1 / temperature)
    expected = dict(zip(predictor.info.labels, scaled / scaled.sum(), strict=True))
    assert answer.subgenres == pytest.approx(expected, abs=1e-6)


def test_sub_genre_is_the_likeliest_below_the_answer(tree_model):
    predictor = Predictor(tree_model, device="cpu")
    answer = predictor.predict_array(make_song(25), RATE)
    below = {leaf: p for leaf, p in answer.subgenres.items() if leaf.startswith(str(answer.label))}
    assert answer.subgenre == max(below, key=lambda leaf: below[leaf])
    assert {segment.label for segment in answer.timeline} <= {"drone", "pulse"}
    assert answer.unsure == (answer.label == "drone")
    assert answer.to_dict()["subgenre"] == answer.subgenre
    assert answer.to_dict()["subgenres"] == answer.subgenres
    cut = predictor.predict_array(make_song(25), RATE, top=1)
    assert (list(cut.probabilities), cut.subgenres) == ([answer.label], below)


def test_a_model_of_genres_tells_no_sub_genres(predictor):
    answer = predictor.predict_array(make_song(12), RATE)
    assert (answer.subgenre, answer.subgenres) == (None, {})
    assert not {"subgenre", "subgenres"} & answer.to_dict().keys()


def test_at_least_one_genre_and_one_thread_are_asked_for(predictor, tiny_model):
    song = make_song(4)
    for top in (0, -1):
        with pytest.raises(ValueError, match="top"):
            predictor.predict_array(song, RATE, top=top)
        with pytest.raises(ValueError, match="top"):
            predictor.stream(RATE, top=top)
    with pytest.raises(ValueError, match="threads"):
        Predictor(tiny_model, threads=0)


@pytest.mark.parametrize(("seconds", "unsure"), [(0.2, True), (9.9, True), (10.2, False)])
def test_of_less_than_it_hears_at_a_time_a_model_is_never_sure(seconds, unsure):
    """Its bars were set on songs; a window of the first genre-small is 10.06 s."""
    predictor = Predictor(SMALL_1)
    predictor.info = replace(predictor.info, bars={})
    answer = predictor.predict_array(make_song(seconds), RATE)
    assert [one.partition(":")[0] for one in answer.warnings] == ["short"] * unsure
    assert answer.unsure == unsure
