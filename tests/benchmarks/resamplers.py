"""What ffmpeg's resamplers make of the sample clip's answer, beside melonnx's own.

python tests/benchmarks/resamplers.py [MODEL]
"""

import subprocess
import sys

import numpy as np

from melonnx.infer import Predictor
from melonnx.infer.model.released import MODELS_FOLDER

SAMPLE = MODELS_FOLDER / "sample.mp3"
RESAMPLERS = (
    "resampler=swr",
    "resampler=swr:filter_size=64:cutoff=0.97",
    "resampler=swr:filter_size=128:cutoff=0.98:phase_shift=10",
    "resampler=soxr",
    "resampler=soxr:precision=28",
)


def main() -> None:
    """Print the three likeliest genres by resampler."""
    predictor = Predictor(sys.argv[1] if len(sys.argv) > 1 else "genre-base", device="cpu")
    rate = predictor.info.mel_spec.sample_rate
    answers = {"melonnx": predictor.predict(SAMPLE)}
    for options in RESAMPLERS:
        chain = f"aformat=channel_layouts=mono,aresample={rate}:{options}"
        line = ["ffmpeg", "-v", "error", "-i", str(SAMPLE), "-af", chain, "-f", "f32le", "-"]
        raw = subprocess.run(line, capture_output=True, check=True).stdout
        answers[options] = predictor.predict_array(np.frombuffer(raw, "<f4"), rate)
    for name, answer in answers.items():
        shares = ", ".join(f"{genre} {share:.3f}" for genre, share in answer.top(3))
        print(f"{name:56}{shares}")


if __name__ == "__main__":
    main()
