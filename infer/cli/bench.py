"""The command ``melonnx bench``."""

import json
from pathlib import Path
from typing import Annotated

import typer

from melonnx.infer.cli.options import Device, Model, Threads

__all__ = ["app"]

app = typer.Typer()


@app.command()
def bench(
    song: Annotated[
        Path | None, typer.Argument(help="An audio file; the sample of 30 s by default.")
    ] = None,
    model: Model = None,
    device: Device = "auto",
    threads: Threads = None,
    times: Annotated[int, typer.Option(min=1, help="Warm answers to time.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="All seconds, as one object.")] = False,
) -> None:
    """Time a song on this machine: from the prompt, warm, and where the time goes."""
    from melonnx.infer.diagnostics.timing import time_cold, time_warm
    from melonnx.infer.model.session import MODELS_FOLDER
    from melonnx.infer.predictor import Predictor
    from melonnx.infer.results.rows import printable

    path = song or MODELS_FOLDER / "sample.mp3"
    predictor = Predictor(model, device, threads)  # type: ignore[arg-type]
    answer = predictor.predict(path)
    name = f"{predictor.info.name} {predictor.info.version}"
    options = ["--device", device]
    options += ["--model", str(model)] if model else []
    options += ["--threads", str(threads)] if threads else []
    timings = [*time_warm(predictor, path, times), time_cold(path, options, max(3, times // 4))]
    if as_json:
        seconds = {timing.name: timing.seconds for timing in timings}
        facts = {"song": str(path), "duration_s": answer.duration_s, "model": name}
        print(json.dumps(facts | {"providers": predictor.providers, "seconds": seconds}))
        return
    print(f"{printable(str(path))}: {answer.duration_s:.0f} s; {name}, {predictor.providers[0]}")
    print(f"{'':24}{'median ms':>10}{'best':>8}{'of an answer':>14}")
    whole, *stages, cold = timings
    for label, timing in (
        ("from the prompt, cold", cold),
        ("an answer, warm", whole),
        *((f"  {stage.name}", stage) for stage in stages),
    ):
        share = "" if timing in (cold, whole) else f"{timing.median_s / whole.median_s:.0%}"
        figures = f"{1000 * timing.median_s:10.1f}{1000 * min(timing.seconds):8.1f}"
        print(f"{label:24}{figures}{share:>14}".rstrip())
    print(f"{1 / whole.median_s:.1f} songs a second, one after the other")
