"""The released models side by side on one thread: a whole song, and the network alone.

python tests/benchmarks/models.py [CLIP] [RUNS] [MODEL.onnx ...]

All are timed in turn in one run, other files beside them; the figures at the right are ratios to
the fastest.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from melonnx.infer import Predictor
from melonnx.infer.audio.reader import load_audio
from melonnx.infer.frontend.mel import log_mel
from melonnx.infer.frontend.windows import patch_batches, window_starts
from melonnx.infer.model.session import MODELS_FOLDER, load_model, released_models


def main() -> None:
    """Time every released model and print."""
    clip = sys.argv[1] if len(sys.argv) > 1 else str(MODELS_FOLDER / "sample.mp3")
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    stages: dict[tuple[str, str], Callable[[], object]] = {}
    sizes: dict[str, str] = {}
    others = {Path(name).stem: Path(name) for name in sys.argv[3:]}
    for name, path in sorted((released_models() | others).items()):
        predictor = Predictor(path, device="cpu", threads=1)
        stages[name, "whole"] = lambda predictor=predictor: predictor.predict(clip)
        stages[name, "network"], n_windows = _network(path, clip)
        sizes[name] = f"{path.stat().st_size / 1e6:.2f} MB, {n_windows} windows"
    times: dict[tuple[str, str], list[float]] = {stage: [] for stage in stages}
    for turn in range(runs + 3):
        for stage, run in stages.items():
            began = time.perf_counter()
            run()
            if turn >= 3:
                times[stage].append(time.perf_counter() - began)
    medians = {stage: 1000 * statistics.median(seconds) for stage, seconds in times.items()}
    print(f"{clip}, {runs} runs in turn, median ms on one thread")
    for what in ("whole", "network"):
        fastest = min(value for (_, stage), value in medians.items() if stage == what)
        for name, size in sizes.items():
            value = medians[name, what]
            print(f"{what:8} {name:12} {value:8.1f} ms  {value / fastest:5.1f} x  ({size})")


def _network(path: Path, clip: str) -> tuple[Callable[[], object], int]:
    model = load_model(path, device="cpu", threads=1)
    info = model.info
    frames = log_mel(load_audio(clip, info.mel_spec.sample_rate), info.mel_spec)
    starts = window_starts(len(frames), info.window, info.window_hop, info.max_windows)
    batches = list(patch_batches(frames, info.window, starts, 2))
    return lambda: [model.run(patches, evidence=False) for patches in batches], len(starts)


if __name__ == "__main__":
    main()
