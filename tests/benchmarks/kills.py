"""Kills a long run at random moments until it has finished: is the result that of a quiet run?

python -m tests.benchmarks.kills MUSIC [SONGS] [KILLS] [SUFFIX]

Makes SONGS hard links to the songs of MUSIC in a temporary folder beside it or in TMPDIR, ten of
them damaged, classifies them undisturbed, then again with KILLS SIGKILLs, and compares the two
outputs byte for byte.
"""

import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.many_files import link_songs, melonnx


def main() -> None:
    """Run both and print."""
    music = Path(sys.argv[1])
    n_songs = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    n_kills = int(sys.argv[3]) if len(sys.argv) > 3 else 50
    suffix = sys.argv[4] if len(sys.argv) > 4 else ".csv"
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        link_songs(music, root / "music", n_songs)
        for i in range(10):
            (root / "music" / f"bad {i}.mp3").write_bytes(rng.randbytes(999))
        began = time.monotonic()
        quiet, killed = root / f"quiet{suffix}", root / f"killed{suffix}"
        subprocess.run(melonnx(quiet, root), stderr=subprocess.DEVNULL, check=False)
        whole_s = time.monotonic() - began
        print(f"undisturbed: {n_songs + 10} songs, {whole_s:.1f} s", flush=True)
        in_the_middle = finished = 0
        for _ in range(n_kills):
            process = subprocess.Popen(melonnx(killed, root), stderr=subprocess.DEVNULL)
            try:
                process.wait(rng.uniform(0.1, whole_s / n_kills + 1))
                finished += 1
            except subprocess.TimeoutExpired:
                in_the_middle += rows(killed) < n_songs + 10
                process.send_signal(signal.SIGKILL)
                process.wait()
        result = subprocess.run(
            melonnx(killed, root), stderr=subprocess.PIPE, text=True, check=False
        )
        print(f"{n_kills} runs: {in_the_middle} killed with songs to hear, {finished} ended")
        print(result.stderr.strip())
        same = quiet.read_bytes() == killed.read_bytes()
        rest = sorted(path.name for path in root.iterdir())
        print(f"equal byte for byte: {same}; {quiet.stat().st_size} bytes; files: {rest}")
        if not same:
            raise SystemExit(1)


def rows(output: Path) -> int:
    """Songs in the journal."""
    journal = output.with_name(f"{output.name}.journal")
    return journal.read_bytes().count(b"\n") - 1 if journal.exists() else 0


if __name__ == "__main__":
    main()
