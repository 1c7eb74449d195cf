"""Released models with smaller weights: how often they answer alike, how well, and how fast.

    python -m tests.benchmarks.smaller COLLECTION [CLIPS [MODEL …]]

COLLECTION has a tracks.csv (path, genre, also). Of each model are made: float16 weights, int8 as
`melonnx export --quantise int8` makes it (static, per channel, below the pooling), and int8 weights
alone (dynamic). Ranges are set on 32 other clips. Each clip's mel is made once, and each file's
network asked for it in turn; times are processor time on one thread, against float32. Needs the
"train" extra.
"""

import csv
import itertools
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import quantize_dynamic

from melonnx.export.quantise import quantise
from melonnx.export.seal import seal
from melonnx.infer import Prediction, Predictor
from melonnx.infer.audio.reader import open_audio
from melonnx.infer.frontend.long_tracks import hear
from melonnx.infer.model.session import find_model

RANGES = 32


def tracks(collection: Path, n: int) -> list[tuple[Path, set[str]]]:
    """Clips in chance order with the genres that are right."""
    with open(collection / "tracks.csv", newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    chosen = np.random.default_rng(0).permutation(len(rows))[: n + RANGES]
    return [
        (collection / row["path"], {row["genre"], *filter(None, row["also"].split(";"))})
        for row in (rows[i] for i in chosen)
    ]


def ways(model: str, clips: list[Path], folder: Path) -> dict[str, Predictor]:
    """The same network stored in each way."""
    whole, released = Predictor(model, "cpu", 1), find_model(model)
    batches: list[Any] = []
    for clip in clips:
        with open_audio(clip, whole.info.mel_spec.sample_rate) as reader:
            info = whole.info
            heard = hear(reader, info.mel_spec, info.window, info.window_hop, info.max_windows)
        batches += whole.patches(heard)
    patches = np.concatenate(batches)
    float32 = onnx.load(released)
    made = {"float32": whole}
    for kind in ("float16", "int8"):
        path = folder / f"{model}-{kind}.onnx"
        path.write_bytes(seal(quantise(float32, kind, patches)))
        made[kind] = Predictor(path, "cpu", 1)
    path = folder / f"{model}-dynamic.onnx"
    quantize_dynamic(released, path, ["Conv", "MatMul", "Gemm"], per_channel=True)
    path.write_bytes(seal(onnx.load(path)))
    made["int8, dynamic"] = Predictor(path, "cpu", 1)
    sizes = [released, *(folder / f"{model}-{one}.onnx" for one in ("float16", "int8", "dynamic"))]
    for name, file in zip(made, sizes, strict=True):
        print(f"{model} {name}: {file.stat().st_size / 1e6:.2f} MB")
    return made


def main() -> None:
    """Print a line for each file."""
    collection, n_clips = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 300
    clips = tracks(collection, n_clips)
    for model in sys.argv[3:] or ["genre-base", "genre-small"]:
        with TemporaryDirectory() as folder:
            made = ways(model, [path for path, _ in clips[n_clips:]], Path(folder))
            answers: dict[str, list[Prediction]] = {name: [] for name in made}
            seconds: dict[str, list[float]] = {name: [] for name in made}
            for (path, _), turn in zip(clips[:n_clips], itertools.count()):
                info = made["float32"].info
                with open_audio(path, info.mel_spec.sample_rate) as reader:
                    sizes = info.window, info.window_hop, info.max_windows
                    heard = hear(reader, info.mel_spec, *sizes)
                    names = list(made)
                    for name in names[turn % len(names) :] + names[: turn % len(names)]:
                        one = made[name]
                        began = time.thread_time()
                        outputs = one.run(one.patches(heard))
                        seconds[name].append(time.thread_time() - began)
                        answers[name].append(one.answer(reader, heard, outputs))
        print(f"{model}, {n_clips} clips: other labels, other sure, sure and another label; score")
        for name, told in answers.items():
            pairs = list(zip(answers["float32"], told, strict=True))
            other = sum(a.label != b.label for a, b in pairs)
            sure = sum(a.unsure != b.unsure for a, b in pairs)
            worst = sum(a.label != b.label and not a.unsure for a, b in pairs)
            moved = [abs((a.score or 0) - (b.score or 0)) for a, b in pairs]
            right = sum(a.label in good for a, (_, good) in zip(told, clips, strict=False))
            ratios = [b / a for a, b in zip(seconds["float32"], seconds[name], strict=True)]
            low, middle, high = np.percentile(ratios, [5, 50, 95])
            print(
                f"{name:14} {other / n_clips:6.1%} {sure / n_clips:6.1%} {worst:4} "
                f"{statistics.mean(moved):.4f} (most {max(moved):.3f}); accepted "
                f"{right / n_clips:.1%}; time {middle:.2f} ({low:.2f} to {high:.2f})"
            )


if __name__ == "__main__":
    main()
