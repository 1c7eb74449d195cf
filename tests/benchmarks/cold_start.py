"""Cold start: ``melonnx classify CLIP`` against a bare script, in turn; and ``--help``.

python tests/benchmarks/cold_start.py [CLIP] [RUNS]

Prints seconds of wall time (minimum, median, maximum) and of processor time, peak memory, and both
ratios pair by pair.
Take a 30 s, 44.1 kHz stereo clip; the sample in models/ is one.
"""

import os
import statistics
import sys
import time
from pathlib import Path

from melonnx.infer.model.session import DEFAULT_MODEL

MELONNX = str(Path(sys.executable).parent / "melonnx")
BARE = str(Path(__file__).parent / "bare.py")


def run_once(command: list[str]) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak resident MB of one run."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    began = time.perf_counter()
    pid = os.posix_spawn(
        command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, quiet, 1)]
    )
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - began
    os.close(quiet)
    if status:
        raise SystemExit(f"{' '.join(command)} failed with status {status}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Run all in turn and print."""
    clip = sys.argv[1] if len(sys.argv) > 1 else str(DEFAULT_MODEL.parent / "sample.mp3")
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 15
    commands = {
        "melonnx classify": [MELONNX, "classify", clip],
        "bare script": [sys.executable, BARE, clip, str(DEFAULT_MODEL)],
        "melonnx --help": [MELONNX, "--help"],
    }
    for command in commands.values():
        run_once(command)
    results = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            results[name].append(run_once(command))
    print(f"{clip}, {runs} runs in turn\n{'':18} min    median  max   s    processor s    peak MB")
    for name, figures in results.items():
        seconds, processor, memory = zip(*figures, strict=True)
        low, middle, high = min(seconds), statistics.median(seconds), max(seconds)
        work, peak = statistics.median(processor), statistics.median(memory)
        print(f"{name:18} {low:.3f}  {middle:.3f}  {high:.3f}      {work:.3f}          {peak:.0f}")
    pairs = list(zip(results["melonnx classify"], results["bare script"], strict=True))
    for which, name in ((0, "wall time"), (1, "processor time")):
        ratios = [ours[which] / bare[which] for ours, bare in pairs]
        print(
            f"classify / bare, pair by pair, {name}: min {min(ratios):.2f}, median "
            f"{statistics.median(ratios):.2f}, max {max(ratios):.2f}"
        )


if __name__ == "__main__":
    main()
