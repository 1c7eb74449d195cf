"""The command ``melonnx explain``."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer()


@app.callback()
def _explain() -> None:
    """Keep ``explain`` a named command although it is the only one here."""


@app.command()
def explain(
    song: Annotated[str, typer.Argument(metavar="SONG", help="An audio file.")],
    against: Annotated[str | None, typer.Option(help="A genre; the runner-up by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    model: Annotated[
        Path | None, typer.Option(help="A model file, or genre-base or genre-small.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; all by default.")] = None,
) -> None:
    """Tell which seconds and bands of a song spoke for its genre, and against another.

    Each place is silenced and the model asked again: the numbers are what it then answers.
    """
    from melonnx.infer.examine import examine
    from melonnx.infer.explain import explain
    from melonnx.infer.explain_output import in_words
    from melonnx.infer.predictor import Predictor
    from melonnx.infer.rows import printable

    predictor = Predictor(model, device, threads)  # type: ignore[arg-type]
    examined = examine(predictor, song)
    explanation = explain(predictor, examined, against=against)
    for warning in examined.prediction.warnings:
        print(f"melonnx: {printable(song)}: {warning}", file=sys.stderr)
    if as_json:
        print(json.dumps(explanation.to_dict()))
        return
    print(f"{printable(song)}: ", end="")
    print(*in_words(explanation), sep="\n")
