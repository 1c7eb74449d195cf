"""The command ``melonnx map``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from melonnx.infer.errors import IndexFileError, OutputError
from melonnx.infer.results.listing import say

__all__ = ["app"]

app = typer.Typer()


@app.callback()
def _map() -> None:
    """Keep ``map`` a named command although it is the only one here."""


@app.command("map")
def draw_map(
    index: Annotated[
        Path, typer.Argument(metavar="INDEX", help="From melonnx classify --embeddings.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", dir_okay=False, help="*.html, for any browser.")
    ],
    layout: Annotated[
        Literal["tsne", "pca"] | None,
        typer.Option(help="t-SNE up to 10,000 songs and PCA beyond, by default."),
    ] = None,
) -> None:
    """Draw a library as a map: near songs sound alike, colours are genres.

    One file without network: genres are hidden and shown, songs searched, and a lasso (or
    Shift) makes a playlist. Where songs lie is kept in INDEX.map.npz.
    """
    from melonnx.demo.map.document import to_html
    from melonnx.demo.map.layout import place_kept
    from melonnx.infer.results.replace import writing
    from melonnx.infer.similar.index import read_index

    if out.suffix.lower() not in (".html", ".htm"):
        raise typer.BadParameter("its name must end with .html", param_hint="--out")
    library = read_index(index)
    if not library.paths:
        raise IndexFileError(f"{index}: holds no songs")
    try:
        places, method = place_kept(library, index, layout)
        text = to_html(library, places, method, index.stem)
        with writing(out) as part:
            part.write_text(text, "utf-8")
    except OSError as error:
        raise OutputError(f"{out}: cannot be written ({error.strerror or error})") from None
    say(f"{len(library.paths):,} songs in {out}")
