"""The command ``melonnx similar``."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from melonnx.infer.cli.options import Device, Threads, Track
from melonnx.infer.cli.shell import complete
from melonnx.infer.results.listing import Line, print_listing, say

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from melonnx.infer.similar.index import Index
    from melonnx.infer.similar.neighbours import Neighbour

__all__ = ["app"]

app = typer.Typer()


@app.command()
def similar(
    song: Annotated[str, typer.Argument(help="An audio file, or a path that the index has.")],
    index: Annotated[
        Path, typer.Option("--in", metavar="INDEX", help="From melonnx classify --embeddings.")
    ],
    top: Annotated[int, typer.Option(min=1, help="Songs to name.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    approximate: Annotated[
        bool,
        typer.Option(
            "--approximate", help="For millions of songs: a graph, made once, lies beside INDEX."
        ),
    ] = False,
    track: Track = None,
    model: Annotated[
        Path | None,
        typer.Option(
            help="The index's model, where it is not a released one.",
            autocompletion=complete.models,
        ),
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Find the songs of an index that sound most like SONG.

    A song that the index has is not heard again, and is not among its own neighbours.
    """
    from melonnx.infer.similar.index import read_index
    from melonnx.infer.similar.neighbours import find_row, model_of, neighbours

    library = read_index(index)
    row = find_row(library, song)
    if model is not None or row is None:
        model = Path(model_of(library, model))
    if row is None:
        from melonnx.infer.predictor import Predictor

        predictor: Any = Predictor(model, device, threads, track=track)  # type: ignore[arg-type]
        query = predictor.predict(song).embedding
    else:
        query = library.embeddings[row]
    candidates = None
    if approximate and library.paths:
        candidates = _candidates(index, library, query, top)
    _print(neighbours(library, query, top, but=row, candidates=candidates), as_json=as_json)


def _candidates(index: Path, library: "Index", query: Any, top: int) -> "NDArray[np.intp]":
    from melonnx.infer.similar.graph import (
        build_graph,
        find_candidates,
        graph_path,
        is_fresh,
        open_graph,
    )

    if not is_fresh(index):
        say(f"{graph_path(index)}: making the graph, once")
        build_graph(library.embeddings, graph_path(index))
    return find_candidates(open_graph(index, library.embeddings), query, 4 * top + 1)


def _print(found: "list[Neighbour]", *, as_json: bool) -> None:
    if as_json:
        for one in found:
            row = {"path": one.path, "label": one.label, "similarity": round(one.similarity, 6)}
            print(json.dumps(row))
        return
    digits = 2 if sys.stdout.isatty() else 6
    lines = [Line((f"{one.similarity:.{digits}f}", one.label, one.path)) for one in found]
    print_listing(lines, ("similarity", "genre", "song"), 0)
