"""An examined song has the answer that the predictor gives, and was decoded once."""

import io

import numpy as np
import pytest

from melonnx.infer import Predictor
from melonnx.infer.errors import EmptyAudioError, NoMusicError, SilentAudioError
from melonnx.infer.explain.examine import examine, examine_array
from melonnx.infer.model.session import MODELS_FOLDER
from tests.conftest import RATE, encode, make_song

SAMPLE = MODELS_FOLDER / "sample.mp3"


@pytest.fixture(scope="module")
def predictor():
    return Predictor("genre-small", device="cpu")


def test_answer_is_the_predictors(predictor):
    examined = examine(predictor, SAMPLE)
    expected = predictor.predict(SAMPLE)
    assert examined.prediction == expected
    np.testing.assert_array_equal(examined.prediction.embedding, expected.embedding)
    assert examined.outputs.evidence is not None
    assert len(examined.outputs.evidence) == len(expected.timeline)


def test_every_picture_reaches_to_the_end(predictor):
    examined = examine(predictor, SAMPLE, offset=5, duration=10)
    assert examined.prediction == predictor.predict(SAMPLE, offset=5, duration=10)
    for raster in (examined.spectrogram, examined.mel_spectrogram):
        end = raster.start_s + len(raster.power) * raster.column_s
        assert end == pytest.approx(10, abs=raster.column_s)
    waveform = examined.waveform
    assert len(waveform.low) * waveform.column_s == pytest.approx(10, abs=0.02)


def test_samples_are_examined_too(predictor):
    song = make_song(3, channels=2)
    examined = examine_array(predictor, song, RATE)
    assert examined.prediction == predictor.predict_array(song, RATE)


def test_source_is_read_once(predictor):
    class Counting(io.BytesIO):
        n_read = 0

        def read(self, size=-1):
            data = super().read(size)
            Counting.n_read += len(data)
            return data

        def readinto(self, buffer):
            size = super().readinto(buffer)
            Counting.n_read += size
            return size

    data = encode(make_song(20), RATE, "WAV")
    predictor.predict(Counting(data))
    by_predict, Counting.n_read = Counting.n_read, 0
    examine(predictor, Counting(data))
    assert Counting.n_read == by_predict


@pytest.mark.parametrize(
    ("samples", "error"),
    [(np.zeros(RATE), SilentAudioError), (np.ones(99) / 2, EmptyAudioError)],
)
def test_what_has_no_genre_is_refused(predictor, samples, error):
    with pytest.raises(error):
        examine_array(predictor, samples, RATE)


def test_what_is_not_there_is_refused(predictor):
    with pytest.raises(NoMusicError):
        examine(predictor, "no such song.mp3")
