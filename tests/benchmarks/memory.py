"""Peak memory: nothing loaded, one clip, and three hours of music.

python tests/benchmarks/memory.py

Makes a three-hour stereo flac of noise bursts in a temporary folder (about 1 GB for a minute).
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from melonnx.infer.model.session import DEFAULT_MODEL

PROGRAM = (
    "import resource, sys\n"
    "from melonnx.infer import Predictor\n"
    "predictor = Predictor(device='cpu', skim=False)\n"
    "if len(sys.argv) > 1: print(predictor.predict(sys.argv[1]).duration_s, end=' s: ')\n"
    "print(round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024), 'MB')\n"
)


def peak(*arguments: str) -> str:
    """What a fresh process says of its own peak."""
    line = [sys.executable, "-c", PROGRAM, *arguments]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    """Print three figures."""
    print("model loaded, no song:", peak())
    print("a clip of", peak(str(DEFAULT_MODEL.parent / "sample.mp3")))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.flac"
        rng = np.random.default_rng(0)
        minute = (rng.uniform(-0.3, 0.3, (60 * 44100, 2))).astype(np.float32)
        with soundfile.SoundFile(path, "w", 44100, 2, subtype="PCM_16") as file:
            for _ in range(180):
                file.write(minute)
        print("a file of", peak(str(path)))


if __name__ == "__main__":
    main()
