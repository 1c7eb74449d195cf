"""Where a command's songs come from: files to listen to, or predictions made before."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from melonnx.infer.prediction import Prediction

__all__ = ["From", "Paths", "open_songs"]

Paths = Annotated[
    list[str] | None, typer.Argument(metavar="PATH", help="Audio files, or folders of them.")
]
From = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="RESULTS",
        help="Instead of PATH: what melonnx classify --json wrote, or - for stdin.",
    ),
]


def open_songs(
    paths: list[str] | None,
    results: Path | None,
    *,
    recursive: bool,
    model: Path | None,
    device: str,
    threads: int | None,
) -> "tuple[list[Path | Prediction], Callable[[Path], Prediction]]":
    """The songs, failed ones among them, and what tells the prediction of one.

    The model is loaded when the first song is asked about. Raises ResultsFileError,
    and typer.BadParameter unless there is one source.
    """
    if bool(paths) == (results is not None):
        raise typer.BadParameter("give files, or --from RESULTS", param_hint="PATH")
    if results is not None:
        from melonnx.infer.results import read_results

        known = {Path(row.path): row for row in read_results(results)}
        songs: list[Path | Prediction] = [path if row.ok else row for path, row in known.items()]
        return songs, known.__getitem__

    from melonnx.infer.library import expand
    from melonnx.infer.predictor import Predictor

    @cache
    def predictor() -> Predictor:
        return Predictor(model, device, threads)  # type: ignore[arg-type]

    songs = list(expand(paths or [], recursive=recursive))
    return songs, lambda path: predictor().predict(path)
