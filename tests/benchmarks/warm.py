"""Warm speed on one thread, and where the time goes: decode, resample, mel, network.

python tests/benchmarks/warm.py [CLIP] [RUNS]

The stages are timed apart from the whole, on the same clip in the same run; the front end is
also set against librosa's (same parameters, warm) where librosa is installed.
"""

import statistics
import sys
import time
from collections.abc import Callable

import soundfile
import soxr

from melonnx.infer import Predictor
from melonnx.infer.long_tracks import hear
from melonnx.infer.mel import mel_power
from melonnx.infer.model import DEFAULT_MODEL, load_model
from melonnx.infer.predictor import _BATCH
from melonnx.infer.windows import patch_batches


def main() -> None:
    """Time all stages in turn and print."""
    clip = sys.argv[1] if len(sys.argv) > 1 else str(DEFAULT_MODEL.parent / "sample.mp3")
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    predictor = Predictor(device="cpu", threads=1)
    model = load_model(device="cpu", threads=1)
    info, spec = model.info, model.info.mel_spec
    samples, rate = soundfile.read(clip, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    waveform = soxr.resample(mono, rate, spec.sample_rate)
    blocks = [waveform[at : at + 65536] for at in range(0, len(waveform), 65536)]
    heard = hear(blocks, spec, info.window, info.window_hop, info.max_windows)
    batches = list(patch_batches(heard.log_mel, info.window, heard.rows, _BATCH))
    stages: dict[str, Callable[[], object]] = {
        "whole": lambda: predictor.predict(clip),
        "decode": lambda: soundfile.read(clip, dtype="float32", always_2d=True),
        "resample": lambda: soxr.resample(mono, rate, spec.sample_rate),
        "mel": lambda: list(mel_power(blocks, spec)),
        "network": lambda: [model.run(patches, evidence=False) for patches in batches],
    }
    try:
        import librosa
    except ModuleNotFoundError:
        print("librosa is not installed: its front end is left out")
    else:
        stages["(librosa's mel)"] = lambda: librosa.feature.melspectrogram(
            y=waveform, sr=spec.sample_rate, n_fft=spec.n_fft, hop_length=spec.hop_length
        )
    times: dict[str, list[float]] = {name: [] for name in stages}
    for turn in range(runs + 3):
        for name, stage in stages.items():
            began = time.perf_counter()
            stage()
            if turn >= 3:
                times[name].append(time.perf_counter() - began)
    whole = statistics.median(times["whole"])
    print(f"{clip}: {len(samples) / rate:.0f} s, {len(heard.starts)} windows, {runs} runs in turn")
    print(f"{'':16} median ms  of the whole")
    for name, seconds in times.items():
        middle = statistics.median(seconds)
        print(f"{name:16} {1000 * middle:9.1f}  {middle / whole:12.0%}")
    best = min(times["whole"])
    print(f"one thread: {1 / whole:.1f} files/s (median), {1 / best:.1f} (best)")


if __name__ == "__main__":
    main()
