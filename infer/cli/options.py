"""The options that several commands share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from melonnx.infer.cli.shell import complete

__all__ = [
    "Device",
    "GenreMap",
    "Genres",
    "Model",
    "PerGroup",
    "Recursive",
    "Sure",
    "Threads",
    "Track",
    "Where",
    "Workers",
]


Model = Annotated[
    Path | None,
    typer.Option(
        help="A model file, or genre-base or genre-small.", autocompletion=complete.models
    ),
]
Device = Annotated[
    str,
    typer.Option(help="auto, cpu or cuda.", autocompletion=complete.one_of("auto", "cpu", "cuda")),
]
Threads = Annotated[int | None, typer.Option(min=1, help="CPU threads; all by default.")]
Sure = Annotated[
    int,
    typer.Option(
        metavar="PERCENT",
        help="So many of the answers that are not marked unsure are right: 80, 90 or 95, as far as "
        "the model's file has them.",
        autocompletion=complete.one_of("80", "90", "95"),
    ),
]
Recursive = Annotated[bool, typer.Option("--recursive", "-r", help="Subfolders too.")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes that listen; one for each core by default.")
]
Track = Annotated[
    int | None,
    typer.Option(
        min=1, help="Of several audio tracks, in a video say; by default the one that is played."
    ),
]
GenreMap = Annotated[
    Path | None,
    typer.Option("--map", help='Genre by label (*.csv, *.toml, *.json): metal,"Heavy Metal".'),
]
Genres = Annotated[
    str | None,
    typer.Option(
        "--genres",
        metavar="LIST",
        help="The only genres that may be answers: rock,pop,jazz, or a file of them.",
        autocompletion=complete.genre_list,
    ),
]
Where = Annotated[
    str | None,
    typer.Option(
        "--where",
        metavar="CONDITION",
        help='Only songs of which it is true: "energy<0.3 and voice=instrumental".',
    ),
]
PerGroup = Annotated[
    Literal["album", "folder", "artist"] | None,
    typer.Option("--per", help="One answer for all songs of an album, a folder, an artist."),
]
