"""Counts what a model takes for no music: sounds that are none, by folder, and real songs.

    python -m tests.benchmarks.not_music MODEL SOUNDS SONGS...

``SOUNDS``: speech and effects in folders, none of which the model has learnt from. Noises are
made besides, with another seed than in training. Each folder of ``SONGS`` should be all music.
"""

import sys
from pathlib import Path

import numpy as np

from melonnx.infer import Predictor
from melonnx.infer.library.find import classify_files, find_music
from melonnx.train.data.noises import make_noises

_EACH, _SEED, _RATE = 50, 2024, 22050
_SHOWN = 10


def main(model: str, sounds: str, *songs: str) -> None:
    """Print a line for each kind of noise, each folder of sounds and each folder of songs."""
    predictor = Predictor(model)
    bar = predictor.info.music_bar
    print(f"{model}: no music below {bar:.3f}")
    by_kind: dict[str, list[float]] = {}
    for noise in make_noises(_RATE, _EACH, _SEED):
        music = predictor.predict_array(noise.samples, _RATE).music
        by_kind.setdefault(noise.kind, []).append(music or 0.0)
    for folder in sorted(Path(sounds).iterdir()):
        by_kind[folder.name] = [music for music, _ in _heard(predictor, folder)]
    for kind, values in by_kind.items():
        print(f"{kind:12} {np.mean(np.array(values) < bar):6.1%} of {len(values)} said to be none")
    every = np.concatenate([np.array(values) for values in by_kind.values()])
    print(f"{'all':12} {np.mean(every < bar):6.1%} of {len(every)}")
    for folder in map(Path, songs):
        heard = sorted(_heard(predictor, folder))
        refused = sum(music < bar for music, _ in heard)
        print(
            f"{folder.name}: {refused / len(heard):.2%} of {len(heard)} songs refused; the lowest:"
        )
        for music, path in heard[:_SHOWN]:
            print(f"  {music:.3f} {path}")


def _heard(predictor: Predictor, folder: Path) -> list[tuple[float, str]]:
    paths = sorted(find_music(folder, recursive=True))
    predictions = classify_files(predictor, paths)
    return [(p.music, p.path) for p in predictions if p.music is not None]


if __name__ == "__main__":
    main(*sys.argv[1:])
