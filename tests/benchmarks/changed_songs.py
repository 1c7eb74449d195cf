"""How many songs of a run are still right at other levels, through codecs and cut short.

    python -m tests.benchmarks.changed_songs RUN EVERY

Each of every EVERYth song, in the order of the run, is asked of the file of its fold, which
has not heard its artist. `melonnx evaluate MODEL RUN --out REPORT` does it for all songs, in hours.
"""

import sys
from pathlib import Path

import numpy as np

from melonnx.train.evaluate.corruptions import CORRUPTIONS
from melonnx.train.evaluate.evaluation import open_predictors, read_test_songs
from melonnx.train.evaluate.predictions import predict_all
from melonnx.train.evaluate.robustness import predict_corrupted
from melonnx.train.progress import say


def main(run: Path, every: int) -> None:
    """Print a line for each change: share accepted, points gained or lost, other answers."""
    songs = read_test_songs(run, None, subgenres=False, say=say)
    folds = open_predictors(run / "model.onnx", run, songs)
    some = set(songs.tracks[::every])
    predictors = [(one, [track for track in own if track in some]) for one, own in folds]
    plain = predict_all(predictors, say)
    answers = predict_corrupted(CORRUPTIONS, predictors, plain, say)
    print(f"{len(plain.tracks)} songs, unchanged: {plain.right.mean():.1%} accepted")
    for change, own in zip(CORRUPTIONS, answers.T, strict=True):
        right = plain.accepted[np.arange(len(own)), own] & (own >= 0)
        points = 100 * (right.mean() - plain.right.mean())
        other = (own != plain.predicted).mean()
        print(f"{change.name:28} {right.mean():.1%} {points:+.1f} points, {other:.1%} others")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
