"""What a stream costs: processor time for each answer, and memory over hours.

python tests/benchmarks/stream.py [HOURS]

Noise bursts at 44.1 kHz stereo in blocks of 0.1 s, one thread, the default length and hop.
"""

import resource
import sys
import time

import numpy as np

from melonnx.infer import Predictor

RATE, BLOCK = 44100, 4410


def main() -> None:
    """Print a line for each released model."""
    hours = float(sys.argv[1]) if len(sys.argv) > 1 else 0.2
    rng = np.random.default_rng(0)
    minute = (rng.standard_normal((60 * RATE, 2)) * 0.1).astype(np.float32)
    minute *= np.repeat(rng.uniform(0, 1, 600), BLOCK)[:, None].astype(np.float32)
    for name in ("genre-base", "genre-small"):
        stream = Predictor(name, device="cpu", threads=1).stream(RATE)
        for at in range(0, len(minute), BLOCK):
            stream.push(minute[at : at + BLOCK])
        early, began, n_answers = _peak(), time.process_time(), 0
        for _ in range(round(hours * 60)):
            for at in range(0, len(minute), BLOCK):
                n_answers += len(stream.push(minute[at : at + BLOCK]))
        took = time.process_time() - began
        print(
            f"{name:12} {1000 * took / n_answers:5.1f} ms an answer; "
            f"{early:.0f} MB after a minute, {_peak():.0f} MB after {hours:g} h"
        )


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
