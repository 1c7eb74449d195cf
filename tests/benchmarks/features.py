"""Speed of the 518 features: beside librosa's own calls on one core, and on two processes.

python tests/benchmarks/features.py [CLIP] [RUNS]

Librosa's calls are those of FMA's script, one STFT and one CQT for all, followed by the same
statistics; and the calls from the samples, where each makes its own. All are timed in turn.
"""

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import librosa
import numpy as np
from librosa import feature
from scipy.stats import kurtosis, skew
from threadpoolctl import threadpool_limits

from melonnx.infer.audio.reader import open_audio
from melonnx.infer.model.session import DEFAULT_MODEL
from melonnx.train.classical.extract import extract
from melonnx.train.classical.features import clip_features
from melonnx.train.data.tracks import DataSet, Track

_SONGS = 16


def main() -> None:
    """Time all and print."""
    clip = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_MODEL.parent / "sample.mp3"
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with open_audio(clip, None) as reader:
        song = np.concatenate(list(reader))
    rate = reader.sample_rate
    ways: dict[str, Callable[[], object]] = {
        "melonnx": lambda: clip_features(song, rate),
        "librosa, one STFT and CQT": lambda: [_statistics(s) for s in _shared(song, rate)],
        "librosa, from samples": lambda: [_statistics(s) for s in _from_samples(song, rate)],
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    with threadpool_limits(1):
        for turn in range(runs + 1):
            for name, way in ways.items():
                began = time.perf_counter()
                way()
                if turn:
                    times[name].append(time.perf_counter() - began)
    own = statistics.median(times["melonnx"])
    print(f"{clip}: {len(song) / rate:.1f} s at {rate} Hz, medians of {runs}")
    for name, seconds in times.items():
        median = statistics.median(seconds)
        print(f"{name:26} {median:6.2f} s   melonnx takes {own / median:.2f} times as long")
    _print_processes(clip)


def _print_processes(clip: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        paths = [root / f"{number}{clip.suffix}" for number in range(_SONGS)]
        for path in paths:
            shutil.copy(clip, path)
        dataset = DataSet(root, "folder", tuple(Track(path, "any") for path in paths), {})
        seconds = {}
        for workers in (1, 2):
            marks: list[float] = []
            extract(dataset, root / f"{workers}.part", _marking(marks), workers=workers)
            seconds[workers] = (marks[-1] - marks[workers - 1]) / (_SONGS - workers)
    for workers, each in seconds.items():
        print(f"{workers} processes: {1 / each:5.2f} songs a second, their start not counted")
    print(f"two are {seconds[1] / seconds[2]:.2f} times as fast as one")


def _marking(marks: list[float]) -> Callable:
    def progress(results, total):
        for result in results:
            marks.append(time.perf_counter())
            yield result

    return progress


def _shared(song: np.ndarray, rate: int) -> list[np.ndarray]:
    magnitude = np.abs(librosa.stft(song))
    power = magnitude**2
    constant_q = np.abs(librosa.cqt(song, sr=rate, tuning=None))
    cens = feature.chroma_cens(C=constant_q, bins_per_octave=12)
    mel = librosa.power_to_db(feature.melspectrogram(S=power, sr=rate))
    return [
        cens,
        feature.chroma_cqt(C=constant_q, bins_per_octave=12),
        feature.chroma_stft(S=power, sr=rate),
        feature.mfcc(S=mel),
        feature.rms(S=magnitude),
        feature.spectral_bandwidth(S=magnitude, sr=rate),
        feature.spectral_centroid(S=magnitude, sr=rate),
        feature.spectral_contrast(S=magnitude, sr=rate),
        feature.spectral_rolloff(S=magnitude, sr=rate),
        feature.tonnetz(chroma=cens),
        feature.zero_crossing_rate(song),
    ]


def _from_samples(song: np.ndarray, rate: int) -> list[np.ndarray]:
    of_song = {"y": song, "sr": rate}
    cens = feature.chroma_cens(**of_song, bins_per_octave=12)
    return [
        cens,
        feature.chroma_cqt(**of_song, bins_per_octave=12),
        feature.chroma_stft(**of_song),
        feature.mfcc(**of_song),
        feature.rms(y=song),
        feature.spectral_bandwidth(**of_song),
        feature.spectral_centroid(**of_song),
        feature.spectral_contrast(**of_song),
        feature.spectral_rolloff(**of_song),
        feature.tonnetz(chroma=cens),
        feature.zero_crossing_rate(song),
    ]


def _statistics(series: np.ndarray) -> list[np.ndarray]:
    return [
        of(series, axis=1) for of in (np.mean, np.std, skew, kurtosis, np.median, np.min, np.max)
    ]


if __name__ == "__main__":
    main()
