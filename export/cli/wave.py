"""The command ``melonnx wave``."""

from pathlib import Path
from typing import Annotated

import typer

from melonnx.infer.cli.shell import complete

__all__ = ["app"]

app = typer.Typer()


@app.callback()
def _wave() -> None:
    """Keep ``wave`` a named command although it is the only one here."""


@app.command()
def wave(
    model: Annotated[
        Path,
        typer.Argument(
            help="A model file, or a released one's name.", autocompletion=complete.models
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="The twin to write; by default MODEL.wave.onnx beside the file, or here of a name."
        ),
    ] = None,
) -> None:
    """Write the waveform twin of a finished model: samples in, the final answer out."""
    from melonnx.export.wave.twin import is_twin, save_twin, twin_path
    from melonnx.infer.model.session import TWIN_SUFFIX, find_model

    if out is not None and not is_twin(out):
        raise typer.BadParameter(f"must end with {TWIN_SUFFIX}", param_hint="--out")
    source = find_model(model)
    beside = twin_path(source)
    target = out or (beside if source == model else Path(beside.name))
    for output, worst in save_twin(source, target).items():
        print(f"{output:13} worst difference from the runtime {worst.difference:.1e}")
    print(f"wrote {target} ({target.stat().st_size / 1e6:.2f} MB)")
