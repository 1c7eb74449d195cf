"""Any source becomes the same mono waveform."""

import io
import zipfile
from importlib import resources

import librosa
import numpy as np
import pytest
import soxr
from hypothesis import given
from hypothesis import strategies as st

from melonnx.infer.audio import reader as audio
from melonnx.infer.audio.decoders import libsndfile
from melonnx.infer.audio.reader import load_audio, open_array, open_audio, require_sound
from melonnx.infer.errors import (
    EmptyAudioError,
    InvalidSamplesError,
    NoMusicError,
    SilentAudioError,
    UnreadableAudioError,
)
from tests.conftest import RATE, encode, examples, make_song


def load_array(samples, rate, to_rate):
    with open_array(samples, rate, to_rate) as reader:
        return np.concatenate(list(reader))


@pytest.fixture(scope="module")
def stereo():
    return make_song(3, 44100, 2)


@pytest.fixture(scope="module")
def wav(stereo, tmp_path_factory):
    path = tmp_path_factory.mktemp("audio") / "song.wav"
    path.write_bytes(encode(stereo, 44100, "WAV", "FLOAT"))
    return path


def test_path_bytes_stream_and_array_agree(stereo, wav):
    expected = soxr.resample(stereo.mean(axis=1), 44100, RATE, "HQ")
    data = wav.read_bytes()

    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    for source in (wav, str(wav), data, bytearray(data), memoryview(data), io.BytesIO(data)):
        np.testing.assert_allclose(load_audio(source, RATE), expected, atol=1e-6)
    np.testing.assert_allclose(load_audio(Pipe(data), RATE), expected, atol=1e-6)
    np.testing.assert_allclose(load_array(stereo, 44100, RATE), expected, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 3, 6])
def test_down_mix_is_the_mean_of_the_channels(channels):
    samples = np.random.default_rng(0).standard_normal((500, channels)).astype(np.float32)
    np.testing.assert_allclose(
        load_array(samples, RATE, RATE), librosa.to_mono(samples.T), atol=1e-6
    )


ENCODED = {
    format_: encode(make_song(3, RATE, 2), RATE, format_)
    for format_ in ("WAV", "FLAC", "OGG", "MP3", "AIFF")
}


@examples(100)
@given(
    offset=st.floats(0, 2.5),
    duration=st.floats(0.01, 4),
    format_=st.sampled_from(sorted(ENCODED)),
)
def test_offset_and_duration_cut_the_decoded_samples_exactly(offset, duration, format_):
    data = ENCODED[format_]
    whole = load_audio(data, RATE)
    first, wanted = round(offset * RATE), max(1, round(duration * RATE))
    got = load_audio(data, RATE, offset=offset, duration=duration)
    np.testing.assert_allclose(got, whole[first : first + wanted], atol=1e-6)


def test_offset_behind_the_end_says_so(wav):
    with pytest.raises(EmptyAudioError, match=r"ends at 3\.0 s, before the offset"):
        load_audio(wav, RATE, offset=10)


def test_endless_offset_and_duration_are_no_overflow(wav):
    for endless in (float("inf"), 1e308):
        assert len(load_audio(wav, RATE, duration=endless)) == len(load_audio(wav, RATE))
        with pytest.raises(EmptyAudioError, match="before the offset"):
            load_audio(wav, RATE, offset=endless)


@pytest.mark.parametrize("bad", [{"offset": -1}, {"duration": 0}, {"offset": float("nan")}])
def test_impossible_offset_or_duration_is_refused(wav, bad):
    with pytest.raises(ValueError, match="seconds"):
        load_audio(wav, RATE, **bad)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.array([16384, -32768], np.int16), [0.5, -1]),
        (np.array([192, 0], np.uint8), [0.5, -1]),
        (np.array([0.5, -1], np.float64), [0.5, -1]),
        (np.array([2**30, -(2**31)], np.int32), [0.5, -1]),
        ([16384, -32768], [0.5, -1]),
        ([[16384, 16384], [-32768, -32768]], [0.5, -1]),
        (np.array([2**22, -(2**23)], np.int64), [0.5, -1]),
        (np.array([2**30, -(2**31)], np.int64), [0.5, -1]),
        ([0.5, -1.0], [0.5, -1]),
        (np.ma.array([0.5, -1.0], mask=[False, False]), [0.5, -1]),
    ],
)
def test_integer_pcm_is_scaled_to_one(samples, expected):
    np.testing.assert_allclose(load_array(samples, RATE, RATE), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("samples", "rate", "error", "says"),
    [
        (np.zeros((2, 66150), np.float32), RATE, InvalidSamplesError, "transpose"),
        (np.zeros((2, 2, 2), np.float32), RATE, InvalidSamplesError, "shape"),
        (np.zeros(9, np.complex64), RATE, InvalidSamplesError, "complex64"),
        (np.array(["a"]), RATE, InvalidSamplesError, "dtype"),
        (np.zeros(0, np.float32), RATE, EmptyAudioError, "no samples"),
        (np.zeros(9, np.float32), 0, InvalidSamplesError, "0 Hz"),
        (np.zeros(9, np.float32), "44100", InvalidSamplesError, "rate is '44100'; expected Hz"),
        (np.zeros(9, np.float32), None, InvalidSamplesError, "rate is None"),
        (np.zeros(9, np.float32), float("nan"), InvalidSamplesError, "rate is nan"),
        (np.zeros(9, np.float32), 44100.5, InvalidSamplesError, r"rate is 44100\.5"),
        (None, RATE, InvalidSamplesError, "dtype object"),
        ([[1, 2], [3]], RATE, InvalidSamplesError, "a list is no array"),
        (np.ma.array([1.0, 2.0], mask=[True, False]), RATE, InvalidSamplesError, "masked"),
        (np.array([2**40, -5]), RATE, InvalidSamplesError, "no full scale"),
        (np.array([2, 5], np.uint64), RATE, InvalidSamplesError, "no full scale"),
        (np.zeros((9, 0)), RATE, InvalidSamplesError, "0 channels"),
    ],
)
def test_arrays_that_are_no_audio_are_refused(samples, rate, error, says):
    with pytest.raises(error, match=says):
        load_array(samples, rate, RATE)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_nan_and_infinite_samples_are_refused_wherever_they_are(bad):
    samples = make_song(8)
    samples[-5] = bad
    with pytest.raises(InvalidSamplesError, match=r"<array>: .*NaN"):
        load_array(samples, RATE, RATE)


