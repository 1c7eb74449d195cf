"""The command ``melonnx data``."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from melonnx.train.progress import show_progress

__all__ = ["app"]

app = typer.Typer()


@app.callback()
def _data() -> None:
    """Keep ``data`` a named command although it is the only one here."""


@app.command()
def data(
    root: Annotated[
        Path, typer.Argument(metavar="DATA", help="Folder of <genre>/<file>, FMA or GTZAN.")
    ],
    artists: Annotated[
        Path | None, typer.Option(help="CSV with path and artist; DATA/tracks.csv by default.")
    ] = None,
    subgenres: Annotated[bool, typer.Option("--subgenres", help="Count by sub-genre.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Take stock of a data set: counts, hours, files that are broken or there twice.

    Decodes all of it, so that the figures are of the audio and not of its headers.
    """
    from melonnx.train.data.inventory.output import print_inventory, print_json
    from melonnx.train.data.inventory.take import take_inventory
    from melonnx.train.data.readers.dataset import read_dataset

    dataset = read_dataset(root.resolve(), artists, subgenres=subgenres)
    inventory = take_inventory(dataset, partial(show_progress, what="listening"))
    if as_json:
        print_json(inventory)
    else:
        print_inventory(inventory)
