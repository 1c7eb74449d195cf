"""The options that several commands share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from melonnx.infer.cli.shell import complete
from melonnx.infer.units import read_clock

__all__ = [
    "Decisions",
    "Device",
    "Exclude",
    "GenreMap",
    "Genres",
    "LongerThan",
    "Model",
    "PerGroup",
    "Recursive",
    "ShorterThan",
    "Skim",
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
Skim = Annotated[
    bool,
    typer.Option(
        "--skim/--whole",
        help="Decode of long songs only the places that the model listens to (genre-base six): "
        "three times as fast, but what is damaged elsewhere goes unseen. Or all of each.",
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
Decisions = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="What was decided in melonnx review, which is sure; by default what lies beside "
        "the results, or the index.",
    ),
]


def _length(text: str) -> float:
    try:
        return read_clock(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


LongerThan = Annotated[
    float | None,
    typer.Option(parser=_length, metavar="TIME", help="Only longer songs: seconds, or 1:30."),
]
ShorterThan = Annotated[
    float | None,
    typer.Option(parser=_length, metavar="TIME", help="Only shorter songs: 1200, or 20:00."),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        metavar="GLOB",
        help='Not files or folders of this name, "Live*", or with a slash, path, "Queen/*.ogg". '
        "May be given several times.",
    ),
]
