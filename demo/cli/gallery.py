"""The command ``melonnx gallery``."""

from pathlib import Path
from typing import Annotated

import typer

from melonnx.demo.cli.options import Dark, Out, require_picture_path
from melonnx.infer.results.listing import say

__all__ = ["app"]

app = typer.Typer()


@app.callback()
def _gallery() -> None:
    """Keep ``gallery`` a named command although it is the only one here."""


@app.command()
def gallery(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="A folder of music: <genre>/<file>.")
    ],
    out: Out,
    dark: Dark = False,
) -> None:
    """Draw two mel spectrograms of each genre side by side."""
    from melonnx.demo.pictures.gallery import draw_gallery, find_examples
    from melonnx.demo.pictures.style import save

    require_picture_path(out)
    save(draw_gallery(find_examples(data, say), dark=dark), out)
