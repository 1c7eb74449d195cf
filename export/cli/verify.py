"""The command ``melonnx verify``."""

from pathlib import Path
from typing import Annotated

import typer

from melonnx.infer.cli.shell import complete

__all__ = ["app"]

app = typer.Typer()


@app.callback()
def _verify() -> None:
    """Keep ``verify`` a named command although it is the only one here."""


@app.command()
def verify(
    model: Annotated[
        Path,
        typer.Argument(
            help="A model file, its waveform twin, or a released model's name.",
            autocompletion=complete.models,
        ),
    ],
    keras: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="The run it was exported from: Keras is asked too."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="A folder of music to ask about, besides the sample clip.")
    ] = None,
) -> None:
    """Repeat the proof of an export here: form, checksum, waveform twin, and Keras.

    Prints the worst difference of each output and where it is; exit code 1 if one is too large.
    Evidence, by place, counts as far as its mean over places and its median place differ.
    """
    from melonnx.export.verify import verify as run_checks
    from melonnx.infer.model.session import find_model

    all_pass = True
    for check in run_checks(find_model(model), keras, data):
        all_pass &= check.passes
        verdict = "ok" if check.passes else "FAILED"
        if check.worst is None:
            said = check.problem or check.note
            print(f"{verdict:6}  {check.name}{': ' if said else ''}{said}")
        else:
            figures = f"{check.worst.difference:.1e} of {check.allowed:.0e} allowed"
            print(f"{verdict:6}  {check.name}: {figures}, in {check.worst.where}", flush=True)
    if not all_pass:
        raise typer.Exit(1)
