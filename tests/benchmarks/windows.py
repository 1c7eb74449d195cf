"""What fewer windows a song cost and save: accuracy on songs kept from training, and time.

python tests/benchmarks/windows.py MODEL RUN

RUN is the exported run that made MODEL; its songs are asked again at each number of windows.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

from melonnx.infer import Predictor
from melonnx.infer.model import MODELS_FOLDER
from melonnx.train.answers import ask_panel
from melonnx.train.evaluate import score_answers
from melonnx.train.study import read_panel, read_test_songs

NUMBERS = (1, 2, 3, 5, 10)
TURNS = 20


def main() -> None:
    """Print a line for each number of windows."""
    model, run = Path(sys.argv[1]), Path(sys.argv[2])
    songs = read_test_songs(run, None, subgenres=False, say=print)
    for number in NUMBERS:
        panel = read_panel(model, run, songs)
        alone = Predictor(model, device="cpu", threads=1)
        for predictor in (alone, *(one for one, _ in panel)):
            predictor.info = replace(predictor.info, max_windows=number)
        scores = score_answers(ask_panel(panel, lambda line: None))
        low, high = scores.accuracy_interval
        print(
            f"{number:2} windows: accuracy {scores.accuracy:.1%} ({low:.1%} to {high:.1%}), "
            f"macro-F1 {scores.macro_f1:.3f}, a song of 30 s {_milliseconds(alone):.1f} ms"
        )


def _milliseconds(predictor: Predictor) -> float:
    seconds: list[float] = []
    for _ in range(TURNS):
        began = time.perf_counter()
        predictor.predict(MODELS_FOLDER / "sample.mp3")
        seconds.append(time.perf_counter() - began)
    return 1000 * sorted(seconds)[TURNS // 2]


if __name__ == "__main__":
    main()
