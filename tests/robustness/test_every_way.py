"""A song stored in every way that there is has the answer of its samples.

Containers, channels, rates, and joined or behind silence, all with each other: a sample of them in
a usual run, all in a long one (``pytest --hypothesis-profile=long``).
"""

import shutil
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from melonnx.infer import Predictor
from melonnx.infer.audio.reader import load_audio
from melonnx.infer.model.session import MODELS_FOLDER
from melonnx.infer.prediction import SILENT
from tests.conftest import USUAL_EXAMPLES, encode
from tests.robustness.made_by_tools import run

SONG_RATE = 48000
SECONDS, SILENCE = 12, 8
LOSSLESS = ("wav", "flac", "mka")
TOOLS = {"wav": "ffmpeg", "flac": "flac", "mp3": "lame", "ogg": "oggenc", "opus": "opusenc",
         "m4a": "ffmpeg", "mka": "ffmpeg"}  # fmt: skip
CHANNELS = {"mono": (1.0,), "stereo": (1.0, 0.7), "anti-phase": (1.0, -1.0),
            "5.1": (1.0, 0.8, 0.9, 0.1, 0.5, 0.4)}  # fmt: skip
"""What each channel has of the song."""
RATES = (8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000)
SHAPES = ("plain", "joined", "leading silence", "trailing silence")
MOST = {"mp3": 48000, "m4a": 96000}
"""Hz; above it the encoder itself lowers the rate."""
LEAST_RATE = 16000
"""Hz; below it, what a codec loses moves the answer, in a mono file as well."""
LOW = 8000
CAN_BE_JOINED = ("flac", "mp3", "ogg", "opus")
"""By writing one behind the other."""


class Way(NamedTuple):
    """One way to store a song."""

    container: str
    channels: str
    rate: int
    shape: str


WAYS = [
    way
    for way in (Way(*one) for one in product(TOOLS, CHANNELS, RATES, SHAPES))
    if way.rate <= MOST.get(way.container, 192000)
]
IS_LONG = settings.default.max_examples > USUAL_EXAMPLES


@cache
def samples_at(rate: int) -> NDArray[np.float32]:
    """The song at ``rate`` (samples,), no louder than all channels together may be."""
    song = load_audio(MODELS_FOLDER / "sample.mp3", SONG_RATE, duration=SECONDS)
    return 0.5 * soxr.resample(song, SONG_RATE, rate).astype(np.float32)


@cache
def predictor() -> Predictor:
    """The lightest of the released."""
    return Predictor("genre-small", device="cpu", threads=1)


@cache
def expected(rate: int, shape: str) -> dict[str, float]:
    """The answer of the samples themselves; silence adds nothing to it."""
    song = samples_at(rate)
    song = np.concatenate((song, song)) if shape == "joined" else song
    return predictor().predict_array(song, rate).probabilities


def stored(way: Way) -> NDArray[np.float32]:
    """(samples, channels)."""
    song = samples_at(way.rate)
    silence = np.zeros(SILENCE * way.rate, np.float32)
    parts = {"plain": [song], "joined": [song, song], "leading silence": [silence, song],
             "trailing silence": [song, silence]}[way.shape]  # fmt: skip
    if way.shape == "joined" and way.container in CAN_BE_JOINED:
        parts = [song]
    return np.concatenate(parts)[:, None] * np.array(CHANNELS[way.channels], np.float32)


def make(way: Way, folder: Path) -> Path:
    """The file."""
    source, target = folder / "source.wav", folder / f"song.{way.container}"
    source.write_bytes(encode(stored(way), way.rate, "WAVEX", "PCM_16"))
    target.unlink(missing_ok=True)
    bits = {"m4a": "384k" if way.channels == "5.1" else "192k",
            "mp3": "192k" if way.rate > 24000 else "64k"}.get(way.container)  # fmt: skip
    codec = ("-b:a", bits) if bits else ("-c:a", "flac" if way.container == "mka" else "pcm_s16le")
    tools = {
        "flac": ("flac", "-s", "--lax", source, "-o", target),
        "ogg": ("oggenc", "-Q", "-q", "6", source, "-o", target),
        "opus": ("opusenc", "--quiet", "--bitrate", "128", source, target),
        "mp3": ("lame", "--quiet", "-V", "2", source, target),
    }
    if way.container in tools and (way.container, way.channels) != ("mp3", "5.1"):
        run(*tools[way.container])
    else:
        run("ffmpeg", "-v", "error", "-y", "-i", source, *codec, target)
    if way.shape == "joined" and way.container in CAN_BE_JOINED:
        target.write_bytes(target.read_bytes() * 2)
    return target


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    for tool in sorted({*TOOLS.values()}):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool}, which makes some of the files")
    return tmp_path_factory.mktemp("ways")


def likeness(path: Path, way: Way) -> float:
    """Correlation of the song with what is heard at its place, give or take a codec's delay."""
    song = samples_at(LOW)[LOW : 6 * LOW]
    place = (1 + SILENCE * (way.shape == "leading silence")) * LOW
    part = load_audio(path, LOW)[place - LOW // 5 : place + 5 * LOW + LOW // 5]
    at = int(np.correlate(part, song, "valid").argmax())
    return float(np.corrcoef(part[at : at + len(song)], song)[0, 1])


@settings(max_examples=len(WAYS) if IS_LONG else 25)
@given(way=st.sampled_from(WAYS))
def test_it_has_the_answer_of_its_samples(folder, way):
    path = make(way, folder)
    heard = predictor().predict(path)
    is_lossless = way.container in LOSSLESS
    assert likeness(path, way) > (0.999 if is_lossless else 0.97)
    seconds = {"plain": SECONDS, "joined": 2 * SECONDS}.get(way.shape, SECONDS + SILENCE)
    padding = 0.5 if way.shape == "joined" else 0.2  # of mp3 frames at 8 kHz: 72 ms each
    assert heard.duration_s == pytest.approx(seconds, abs=padding)
    silent = sum(one.end_s - one.start_s for one in heard.timeline if one.label == SILENT)
    assert silent == pytest.approx(SILENCE if "silence" in way.shape else 0, abs=0.5)
    if is_lossless or way.rate >= LEAST_RATE:
        wanted, most = expected(way.rate, way.shape), 0.02 if is_lossless else 0.15
        assert heard.probabilities == pytest.approx(wanted, abs=most)
