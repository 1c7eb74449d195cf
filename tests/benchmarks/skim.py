"""Whole songs, read through and skimmed: milliseconds of one thread, and whether they agree.

python tests/benchmarks/skim.py MUSIC [SONGS]

Clips of one genre after the other, brought to 44.1 kHz stereo, make songs of four minutes.
"""

import itertools
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from melonnx.infer import Predictor
from melonnx.infer.audio.reader import load_audio
from melonnx.infer.library.find import find_music

RATE, SECONDS = 44100, 240


def cpu_s(predictor: Predictor, path: Path) -> tuple[float, str]:
    """Processor seconds of the best of three, and the answer."""
    times: list[float] = []
    for _ in range(4):
        began = time.process_time()
        label = predictor.predict(path).label
        times.append(time.process_time() - began)
    return min(times[1:]), label


def main() -> None:
    """Print a line for each format."""
    n_songs = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    folders = sorted(folder for folder in Path(sys.argv[1]).iterdir() if folder.is_dir())
    clips = {folder: itertools.cycle(find_music(folder, recursive=True)) for folder in folders}
    whole, skimming = (Predictor(device="cpu", threads=1, skim=skim) for skim in (False, True))
    ratios: dict[str, list[float]] = {}
    same: dict[str, int] = {}
    for folder in itertools.islice(itertools.cycle(folders), n_songs):
        parts: list[np.ndarray] = []
        while sum(map(len, parts)) < RATE * SECONDS:
            parts.append(load_audio(str(next(clips[folder])), RATE))
        song = np.repeat(np.concatenate(parts)[: RATE * SECONDS, None], 2, axis=1)
        for kind, subtype in (("mp3", "MPEG_LAYER_III"), ("flac", "PCM_16"), ("wav", "PCM_16")):
            with tempfile.TemporaryDirectory() as temporary:
                path = Path(temporary) / f"song.{kind}"
                soundfile.write(path, song, RATE, subtype)
                (all_s, label), (some_s, skimmed) = (cpu_s(one, path) for one in (whole, skimming))
            ratios.setdefault(kind, []).append(all_s / some_s)
            same[kind] = same.get(kind, 0) + (label == skimmed)
            last = f"the last {1000 * all_s:.0f} and {1000 * some_s:.0f} ms"
            print(f"{kind}: {last}", file=sys.stderr)
    for kind, figures in ratios.items():
        low, middle, high = min(figures), float(np.median(figures)), max(figures)
        print(
            f"{kind:5} {middle:.1f} times as fast skimmed ({low:.1f} to {high:.1f}); the same "
            f"answer for {same[kind]} of {n_songs} songs"
        )


if __name__ == "__main__":
    main()
