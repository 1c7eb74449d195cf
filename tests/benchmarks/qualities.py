"""Soxr's qualities: what they take, and how many answers they change.

    python -m tests.benchmarks.qualities COLLECTION [CLIPS [MODEL …]]

Clips of COLLECTION's tracks.csv in chance order, heard at each quality in turn. Times are processor
time of the front end (decoding, resampling, mel), on the sample clip, against the quality that is
used.
"""

import csv
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from melonnx.infer import Prediction, Predictor
from melonnx.infer.audio import reader
from melonnx.infer.frontend.mel import log_mel
from melonnx.infer.model.session import MODELS_FOLDER

QUALITIES = (reader._QUALITY, "MQ", "LQ", "QQ")
ROUNDS = 25


def front_ends(predictor: Predictor) -> None:
    """Print the time of each."""
    times: dict[str, list[float]] = {quality: [] for quality in QUALITIES}
    for _ in range(ROUNDS):
        for reader._QUALITY, seconds in times.items():
            began = time.process_time()
            spec = predictor.info.mel_spec
            log_mel(reader.load_audio(MODELS_FOLDER / "sample.mp3", spec.sample_rate), spec)
            seconds.append(time.process_time() - began)
    for quality, seconds in times.items():
        ratios = [one / best for one, best in zip(seconds, times[QUALITIES[0]], strict=True)]
        low, middle, high = np.percentile(ratios, [10, 50, 90])
        print(f"{quality}: {1000 * statistics.median(seconds):.1f} ms, {middle:.2f} of it ", end="")
        print(f"({low:.2f} to {high:.2f})")


def main() -> None:
    """Print times, then a line a model and quality."""
    collection, n_clips = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 300
    with open(collection / "tracks.csv", newline="", encoding="utf-8") as lines:
        paths = [collection / row["path"] for row in csv.DictReader(lines)]
    chosen = np.random.default_rng(0).permutation(len(paths))[:n_clips]
    for model in sys.argv[3:] or ["genre-base", "genre-small"]:
        predictor = Predictor(model, "cpu", 1)
        front_ends(predictor)
        answers: dict[str, list[Prediction]] = {quality: [] for quality in QUALITIES}
        for place in chosen:
            for reader._QUALITY, told in answers.items():
                told.append(predictor.predict(paths[place]))
        for quality, told in answers.items():
            pairs = list(zip(answers[QUALITIES[0]], told, strict=True))
            other = sum(a.label != b.label for a, b in pairs)
            sure = sum(a.unsure != b.unsure for a, b in pairs)
            moved = [abs((a.score or 0) - (b.score or 0)) for a, b in pairs]
            print(
                f"{model} {quality}: {other} of {n_clips} other labels, {sure} other sure, score "
                f"{statistics.mean(moved):.4f} (most {max(moved):.3f})"
            )


if __name__ == "__main__":
    main()