@pytest.mark.parametrize(
    ("format_", "subtype"), [("WAV", "FLOAT"), ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III")]
)
@examples(25)
@given(length=st.integers(50, 150_000))
def test_any_block_size_gives_the_same_waveform(stereo, format_, subtype, length):
    data = encode(stereo, 44100, format_, subtype)
    whole = load_audio(data, RATE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(libsndfile, "BLOCK_LENGTH", length)
        patch.setattr(audio, "BLOCK_LENGTH", length)
        in_blocks = load_audio(data, RATE)
        from_array = load_array(stereo, 44100, RATE)
    np.testing.assert_allclose(in_blocks, whole, rtol=0, atol=1e-6)
    np.testing.assert_allclose(from_array, load_array(stereo, 44100, RATE), rtol=0, atol=1e-6)


def test_reader_knows_duration_and_peak(wav, stereo):
    with open_audio(wav, RATE) as reader:
        for _ in reader:
            pass
    assert reader.duration_s == pytest.approx(3)
    assert reader.peak == pytest.approx(np.abs(stereo.mean(axis=1)).max(), abs=1e-6)
    assert reader.warnings == ()


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(NoMusicError, match=r"gone\.mp3: no such file"):
        load_audio(tmp_path / "gone.mp3", RATE)
    with pytest.raises(NoMusicError, match="folder"):
        load_audio(tmp_path, RATE)


def test_originals_equal_librosa(originals):
    for path in sorted(originals.iterdir()):
        expected, _ = librosa.load(path, sr=RATE, res_type="soxr_hq")
        got = load_audio(path, RATE)
        n_samples = min(len(got), len(expected))
        assert abs(len(got) - len(expected)) <= 1
        np.testing.assert_allclose(got[:n_samples], expected[:n_samples], atol=1e-5)


def test_silence_that_may_be_of_another_type_says_so():
    song = (make_song(1)[:, 0] * 32767).astype(np.int16)
    for samples, says in ((song, "int16$"), (song * 0, "no genre$")):
        with open_array(samples.astype(np.int32), RATE, RATE) as reader:
            list(reader)
        with pytest.raises(SilentAudioError, match=says):
            require_sound(reader, 2048)


def test_a_file_in_a_zip_or_a_package_is_a_source(wav, tmp_path):
    with zipfile.ZipFile(tmp_path / "songs.zip", "w") as file:
        file.write(wav, "a/song.wav")
    inside = zipfile.Path(tmp_path / "songs.zip")
    np.testing.assert_array_equal(load_audio(inside / "a/song.wav", RATE), load_audio(wav, RATE))
    assert len(load_audio(resources.files("melonnx.models") / "sample.mp3", RATE))
    with pytest.raises(NoMusicError, match=r"songs\.zip/gone\.wav: no such file"):
        load_audio(inside / "gone.wav", RATE)
    with pytest.raises(NoMusicError, match="is a folder"):
        load_audio(inside / "a/", RATE)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (3, "is of type int; expected a path"),
        (None, "is of type NoneType"),
        ([1, 2], "is of type list"),
        (np.zeros(9), "predict_array"),
        (io.StringIO("song"), 'open it with "rb"'),
    ],
)
def test_what_is_no_source_is_refused_in_a_line(source, says):
    with pytest.raises(UnreadableAudioError, match=f"^<stream>: .*{says}"):
        load_audio(source, RATE)


def test_a_closed_file_is_refused_in_a_line(wav):
    with wav.open("rb") as file:
        pass
    with pytest.raises(UnreadableAudioError, match="closed"):
        load_audio(file, RATE)
