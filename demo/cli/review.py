"""The command ``melonnx review``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from melonnx.infer.cli.options import Decisions, Device, Recursive
from melonnx.infer.cli.shell import complete
from melonnx.infer.results.listing import say

if TYPE_CHECKING:
    from melonnx.demo.review.hearing import FolderHearing

__all__ = ["app"]

app = typer.Typer()

_SAID_FROM = 64 << 20
"""Bytes of results whose reading is waited for."""


@app.callback()
def _review() -> None:
    """Keep ``review`` a named command although it is the only one here."""


@app.command()
def review(
    results: Annotated[
        Path,
        typer.Argument(
            metavar="RESULTS",
            help="What melonnx classify -o wrote (.jsonl), or a folder of music, which is heard "
            "into FOLDER.jsonl here; songs are shown as they come.",
        ),
    ],
    decisions: Decisions = None,
    host: Annotated[
        str, typer.Option(help="127.0.0.1 answers this machine only; others need --auth.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one.")] = 7870,
    auth: Annotated[
        bool, typer.Option("--auth", help="Ask for user:password, from MELONNX_DEMO_AUTH.")
    ] = False,
    recursive: Recursive = False,
    model: Annotated[
        Path | None,
        typer.Option(
            help="What hears a folder; or what has heard RESULTS, where it is no released model: "
            "a file, or genre-base or genre-small.",
            autocompletion=complete.models,
        ),
    ] = None,
    device: Device = "auto",
) -> None:
    """Hear the songs that the model is unsure of, and decide with a key; on this machine only.

    Each decision is on disk at once, beside RESULTS (library.decisions.jsonl); tag, organize,
    similar and evaluate take it as sure.
    """
    from melonnx.demo.cli.demo import login
    from melonnx.demo.page.address import address_of, listen
    from melonnx.demo.review.gate import is_loopback
    from melonnx.demo.review.serving import serve
    from melonnx.demo.review.songs import read_songs
    from melonnx.infer.model.released import find_model
    from melonnx.infer.results.decisions import decisions_beside

    if not auth and not is_loopback(host):
        raise typer.BadParameter(
            "reaches beyond this machine, which needs --auth", param_hint="--host"
        )
    user = login() if auth else None
    with listen(host, port) as listener:
        if results.is_dir():
            hearing, results = _to_hear(results, model, device, recursive=recursive)
        elif recursive:
            raise typer.BadParameter("goes with a folder", param_hint="--recursive")
        else:
            hearing = None
        heard_by = None if model is None else find_model(model)
        address = address_of(listener, host)
        made = decisions or decisions_beside(results)

        def announce(rest: str) -> None:
            say(f"decisions are kept in {made}; open this in a browser:")
            print(address + rest, flush=True)

        if hearing is None:
            _say_if_long(results)
        serve(listener, hearing or read_songs(results), made, host, user, heard_by, announce)


def _say_if_long(results: Path) -> None:
    """The address comes only when all is read: 100,000 songs take ten seconds and more."""
    if results.exists() and (size := results.stat().st_size) >= _SAID_FROM:
        say(f"reading {results}, {size / 1e6:.0f} MB")


def _to_hear(
    folder: Path, model: Path | None, device: str, *, recursive: bool
) -> "tuple[FolderHearing, Path]":
    """What hears a folder's songs, and where its results go; raises what loading a model does."""
    from melonnx.demo.review.hearing import FolderHearing
    from melonnx.infer.errors import NoMusicError
    from melonnx.infer.library.find import expand
    from melonnx.infer.library.workers import Hearing
    from melonnx.infer.model.session import find_model, load_model
    from melonnx.infer.results.rows import View

    out = Path(f"{folder.resolve().name or 'library'}.jsonl")
    info = load_model(model, device=device, threads=1).info  # type: ignore[arg-type]
    view = View(info.genres, info.parents, embedding=True)
    songs = list(expand([str(folder)], recursive=recursive))
    failed = next((one for one in songs if not isinstance(one, str)), None)
    if failed is not None and len(songs) == 1:
        raise NoMusicError(failed.error)
    hearing = Hearing(find_model(model), f"{info.name} {info.version}", device, 1, True)
    return FolderHearing(songs, hearing, view, out), out
