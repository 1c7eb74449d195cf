"""Audio to prove a model on: real music of several lengths and levels, and made tones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from melonnx.infer.arrays import Waveform
from melonnx.infer.audio.reader import load_audio
from melonnx.infer.errors import AudioError
from melonnx.infer.model.session import MODELS_FOLDER

__all__ = ["Clip", "proof_clips", "song_clips"]

_SAMPLE = MODELS_FOLDER / "sample.mp3"
_SECONDS = (0.5, 3.0, 10.0)
_MINUTES_LONG = 3
_MOST_SONGS = 20


@dataclass(frozen=True)
class Clip:
    """A waveform with the name to call it by."""

    name: str
    waveform: Waveform


def proof_clips(sample_rate: int) -> Iterator[Clip]:
    """The sample clip: cut short, whole, for minutes, quiet, behind silence; a tone; noise."""
    song = load_audio(_SAMPLE, sample_rate)
    yield from _cuts(_SAMPLE.name, song, sample_rate)
    times = -(-60 * _MINUTES_LONG * sample_rate // len(song))
    yield Clip(f"{_SAMPLE.name} repeated for {_MINUTES_LONG} minutes", np.tile(song, times))
    yield Clip(f"{_SAMPLE.name} at -40 dB", song * np.float32(0.01))
    silence = np.zeros(2 * sample_rate, np.float32)  # longer, and the runtime leaves it out
    yield Clip(f"{_SAMPLE.name} behind 2 s of silence", np.concatenate((silence, song)))
    time = np.arange(10 * sample_rate) / sample_rate
    rising = np.sin(2 * np.pi * 50 * time * (1 + 2 * time))  # a steady one would be all ties
    yield Clip("a rising tone", (0.5 * rising).astype(np.float32))
    noise = np.random.default_rng(0).standard_normal(5 * sample_rate)
    yield Clip("noise", (0.1 * noise).astype(np.float32))


def song_clips(songs: Sequence[Path], sample_rate: int) -> Iterator[Clip]:
    """Each song whole and cut short; of many songs 20, evenly spread.

    What does not decode is passed over.
    """
    for path in songs[:: -(-len(songs) // _MOST_SONGS) or 1]:
        try:
            song = load_audio(path, sample_rate)
        except AudioError:
            continue
        yield from _cuts(str(path), song, sample_rate)


def _cuts(name: str, song: Waveform, sample_rate: int) -> Iterator[Clip]:
    for seconds in _SECONDS:
        length = round(seconds * sample_rate)
        if length < len(song):
            yield Clip(f"{name}, {seconds:g} s", song[:length])
    yield Clip(f"{name}, {len(song) / sample_rate:.1f} s", song)
