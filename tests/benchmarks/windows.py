"""What fewer windows a song cost and save: accuracy on songs kept from training, and time.

python tests/benchmarks/windows.py MODEL RUN

RUN is the exported run that made MODEL; its songs are asked again at each number of windows, and
skimmed: then the frames between the windows are not heard, not even for the song's level.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import soundfile

from melonnx.infer import Predictor
from melonnx.infer.model.session import MODELS_FOLDER
from melonnx.train.data.readers.dataset import Track
from melonnx.train.evaluate.evaluation import open_predictors, read_test_songs
from melonnx.train.evaluate.predictions import Predictions, predict_all
from melonnx.train.evaluate.scores import score_predictions

NUMBERS = (1, 2, 3, 5, 10)
TURNS = 20


def main() -> None:
    """Print a line for each number of windows."""
    model, run = Path(sys.argv[1]), Path(sys.argv[2])
    songs = read_test_songs(run, None, subgenres=False, say=print)
    for number in NUMBERS:
        predictors = open_predictors(model, run, songs)
        alone = Predictor(model, device="cpu", threads=1)
        for predictor in (alone, *(one for one, _ in predictors)):
            predictor.info = replace(predictor.info, max_windows=number)
        whole = predict_all(predictors, lambda line: None)
        print(f"{number:2} windows: {_told(whole)}, a song of 30 s {_milliseconds(alone):.1f} ms")
        with tempfile.TemporaryDirectory() as folder:
            skimmed = predict_all(
                [_skimming(*part, Path(folder)) for part in predictors], lambda _: None
            )
        same = (skimmed.predicted == whole.predicted).mean()
        print(f"{'skimmed':>10}: {_told(skimmed)}, the same answer {same:.1%}", flush=True)


def _skimming(
    predictor: Predictor, tracks: Sequence[Track], folder: Path
) -> tuple[Predictor, list[Track]]:
    """The songs as wav: mp3s of so low a sample rate are always read through."""
    predictor.skim = True
    copies: list[Track] = []
    for track in tracks:
        path = folder / f"{track.path.stem}.wav"
        samples, rate = soundfile.read(track.path, dtype="float32")
        soundfile.write(path, samples, rate, "FLOAT")
        copies.append(replace(track, path=path))
    return predictor, copies


def _told(predictions: Predictions) -> str:
    scores = score_predictions(predictions)
    low, high = scores.accuracy_interval
    interval = f"({low:.1%} to {high:.1%})"
    return f"accuracy {scores.accuracy:.1%} {interval}, macro-F1 {scores.macro_f1:.3f}"


def _milliseconds(predictor: Predictor) -> float:
    seconds: list[float] = []
    for _ in range(TURNS):
        began = time.perf_counter()
        predictor.predict(MODELS_FOLDER / "sample.mp3")
        seconds.append(time.perf_counter() - began)
    return 1000 * sorted(seconds)[TURNS // 2]


if __name__ == "__main__":
    main()
