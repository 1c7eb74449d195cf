"""What pictures and explanations of a song cost beyond its answer, after all is imported.

python tests/benchmarks/pictures.py [CLIP] [MODEL] [RUNS]

All steps are timed in turn; wall clock, and the processor's time of all threads.
"""

import statistics
import sys
import time
from collections.abc import Callable

from melonnx.demo.pictures.song import STAGES, draw, to_png
from melonnx.infer import Predictor
from melonnx.infer.explain.evidence import map_evidence
from melonnx.infer.explain.examine import examine
from melonnx.infer.explain.explanation import explain
from melonnx.infer.model.session import MODELS_FOLDER


def main() -> None:
    """Print a line for each step, and the pictures' sum."""
    clip = sys.argv[1] if len(sys.argv) > 1 else str(MODELS_FOLDER / "sample.mp3")
    predictor = Predictor(sys.argv[2] if len(sys.argv) > 2 else None, device="cpu")
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 7
    examined = examine(predictor, clip)
    evidence = map_evidence(predictor, examined)
    steps: dict[str, Callable[[], object]] = {
        "predict": lambda: predictor.predict(clip),
        "examine": lambda: examine(predictor, clip),
        "map evidence": lambda: map_evidence(predictor, examined),
        "explain": lambda: explain(predictor, examined, evidence),
    }
    for stage in STAGES:
        steps[stage] = lambda stage=stage: to_png(draw(stage, examined, evidence))
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
    for turn in range(runs + 1):
        for name, step in steps.items():
            wall, processor = time.perf_counter(), time.process_time()
            step()
            spent = time.perf_counter() - wall, time.process_time() - processor
            if turn:
                times[name].append(spent)
    medians = {
        name: tuple(1000 * statistics.median(column) for column in zip(*rows, strict=True))
        for name, rows in times.items()
    }
    medians["all pictures"] = tuple(map(sum, zip(*(medians[one] for one in STAGES), strict=True)))
    print(f"{clip}, {predictor.info.name}, median ms of {runs} runs in turn: wall, processor")
    for name, (wall, processor) in medians.items():
        print(f"{name:14} {wall:8.1f} {processor:8.1f}")


if __name__ == "__main__":
    main()
