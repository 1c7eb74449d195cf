"""What each stage of an answer adds to decoding, in one process on one thread.

    python -m tests.benchmarks.stages SONG [ROUNDS [MODEL …]]

Each line does what the line above does and one thing more, all in turn; processor time, the lower
quartile of the rounds, which other work on the machine moves least.
"""

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import numpy as np
import soundfile

from melonnx.infer import Predictor
from melonnx.infer.audio.decoders.choose import open_decoder
from melonnx.infer.audio.down_mix import down_mix_blocks
from melonnx.infer.audio.reader import open_audio
from melonnx.infer.frontend.long_tracks import hear
from melonnx.infer.frontend.mel import mel_frames
from melonnx.infer.library.workers import hear_file


def decode(song: str, *, mixed: bool) -> None:
    """All blocks of a song at its own rate."""
    with ExitStack() as resources, open(song, "rb") as file:
        blocks = open_decoder(file, 0.0, resources).blocks
        for _ in down_mix_blocks(blocks) if mixed else blocks:
            pass


def front_end(song: str, predictor: Predictor, *, mel: bool) -> None:
    """At the model's rate, as frames too."""
    info = predictor.info
    with open_audio(song, info.mel_spec.sample_rate) as reader:
        for _ in mel_frames(reader, info.mel_spec) if mel else reader:
            pass


def heard(song: str, predictor: Predictor) -> None:
    """Its windows."""
    info = predictor.info
    with open_audio(song, info.mel_spec.sample_rate) as reader:
        hear(reader, info.mel_spec, info.window, info.window_hop, info.max_windows)


def main() -> None:
    """Print a line a stage."""
    song, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 31
    for name in sys.argv[3:] or ["genre-small", "genre-base"]:
        one = Predictor(name, "cpu", 1, skim=False)
        stages: dict[str, Callable[[], object]] = {
            "decoding alone": partial(soundfile.read, song, dtype="float32"),
            "its decoder": partial(decode, song, mixed=False),
            "one channel": partial(decode, song, mixed=True),
            "the model's rate": partial(front_end, song, one, mel=False),
            "mel frames": partial(front_end, song, one, mel=True),
            "level, windows": partial(heard, song, one),
            "network, answer": partial(one.predict, song),
            "packed for a journal": partial(hear_file, one, song),
            "skimmed": partial(Predictor(name, "cpu", 1).predict, song),
        }
        times: dict[str, list[float]] = {stage: [] for stage in stages}
        for _ in range(rounds):
            for stage, run in stages.items():
                began = time.process_time()
                run()
                times[stage].append(1000 * (time.process_time() - began))
        alone, before = 0.0, 0.0
        print(f"{name}: ms; added to the line above; share that decoding alone would be of it")
        for stage, milliseconds in times.items():
            low = float(np.percentile(milliseconds, 25))
            alone = alone or low
            print(f"{stage:20} {low:7.1f} {low - before:7.1f} {alone / low:6.0%}")
            before = low


if __name__ == "__main__":
    main()
