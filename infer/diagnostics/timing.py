"""Times one song on this machine: from the prompt, warm, and stage by stage."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from melonnx.infer.audio.reader import open_array, open_audio
from melonnx.infer.errors import MelonnxError
from melonnx.infer.frontend.long_tracks import hear
from melonnx.infer.predictor import Predictor

__all__ = ["STAGES", "Timing", "time_cold", "time_warm"]

STAGES = ("decoding", "resampling", "mel", "network")
"""What an answer is made of."""

_WARM_UP = 3
_COMMAND = "from melonnx.infer.cli.main import main; main()"


@dataclass(frozen=True)
class Timing:
    """How long one thing took, time after time."""

    name: str
    """"cold", "answer" or one of :data:`STAGES`."""
    seconds: tuple[float, ...]
    """Wall time of each."""

    @property
    def median_s(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)


def time_cold(song: str | os.PathLike[str], options: list[str], times: int) -> Timing:
    """From the start of ``melonnx classify SONG`` with ``options`` to its end.

    It is run once more before, so that no time goes into reading files from a slow disk.
    Raises MelonnxError where it fails, with what it said.
    """
    line = [sys.executable, "-c", _COMMAND, "classify", os.fspath(song), *options]
    seconds: list[float] = []
    for _ in range(times + 1):
        began = time.perf_counter()
        ended = subprocess.run(line, capture_output=True, check=False)
        seconds.append(time.perf_counter() - began)
        if ended.returncode:
            said = ended.stderr.decode(errors="backslashreplace").strip()
            raise MelonnxError(said.removeprefix("melonnx: ") or f"ended with {ended.returncode}")
    return Timing("cold", tuple(seconds[1:]))


def time_warm(predictor: Predictor, song: str | os.PathLike[str], times: int) -> list[Timing]:
    """The whole answer and each of :data:`STAGES`, in turn, ``times`` rounds after a few more.

    A stage is timed alone, its input lying ready, so the stages' sum is a little off the whole.
    Raises an AudioError, as ``predictor.predict`` does.
    """
    info = predictor.info
    rate = info.mel_spec.sample_rate
    predictor.predict(song)
    with open_audio(song, None) as reader:
        decoded, own_rate = np.concatenate(list(reader)), reader.sample_rate
    with open_audio(song, rate) as reader:
        blocks = list(reader)
    sizes = info.mel_spec, info.window, info.window_hop, info.max_windows
    batches = list(predictor.patches(hear(blocks, *sizes)))

    def decode() -> None:
        with open_audio(song, None) as reader:
            for _ in reader:
                pass

    def resample() -> None:
        with open_array(decoded, own_rate, rate) as reader:
            for _ in reader:
                pass

    work: dict[str, Callable[[], object]] = {
        "answer": lambda: predictor.predict(song),
        "decoding": decode,
        "resampling": resample,
        "mel": lambda: hear(blocks, *sizes),
        "network": lambda: predictor.run(batches),
    }
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(_WARM_UP + times):
        for name, do in work.items():
            began = time.perf_counter()
            do()
            seconds[name].append(time.perf_counter() - began)
    return [Timing(name, tuple(figures[_WARM_UP:])) for name, figures in seconds.items()]
