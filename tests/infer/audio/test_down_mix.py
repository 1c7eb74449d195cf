"""Channels that cancel each other are heard, and all others are their mean, to the last bit."""

import shutil
import subprocess
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from melonnx.infer import Predictor
from melonnx.infer.audio.down_mix import STRETCH, down_mix, down_mix_blocks
from melonnx.infer.audio.reader import load_audio, open_array, open_audio
from tests.conftest import encode, make_song, songs_in

RATE = 44100
FFMPEG = {
    "wav": (), "flac": (), "mp3": ("-b:a", "128k"), "ogg": ("-c:a", "libvorbis"),
    "opus": ("-c:a", "libopus", "-b:a", "64k"), "m4a": ("-c:a", "aac", "-b:a", "96k"),
}  # fmt: skip
BANDS_APART = {"wav": 0.001, "flac": 0.001, "mp3": 0.3, "ogg": 0.1, "opus": 1.5, "m4a": 0.6}
"""Decibels, mean over bands: what coding a song as two channels instead of one may change."""


def mean(samples):
    """As it was mixed before any channel was looked at."""
    mono = samples[:, 0]
    for channel in range(1, samples.shape[1]):
        mono = mono + samples[:, channel]
    return mono * np.float32(1 / samples.shape[1])


def likeness(one, other):
    """Correlation, as far as both reach."""
    one, other = (part[: min(len(one), len(other))].astype(np.float64) for part in (one, other))
    return (one * other).sum() / np.sqrt((one * one).sum() * (other * other).sum())


