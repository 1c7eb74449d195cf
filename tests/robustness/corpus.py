"""Bad and odd input of every kind, made here, with what is to be said of each."""

import io
import os
import socket
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from tests.conftest import RATE, encode, make_song
from tests.robustness.entry import Entry, Maker
from tests.robustness.made_by_tools import MADE_BY_TOOLS

__all__ = ["CORPUS"]

_SECONDS = 11
"""Of a song: more than the window of the tests' model."""


@cache
def _mp3(seconds: float = _SECONDS, mode: str = "CONSTANT", rate: int = 44100) -> bytes:
    song = make_song(seconds, rate, 2)
    return encode(song, rate, "MP3", "MPEG_LAYER_III", bitrate_mode=mode, compression_level=0.5)


def _bytes(data: bytes) -> Maker:
    return _late(lambda: data)


def _late(make: Callable[[], bytes]) -> Maker:
    """What takes long to encode is encoded when the file is wanted, not when tests are listed."""

    def write(path: Path) -> None:
        path.write_bytes(make())

    return write


def _song(
    format_: str, subtype: str, rate: int = RATE, channels: int = 1, seconds: float = _SECONDS
) -> Maker:
    return _late(lambda: encode(make_song(seconds, rate, channels), rate, format_, subtype))


def _samples(samples: np.ndarray, subtype: str = "FLOAT") -> Maker:
    return _late(lambda: encode(samples, RATE, "WAV", subtype))


