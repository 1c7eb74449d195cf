"""The waveform twins against the numpy path, on one thread: samples to answer.

python tests/benchmarks/twin.py [SECONDS] [RUNS]

The sample clip, repeated or cut to SECONDS (30). Both take the same samples in turn in one run and
answer the same; the twin besides gives evidence. Times are of the processor, so that a busy machine
does not blur them.
"""

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import onnxruntime

from melonnx.infer import Predictor
from melonnx.infer.audio.reader import load_audio
from melonnx.infer.model.session import MODELS_FOLDER, TWIN_SUFFIX, released_models


def main() -> None:
    """Time every released model and its twin, and print."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    print(f"{seconds:g} s of samples, {runs} runs in turn, median processor ms on one thread")
    for name, path in sorted(released_models().items()):
        predictor = Predictor(path, device="cpu", threads=1)
        rate = predictor.info.mel_spec.sample_rate
        waveform = np.resize(load_audio(MODELS_FOLDER / "sample.mp3", rate), int(seconds * rate))
        twin = path.with_name(f"{path.stem}{TWIN_SUFFIX}")
        session = onnxruntime.InferenceSession(twin, options, providers=["CPUExecutionProvider"])
        stages: dict[str, Callable[[], object]] = {
            "numpy": lambda p=predictor, w=waveform, r=rate: p.predict_array(w, r),
            "twin": lambda s=session, w=waveform[None]: s.run(None, {"waveform": w}),
        }
        times: dict[str, list[float]] = {stage: [] for stage in stages}
        for turn in range(runs + 2):
            for stage, run in stages.items():
                began = time.process_time()
                run()
                if turn >= 2:
                    times[stage].append(1000 * (time.process_time() - began))
        path_ms, twin_ms = (statistics.median(times[stage]) for stage in stages)
        print(f"{name:12} numpy {path_ms:7.1f}  twin {twin_ms:7.1f}  ratio {twin_ms / path_ms:.2f}")


if __name__ == "__main__":
    main()