def bass(waveform):
    return waveform[: len(waveform) // 64 * 64].reshape(-1, 64).sum(axis=1)


def bands_apart(one, other):
    """Mean difference of the levels (dB) of 24 bands, from 80 Hz to 15 kHz, log-spaced."""
    levels = []
    for waveform in (one, other):
        frames = np.lib.stride_tricks.sliding_window_view(waveform.astype(np.float64), 2048)
        power = np.abs(np.fft.rfft(frames[::1024] * np.hanning(2048))) ** 2
        edges = np.unique(np.geomspace(4, 700, 25).astype(int))
        bands = [power[:, low:high].sum() for low, high in pairwise(edges)]
        levels.append(10 * np.log10(np.array(bands) + 1e-12))
    return np.abs(levels[0] - levels[1]).mean()


def load_array(samples, rate=RATE):
    with open_array(samples, rate, rate) as reader:
        return np.concatenate(list(reader))


@pytest.fixture(scope="module")
def song():
    return make_song(5, RATE)[:, 0]


@pytest.mark.parametrize("channels", [1, 2, 6])
@settings(deadline=None, max_examples=20)
@given(
    seed=st.integers(0, 99),
    correlation=st.floats(-0.5, 1),
    loudness=st.floats(0, 1),
    size=st.integers(1000, 200_000),
)
def test_channels_that_do_not_cancel_are_their_mean_to_the_bit(
    channels, seed, correlation, loudness, size
):
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((3 * STRETCH + 17, channels)).astype(np.float32)
    other = np.sqrt(1 - correlation**2)
    for channel in range(1, channels):  # of a correlation that may be negative
        noise[:, channel] = correlation * noise[:, 0] + other * noise[:, channel]
    noise[:, -1] *= loudness
    blocks = [noise[at : at + size] for at in range(0, len(noise), size)]
    expected = mean(noise)
    if channels == 6 and correlation < -0.1:
        return  # five that stand against one do cancel it
    np.testing.assert_array_equal(np.concatenate(list(down_mix_blocks(blocks))), expected)


def test_the_edge_of_the_rule():
    """Of two alike but for their signs, a tenth of the energy is left at -0.9."""
    phase = 2 * np.pi * 20 * np.arange(STRETCH) / STRETCH
    one, two = np.sin(phase), np.cos(phase)
    for correlation, cancels in ((-0.89, False), (-0.91, True)):
        other = correlation * one + np.sqrt(1 - correlation**2) * two
        stereo = np.stack((one, other), axis=1).astype(np.float32)
        if cancels:  # the two are equally loud
            np.testing.assert_allclose(down_mix(stereo), stereo[:, 0], rtol=1e-6)
        else:
            np.testing.assert_array_equal(down_mix(stereo), mean(stereo))


def test_treble_that_a_codec_left_out_of_step_hides_no_bass_that_cancels():
    rng = np.random.default_rng(0)
    bass = np.sin(2 * np.pi * 20 * np.arange(STRETCH) / STRETCH)
    treble = np.diff(rng.standard_normal((STRETCH + 1, 2)), axis=0)
    for share, cancels in ((0.5, True), (-0.5, False)):  # of treble that cancels, or does not
        hiss = treble @ np.array([[1, -share], [0, np.sqrt(1 - share**2)]])
        stereo = (np.stack((bass, -bass), 1) + hiss).astype(np.float32)
        if cancels:
            loudness = np.sqrt(np.square(stereo, dtype=np.float64).sum(axis=0))
            expected = stereo[:, 0] * (1 + loudness[1] / loudness[0]) / 2
            np.testing.assert_allclose(down_mix(stereo), expected, rtol=1e-6)
        else:
            np.testing.assert_array_equal(down_mix(stereo), mean(stereo))


def test_treble_that_a_codec_stored_without_its_sign_is_heard():
    """Vorbis keeps of [m, -m] the bass as it is, of the treble how loud it is in both."""
    rng = np.random.default_rng(0)
    bass = np.sin(2 * np.pi * 20 * np.arange(STRETCH) / STRETCH)
    treble = 0.3 * np.diff(rng.standard_normal(STRETCH + 1))
    stereo = np.stack((bass + treble, -bass + treble), axis=1).astype(np.float32)
    np.testing.assert_allclose(down_mix(stereo), stereo[:, 0], atol=0.02)  # one is louder by chance


def test_a_channel_that_has_nothing_to_do_with_them_is_heard_beside_them(song):
    """Of film sound whose fronts cancel, the voice in the middle."""
    voice = np.float32(0.1) * np.random.default_rng(0).standard_normal(len(song)).astype(np.float32)
    surround = np.zeros((len(song), 6), np.float32)
    surround[:, 0], surround[:, 1], surround[:, 2] = song, -song, voice
    voice_heard = 6 * down_mix(surround) - 2 * song  # turned in this stretch or that, by chance
    np.testing.assert_allclose(np.abs(voice_heard), np.abs(voice), atol=1e-6)


@pytest.mark.parametrize(
    "signs", [(1, -1), (-1, 1), (1, -1, 0, 0, 0, 0), (0, 1, -1), (1, 1, 0, 0, -1, -1)]
)
def test_a_song_stored_against_itself_is_the_song(song, signs):
    stored = song[:, None] * np.array(signs, np.float32)
    first = next(sign for sign in signs if sign)
    share = np.count_nonzero(signs) / len(signs)
    np.testing.assert_allclose(load_array(stored), song * first * share, rtol=1e-5, atol=1e-7)


def test_only_the_stretches_that_cancel_are_turned(song):
    stereo = np.stack((song, song), axis=1)
    stereo[STRETCH : 2 * STRETCH, 1] *= -1
    stereo[3 * STRETCH + 9 :, 1] *= -1
    mixed = load_array(stereo)
    np.testing.assert_array_equal(mixed[: 3 * STRETCH], song[: 3 * STRETCH])
    np.testing.assert_array_equal(mixed[4 * STRETCH :], song[4 * STRETCH :])


@settings(deadline=None, max_examples=30)
@given(
    cuts=st.lists(st.integers(1, 5 * STRETCH), max_size=12),
    first=st.integers(0, 3 * STRETCH),
    turned=st.lists(st.booleans(), min_size=5, max_size=5),
)
def test_any_blocks_are_mixed_to_the_same_samples(cuts, first, turned):
    rng = np.random.default_rng(len(cuts))
    samples = rng.standard_normal((5 * STRETCH, 2)).astype(np.float32)
    for number, is_turned in enumerate(turned):
        if is_turned:
            part = samples[number * STRETCH : (number + 1) * STRETCH]
            part[:, 1] = -part[:, 0] * 0.99
    blocks = np.split(samples, sorted({cut for cut in cuts if cut < len(samples)}))
    got = np.concatenate(list(down_mix_blocks(blocks, first)))
    np.testing.assert_array_equal(got, down_mix(samples, first))


def test_any_part_is_mixed_as_the_whole():
    samples = np.random.default_rng(0).standard_normal((9 * STRETCH, 2)).astype(np.float32) * 0.1
    for number in (1, 2, 5):
        samples[number * STRETCH : (number + 1) * STRETCH, 1] *= 0.01
        samples[number * STRETCH : (number + 1) * STRETCH, 1] -= samples[
            number * STRETCH : (number + 1) * STRETCH, 0
        ]
    data = encode(samples, RATE, "WAV", "FLOAT")
    whole = load_audio(data, RATE)
    with open_audio(data, RATE) as reader:
        for begin, length in ((0, 999), (STRETCH - 5, 70), (5 * STRETCH + 77, 3 * STRETCH)):
            np.testing.assert_array_equal(
                reader.read_at(begin, length), whole[begin : begin + length]
            )


def test_nothing_and_noise_alone_stay_what_they_are():
    nothing = np.zeros((1000, 2), np.float32)
    np.testing.assert_array_equal(load_array(nothing), nothing[:, 0])
    with np.errstate(all="raise"):
        down_mix(nothing)


def test_a_stream_hears_it_in_blocks_of_any_size(song, tiny_model):
    predictor = Predictor(tiny_model, device="cpu", threads=1)
    expected = predictor.predict_array(song[: 3 * RATE], RATE).probabilities
    stereo = np.stack((song, -song), axis=1)
    for size in (100, 7777, 3 * RATE):
        stream = predictor.stream(RATE)
        answers = [
            one for at in range(0, 3 * RATE, size) for one in stream.push(stereo[at : at + size])
        ]
        answers.append(stream.close())
        assert answers[0].probabilities == expected


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg, which makes the files")
@pytest.mark.parametrize("kind", FFMPEG)
def test_files_made_by_ffmpeg_give_the_answer_of_the_mono_song(kind, real_music, tmp_path):
    if kind == "m4a":
        pytest.importorskip("av", reason="needs the ffmpeg extra")
    predictor = Predictor(device="cpu")
    songs = songs_in(real_music)
    for number, path in enumerate(songs[:: -(-len(songs) // 4)]):
        mono = load_audio(path, RATE)
        heard, answers = [], []
        for name, samples in (("mono", mono[:, None]), ("against", np.stack((mono, -mono), 1))):
            made = tmp_path / f"{number}-{name}.{kind}"
            wav = encode(samples, RATE, "WAV", "PCM_16")
            line = ["ffmpeg", "-v", "error", "-i", "-", *FFMPEG[kind], str(made)]
            subprocess.run(line, input=wav, check=True)
            heard.append(load_audio(made, RATE))
            answers.append(predictor.predict(made))
        # Not the treble's waveform: codecs keep how loud it is.
        assert likeness(*map(bass, heard)) > 0.98
        assert bands_apart(*heard) < BANDS_APART[kind]
        plain, against = answers
        if kind in ("wav", "flac"):
            assert against.probabilities == pytest.approx(plain.probabilities, abs=1e-3)
        else:  # a codec gives two channels other bits than one
            assert against.label == plain.label or against.unsure or plain.unsure
            assert against.label == plain.label or plain.unsure