def _id3(length: int, really: int) -> bytes:
    """An ID3v2 tag that claims ``length`` bytes and has ``really``."""
    claim = bytes(length >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\0\0" + claim + bytes(really)


def _cover(n_bytes: int) -> bytes:
    """An ID3 tag with a picture full of what looks like frame headers."""
    picture = (b"\xff\xfb\x90\x64" + b"\xff\xd8\xff\xe0") * (n_bytes // 8)
    return _id3(len(picture), 0) + picture


def _noise(n_bytes: int, seed: int = 0) -> bytes:
    return np.random.default_rng(seed).bytes(n_bytes)


def _untagged(mp3: bytes) -> bytes:
    """Without the Info frame, which LAME writes first."""
    return mp3[mp3.index(b"\xff\xfb", 4) :]


def _claims_too_much(mp3: bytes) -> bytes:
    """A variable bit rate whose tag claims 4,172,023 frames, five times what is there."""
    at = mp3.index(b"Xing")
    return mp3[: at + 8] + (4_172_023).to_bytes(4) + mp3[at + 12 :]


def _with_hole(mp3: bytes) -> bytes:
    middle = len(mp3) // 2
    return mp3[:middle] + _noise(4000) + mp3[middle + 4000 :]


def _claims(n_bytes: int) -> bytes:
    wav = bytearray(_plain("WAV"))
    at = wav.index(b"data") + 4
    wav[4:8] = wav[at : at + 4] = n_bytes.to_bytes(4, "little")
    return bytes(wav)


def _ten_hours(path: Path) -> None:
    """A wav of 8-bit samples at 8 kHz: a song, then a hole of the file system."""
    rate, seconds = 8000, 36_000
    wav = bytearray(encode(make_song(_SECONDS, rate), rate, "WAV", "PCM_U8"))
    at = wav.index(b"data") + 4
    wav[4:8] = (seconds * rate + at - 4).to_bytes(4, "little")
    wav[at : at + 4] = (seconds * rate).to_bytes(4, "little")
    path.write_bytes(wav)
    os.truncate(path, at + 4 + seconds * rate)


def _socket(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    here = os.open(".", os.O_RDONLY)
    try:  # the name of a socket has at most 107 bytes
        os.fchdir(folder)
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(path.name)
    finally:
        os.fchdir(here)
        os.close(folder)
        os.close(here)


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _nan() -> np.ndarray:
    song = make_song(_SECONDS)
    song[5000] = np.nan
    return song


def _m4a(path: Path) -> None:
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=44100, layout="mono")
        samples = np.ascontiguousarray(make_song(_SECONDS, 44100).T)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate = 44100
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    path.write_bytes(buffer.getvalue())


@cache
def _plain(format_: str) -> bytes:
    return encode(make_song(_SECONDS), RATE, format_, "PCM_16")


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]


CORPUS = [
    # What is no audio.
    Entry(b"text.mp3", _bytes(b"# just some notes\n" * 99), "unreadable", "looks like text"),
    Entry(b"zeros.mp3", _bytes(bytes(10_000)), "unreadable", "begins with zeros"),
    Entry(b"noise.mp3", _bytes(_noise(300_000)), "unreadable", "is not audio"),
    Entry(b"noise.wav", _bytes(_noise(3_000, 1)), "unreadable", "is not audio"),
    Entry(b"empty.mp3", _bytes(b""), "empty", "0 bytes"),
    Entry(b"page.ogg", _bytes(b"<!doctype html><title>404</title>"), "unreadable", "text"),
    Entry(b"picture.mp3", _bytes(b"\x89PNG\r\n" + _noise(999)), "unreadable", "is not audio"),
    # What is audio, but no music.
    Entry(b"header.wav", _samples(np.zeros((0, 2)), "PCM_16"), "empty", "header"),
    Entry(b"one.wav", _samples(np.full((1, 1), 0.5)), "empty", "one frame needs"),
    Entry(b"silence.wav", _samples(np.zeros((RATE, 1)), "PCM_16"), "silent", "silence"),
    Entry(b"nan.wav", _samples(_nan()), "invalid_samples", "NaN"),
    Entry(b"infinite.wav", _samples(np.full((RATE, 1), np.inf)), "invalid_samples", "infinite"),
    # Tags and junk around mp3 frames.
    Entry(b"cover.mp3", _late(lambda: _cover(3_000_000) + _mp3()), seconds=_SECONDS),
    Entry(b"huge_tag.mp3", _late(lambda: _id3(200_000_000, 0) + _mp3()), seconds=_SECONDS),
    Entry(b"junk_4k.mp3", _late(lambda: _noise(4096) + _mp3()), seconds=_SECONDS),
    Entry(b"junk_200k.mp3", _late(lambda: _noise(200_000) + _mp3()), seconds=_SECONDS),
    Entry(b"tag_behind.mp3", _late(lambda: _mp3() + b"TAG" + bytes(125)), seconds=_SECONDS),
    Entry(b"hole.mp3", _late(lambda: _with_hole(_mp3(2 * _SECONDS)))),
    Entry(b"untagged_vbr.mp3", _late(lambda: _untagged(_mp3(mode="VARIABLE"))), seconds=_SECONDS),
    Entry(
        b"liar_vbr.mp3", _late(lambda: _claims_too_much(_mp3(mode="VARIABLE"))), says="truncated",
        seconds=_SECONDS,
    ),
    Entry(b"cut.mp3", _late(lambda: _half(_mp3(2 * _SECONDS))), says="truncated"),
    Entry(b"twice.mp3", _late(lambda: _mp3() + _mp3()), seconds=2 * _SECONDS),
    Entry(b"m4a_inside.mp3", _m4a, seconds=_SECONDS),
    Entry(b"song.m4a", _m4a, seconds=_SECONDS),
    # Headers that lie, and files that end too soon.
    Entry(
        b"claims_2_gb.wav", _late(lambda: _claims(0x7FFFFFF0)), says="truncated",
        seconds=_SECONDS,
    ),
    # So do programs that write to a pipe: no truncation.
    Entry(b"claims_4_gb.wav", _late(lambda: _claims(0xFFFFFFF0)), seconds=_SECONDS),
    Entry(b"cut.wav", _late(lambda: _half(_plain("WAV"))), says="truncated", seconds=_SECONDS / 2),
    Entry(b"cut.flac", _late(lambda: _half(_plain("FLAC"))), says="truncated"),
    Entry(
        b"cut_in_header.flac", _late(lambda: _plain("FLAC")[:30]), "unreadable",
        "cut_in_header.flac",
    ),
    Entry(b"cut_in_header.wav", _late(lambda: _plain("WAV")[:20]), "unreadable", "not audio"),
    Entry(b"ten_hours.wav", _ten_hours, says="mostly silence", seconds=36_000),
    # Rates, depths, channels and codecs.
    Entry(b"8_bit.wav", _song("WAV", "PCM_U8"), seconds=_SECONDS),
    Entry(b"24_bit.wav", _song("WAV", "PCM_24"), seconds=_SECONDS),
    Entry(b"32_bit.wav", _song("WAV", "PCM_32"), seconds=_SECONDS),
    Entry(b"float.wav", _song("WAV", "FLOAT"), seconds=_SECONDS),
    Entry(b"double.wav", _song("WAV", "DOUBLE"), seconds=_SECONDS),
    Entry(b"ulaw.wav", _song("WAV", "ULAW"), seconds=_SECONDS),
    Entry(b"alaw.wav", _song("WAV", "ALAW"), seconds=_SECONDS),
    Entry(b"adpcm.wav", _song("WAV", "IMA_ADPCM"), seconds=_SECONDS),
    Entry(b"g721.au", _song("AU", "G721_32"), seconds=_SECONDS),
    Entry(b"5_1.flac", _song("FLAC", "PCM_16", channels=6), seconds=_SECONDS),
    Entry(b"192_khz.flac", _song("FLAC", "PCM_24", rate=192_000, channels=2), seconds=_SECONDS),
    Entry(b"8_khz.wav", _song("WAV", "PCM_16", rate=8000), seconds=_SECONDS),
    Entry(b"song.opus", _song("OGG", "OPUS", rate=48_000), seconds=_SECONDS),
    Entry(b"song.ogg", _song("OGG", "VORBIS"), seconds=_SECONDS),
    Entry(b"song.aiff", _song("AIFF", "PCM_16"), seconds=_SECONDS),
    Entry(b"song.au", _song("AU", "PCM_16"), seconds=_SECONDS),
    Entry(b"short.wav", _song("WAV", "PCM_16", seconds=0.3), says="short", seconds=0.3),
    # What is no regular file.
    Entry(b"folder.mp3", lambda path: path.mkdir(), "no_music", "folder"),
    Entry(b"fifo.mp3", lambda path: os.mkfifo(path), "unreadable", "pipe"),
    Entry(b"socket.mp3", _socket, "unreadable", "cannot be opened"),
    Entry(b"loop.mp3", _loop, "unreadable", "cannot be opened"),
    Entry(b"gone.mp3", lambda path: path.symlink_to("nowhere"), "no_music", "no such file"),
    # Names.
    Entry(b"caf\xe9.wav", _song("WAV", "PCM_16"), seconds=_SECONDS),
    Entry(b"two\nlines.wav", _song("WAV", "PCM_16"), seconds=_SECONDS),
    Entry(b'"quoted", with; commas\t.wav', _song("WAV", "PCM_16"), seconds=_SECONDS),
    Entry(b"=cmd|' C calc'!A0.wav", _song("WAV", "PCM_16"), seconds=_SECONDS),
    Entry(b"-rf.wav", _song("WAV", "PCM_16"), seconds=_SECONDS),
    Entry("\u202egnp.3pm.wav".encode(), _song("WAV", "PCM_16"), seconds=_SECONDS),
]  # fmt: skip
CORPUS += [entry for entry in MADE_BY_TOOLS if entry.lacks is None]
