"""A stream's answers are those of the same samples offline, whatever blocks they come in."""

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from melonnx.infer import MelSpec, Prediction, Predictor, Segment, Stream
from melonnx.infer.errors import InvalidSamplesError
from tests.conftest import encode, examples, make_song


@pytest.fixture(scope="module")
def predictor(tiny_model):
    return Predictor(tiny_model, device="cpu", threads=1)


def in_blocks(samples, size):
    return [samples[at : at + size] for at in range(0, len(samples), size)]


def hear(stream, blocks):
    predictions = [prediction for block in blocks for prediction in stream.push(block)]
    last = stream.close()
    return predictions if last is None else [*predictions, last]


class Recorder:
    """In place of a Predictor: it keeps what it is asked of, and asks no network."""

    def __init__(self):
        self.info = SimpleNamespace(mel_spec=MelSpec(), name="none", version="0")
        self.asked = []

    def predict_array(self, waveform, rate, *, top, name):
        self.asked.append(waveform.copy())
        length = len(waveform) / rate
        return Prediction(
            name, label="a", duration_s=length, timeline=(Segment(0, length, "a", 1),)
        )


def record(rate=1000, **how):
    recorder = Recorder()
    return recorder, Stream(
        recorder, rate, **({"length": 5, "hop": 2, "top": None, "name": "x"} | how)
    )


@pytest.mark.parametrize(
    ("model", "rate"), [("tiny", 22050), ("tiny", 44100), ("tiny", 8000), ("genre-base", 48000)]
)
def test_each_answer_is_that_of_the_same_samples_offline(predictor, model, rate):
    if model != "tiny":  # whose front end is the other one
        predictor = Predictor(model, device="cpu")
    song = make_song(17, rate, 2)
    stream = predictor.stream(rate, length=12, hop=4)
    predictions = hear(stream, in_blocks(song, 1000))
    assert [(round(p.start_s, 6), p.end_s) for p in predictions] == [
        (0, 4), (0, 8), (0, 12), (4, 16), (5, 17),
    ]  # fmt: skip
    for got in predictions:
        begin, end = round(got.start_s * rate), round(got.end_s * rate)
        alone = predictor.predict_array(song[begin:end], rate)
        assert got.probabilities == alone.probabilities  # to the last bit
        np.testing.assert_array_equal(got.embedding, alone.embedding)
        assert got.timeline[0].start_s == got.start_s
        assert got.timeline[-1].end_s == pytest.approx(got.end_s)
        assert replace(got, path="<array>", start_s=None, timeline=alone.timeline) == alone


def test_each_answer_is_that_of_the_same_seconds_of_the_file(predictor):
    """The file is resampled in other blocks, which moves a sample by 1e-7."""
    song = make_song(20, 44100, 2)
    data = encode(song, 44100, "WAV", "FLOAT")
    for got in hear(predictor.stream(44100, length=11, hop=5), in_blocks(song, 4321)):
        alone = predictor.predict(data, offset=got.start_s, duration=got.duration_s)
        assert got.probabilities == pytest.approx(alone.probabilities, abs=1e-5)


def test_integer_and_float_mono_and_stereo_are_heard_alike(predictor):
    song = (make_song(9)[:, 0] * 20000).astype(np.int16)
    kinds = [song, np.stack((song, song), axis=1), song / 32768]
    first, *others = [
        hear(predictor.stream(22050, hop=4), in_blocks(kind, 5000))[-1].probabilities
        for kind in kinds
    ]
    for other in others:
        assert other == pytest.approx(first, abs=1e-6)


@examples(60)
@given(
    sizes=st.lists(st.integers(0, 9000), min_size=1, max_size=30),
    hop=st.floats(0.05, 8),
    length=st.floats(0.1, 8),
)
def test_blocks_of_any_size_make_the_same_contexts(sizes, hop, length):
    recorder, stream = record(hop=hop, length=length)
    samples = np.random.default_rng(0).uniform(-1, 1, sum(sizes)).astype(np.float32)
    blocks = np.split(samples, np.cumsum(sizes)[:-1])
    predictions = hear(stream, blocks)
    step = round(hop * 1000)
    ends = [*range(step, len(samples) + 1, step)]
    ends += [len(samples)] if len(samples) % step else []
    assert [p.end_s for p in predictions] == pytest.approx([end / 1000 for end in ends])
    for context, prediction, end in zip(recorder.asked, predictions, ends, strict=True):
        begin = max(0, end - round(length * 1000))
        np.testing.assert_array_equal(context, samples[begin:end])
        assert prediction.start_s == pytest.approx(begin / 1000)


def test_one_block_may_complete_many_hops_and_an_empty_one_none():
    _, stream = record()
    assert [p.end_s for p in stream.push(np.ones(7000, np.float32))] == [2, 4, 6]
    assert stream.push(np.zeros(0, np.float32)) == []
    assert stream.heard_s == 7
    assert stream.push(np.ones((1000, 2), np.int16))[0].end_s == 8


