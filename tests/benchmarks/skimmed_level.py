"""How many moments of a song tell its level well enough, for its answer to stay what it is.

    python -m tests.benchmarks.skimmed_level COLLECTION [SONGS]

Songs of four minutes as in whole_songs.py, given as samples. The level of the whole song is the
measure; those of its windows alone, and of so many moments of so many seconds, are set beside it.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melonnx.infer import Prediction, Predictor
from melonnx.infer.audio.reader import load_audio, open_array
from melonnx.infer.frontend.long_tracks import Heard, hear
from melonnx.infer.frontend.mel import ClipLevel, mel_power, normalise
from tests.benchmarks.whole_songs import SECONDS, songs

MODELS = ("genre-base", "genre-small")
MOMENTS = ((20, 0.25), (40, 0.25), (20, 0.5), (40, 0.5), (80, 0.25))


def levels(total: NDArray[np.float64], heard: Heard, window: int, frame_s: float) -> dict:
    """Mean power of a frame by what is heard of ``total`` (frames,); "whole" comes first."""
    by_name = {
        "whole": total.mean(),
        "windows": np.mean([total[start : start + window].mean() for start in heard.starts]),
    }
    for number, seconds in MOMENTS:
        length = int(seconds / frame_s)
        starts = np.linspace(0, len(total) - length, number + 2)[1:-1].astype(int)
        means = [total[start : start + length].mean() for start in starts]
        by_name[f"{number} of {seconds} s"] = np.mean(means)
    return by_name


def answers(predictor: Predictor, waveform: NDArray[np.float32]) -> dict:
    """The level in dB beside the whole's, and the answer, by what the level is of."""
    info, spec = predictor.info, predictor.info.mel_spec
    with open_array(waveform, spec.sample_rate, spec.sample_rate) as reader:
        heard = hear(reader, spec, info.window, info.window_hop, info.max_windows)
        power = np.concatenate(list(mel_power([waveform], spec)))
        total = power.sum(axis=1, dtype=np.float64)
        found: dict[str, tuple[float, Prediction]] = {}
        for name, mean in levels(total, heard, info.window, spec.frame_seconds).items():
            level = ClipLevel(1.0, 0.0, float(mean) * len(power), len(power))
            log_mel = normalise(power.copy(), spec, level)
            one = replace(heard, log_mel=log_mel, rows=heard.starts)
            decibels = 10 * np.log10(mean / total.mean())
            outputs = predictor.run(predictor.patches(one))
            found[name] = float(decibels), predictor.answer(reader, one, outputs)
    return found


def main() -> None:
    """Print a line for each model and level."""
    n_songs = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    predictors = [Predictor(name, "cpu", 1) for name in MODELS]
    found: dict[str, list[dict]] = {name: [] for name in MODELS}
    for clips in songs(Path(sys.argv[1]), turn=0)[:n_songs]:
        for name, predictor in zip(MODELS, predictors, strict=True):
            rate = predictor.info.mel_spec.sample_rate
            song = np.concatenate([load_audio(clip, rate) for clip in clips])[: rate * SECONDS]
            found[name].append(answers(predictor, song))
    for name, rows in found.items():
        for way in list(rows[0])[1:]:
            misses = np.sqrt(np.mean([one[way][0] ** 2 for one in rows]))
            pairs = [(one["whole"][1], one[way][1]) for one in rows]
            same = sum(a.label == b.label for a, b in pairs)
            difference = np.mean([abs(a.score - b.score) for a, b in pairs])
            print(
                f"{name:12} {way:13} {misses:.2f} dB, score {difference:.4f}, "
                f"the same answer {same} of {len(rows)}"
            )


if __name__ == "__main__":
    main()
