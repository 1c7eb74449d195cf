"""The command ``melonnx explain``."""

import json
from typing import Annotated

import typer

from melonnx.infer.cli.options import Device, Model, Sure, Threads, Track
from melonnx.infer.cli.shell import complete
from melonnx.infer.results.listing import say

__all__ = ["app"]

app = typer.Typer()


@app.command()
def explain(
    song: Annotated[str, typer.Argument(metavar="SONG", help="An audio file.")],
    against: Annotated[
        str | None,
        typer.Option(help="A genre; the runner-up by default.", autocompletion=complete.genres),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    track: Track = None,
    sure: Sure = 90,
    model: Model = None,
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Tell which seconds and bands of a song spoke for its genre, and against another.

    Each place is silenced and the model asked again: the numbers are what it then answers.
    """
    from melonnx.infer.explain.examine import examine
    from melonnx.infer.explain.explanation import explain
    from melonnx.infer.explain.words import in_words
    from melonnx.infer.predictor import Predictor
    from melonnx.infer.results.rows import printable

    predictor = Predictor(model, device, threads, sure=sure, track=track)  # type: ignore[arg-type]
    examined = examine(predictor, song)
    explanation = explain(predictor, examined, against=against)
    for warning in examined.prediction.warnings:
        say(f"{song}: {warning}")
    if as_json:
        print(json.dumps(explanation.to_dict()))
        return
    print(f"{printable(song)}: ", end="")
    print(*in_words(explanation), sep="\n")
