"""Songs in every container that holds tags, and what to know of a file to prove it the same."""

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.conftest import encode, make_song

KINDS = ("mp3", "flac", "ogg", "opus", "m4a", "wav", "aiff")

_SOUNDFILE = {
    "mp3": (44100, "MP3", "MPEG_LAYER_III"),
    "flac": (44100, "FLAC", "PCM_16"),
    "ogg": (44100, "OGG", "VORBIS"),
    "opus": (48000, "OGG", "OPUS"),
    "wav": (44100, "WAV", "PCM_16"),
    "aiff": (44100, "AIFF", "PCM_16"),
}

MakeFile = Callable[..., Path]


@pytest.fixture(scope="session")
def encoded() -> dict[str, bytes]:
    """Three seconds of a song in every container, without tags."""
    songs = {
        kind: encode(make_song(3, rate, 2), rate, format_, subtype)
        for kind, (rate, format_, subtype) in _SOUNDFILE.items()
    }
    return songs | {"m4a": encode_m4a()}


def encode_m4a(**options: str) -> bytes:
    """``options``: of FFmpeg's muxer."""
    av = pytest.importorskip("av", reason="needs the ffmpeg extra")
    with tempfile.TemporaryDirectory() as folder:  # some options read the file again
        path = Path(folder) / "song.m4a"
        with av.open(str(path), "w", format="ipod", options=options) as out:
            stream = out.add_stream("aac", rate=44100, layout="stereo")
            planar = np.ascontiguousarray(make_song(3, 44100, 2).T)
            frame = av.AudioFrame.from_ndarray(planar, format="fltp", layout="stereo")
            frame.sample_rate = 44100
            for part in av.AudioResampler(stream.format, "stereo", 44100).resample(frame):
                out.mux(stream.encode(part))
            out.mux(stream.encode(None))
        return path.read_bytes()


@pytest.fixture
def make_file(encoded: dict[str, bytes], tmp_path: Path) -> MakeFile:
    """Write the song of a kind, without tags, under a name."""

    def make(kind: str, name: str = "song") -> Path:
        path = tmp_path / f"{name}.{kind}"
        path.write_bytes(encoded[kind])
        return path

    return make


def packets_and_samples(path: Path) -> tuple[str, str]:
    """SHA-256 of the coded audio packets as FFmpeg finds them, and of the decoded samples."""
    av = pytest.importorskip("av", reason="needs the ffmpeg extra")
    packets, samples = hashlib.sha256(), hashlib.sha256()
    with av.open(str(path), metadata_errors="replace") as container:
        for packet in container.demux(container.streams.audio[0]):
            packets.update(bytes(packet))
    if path.suffix == ".m4a":
        with av.open(str(path)) as container:
            for frame in container.decode(container.streams.audio[0]):
                samples.update(frame.to_ndarray().tobytes())
    else:
        samples.update(soundfile.read(path, dtype="float32")[0].tobytes())
    return packets.hexdigest(), samples.hexdigest()