def test_it_never_holds_more_than_length_and_hop():
    recorder, stream = record(rate=8000, length=2, hop=1)
    block = np.random.default_rng(0).uniform(-1, 1, 8000).astype(np.float32)
    for _ in range(2000):
        stream.push(block)
        recorder.asked = recorder.asked[-1:]
    held = sum(a.nbytes for a in vars(stream).values() if isinstance(a, np.ndarray))
    assert stream.heard_s == 2000
    assert len(recorder.asked[0]) == 16000
    assert held <= 3 * 8000 * 4


def test_a_pause_is_silent_and_what_was_before_it_forgotten(predictor):
    song = make_song(6)[:, 0]
    pause = np.zeros(3 * 22050, np.float32)
    pause[::2] = 1e-5  # dither
    predictions = hear(
        predictor.stream(22050, hop=3), [np.concatenate((song, pause, pause, song, song))]
    )
    assert [p.status for p in predictions] == ["ok", "ok", "silent", "silent", *["ok"] * 4]
    starts = [round(p.start_s) for p in predictions]
    assert starts == [0, 0, 6, 9, 12, 12, 12, 12]
    silent = predictions[2]
    assert (silent.label, silent.end_s, silent.model) == (None, 9, "tiny 0")
    assert silent.error == "<stream>: is silence, so it has no genre"
    again = predictor.predict_array(np.concatenate((song, song)), 22050)
    assert predictions[-1].probabilities == again.probabilities


def test_a_break_shorter_than_a_hop_parts_nothing(predictor):
    song = make_song(5)[:, 0]
    silence = np.zeros(2 * 22050, np.float32)
    predictions = hear(predictor.stream(22050, hop=3), [np.concatenate((song, silence, song))])
    assert [(p.status, p.start_s) for p in predictions] == [("ok", 0)] * 4


def test_a_bad_block_raises_and_the_stream_goes_on_without_it(predictor):
    song = make_song(8)[:, 0]
    stream = predictor.stream(22050, hop=4, name="radio")
    stream.push(song[:50_000])
    for bad, says in (
        (np.array([0, np.nan]), "NaN"),
        (np.full(100_000, np.inf), "infinite"),
        (np.zeros((2, 3, 4)), "shape"),
        (np.array(["a"]), "dtype"),
        (np.zeros((2, 44100)), "transpose"),
    ):
        with pytest.raises(InvalidSamplesError, match=f"^radio: .*{says}"):
            stream.push(bad)
    predictions = [*stream.push(song[50_000:]), stream.close()]
    assert [p.end_s for p in predictions if p] == [4, 8]
    assert predictions[1].probabilities == predictor.predict_array(song, 22050).probabilities


def test_top_cuts_and_name_is_the_path(predictor):
    prediction = predictor.stream(22050, top=1, name="radio").push(make_song(4))[0]
    assert (prediction.path, len(prediction.probabilities)) == ("radio", 1)
    assert predictor.stream(22050).push(make_song(4))[0].path == "<stream>"


def test_a_moment_too_short_for_one_frame_says_so(predictor):
    stream = predictor.stream(22050)
    assert stream.push(make_song(0.01)) == []
    last = stream.close()
    assert last is not None
    assert (last.status, last.end_s) == ("empty", pytest.approx(0.01, abs=1e-4))


def test_closing(predictor):
    stream = predictor.stream(22050, hop=2)
    assert len(stream.push(make_song(2))) == 1
    assert stream.close() is None  # nothing has come since
    with pytest.raises(ValueError, match="closed"):
        stream.push(make_song(1))
    assert predictor.stream(22050).close() is None


@pytest.mark.parametrize(
    ("rate", "how", "error"),
    [
        (999, {}, InvalidSamplesError),
        (22050, {"hop": 0}, ValueError),
        (22050, {"hop": float("nan")}, ValueError),
        (22050, {"length": 0.01}, ValueError),
        (22050, {"length": float("inf")}, ValueError),
    ],
)
def test_what_makes_no_stream_is_refused_at_once(predictor, rate, how, error):
    with pytest.raises(error):
        predictor.stream(rate, **how)


def test_streams_of_one_predictor_do_not_meet(predictor):
    songs = [make_song(9, seed=seed) for seed in range(2)]
    streams = [predictor.stream(22050, hop=3) for _ in songs]
    for blocks in itertools.zip_longest(*(in_blocks(song, 7000) for song in songs)):
        for stream, block in zip(streams, blocks, strict=True):
            stream.push(block)
    alone = [hear(predictor.stream(22050, hop=3), [song])[-1] for song in songs]
    extra = make_song(3)
    for stream, song, expected in zip(streams, songs, alone, strict=True):
        (got,) = stream.push(extra)
        whole = predictor.predict_array(np.concatenate((song, extra)), 22050)
        assert got.probabilities == whole.probabilities != expected.probabilities


def test_json_says_where_in_the_stream(predictor):
    stream = predictor.stream(22050, length=3, hop=2)
    row = stream.push(make_song(4))[1].to_dict()
    assert (row["start_s"], row["end_s"], row["duration_s"]) == (1, 4, 3)
    offline = predictor.predict_array(make_song(4), 22050)
    assert not {"start_s", "end_s"} & offline.to_dict().keys()
    assert offline.end_s is None
