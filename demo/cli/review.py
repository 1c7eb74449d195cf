"""The command ``melonnx review``."""

from pathlib import Path
from typing import Annotated

import typer

from melonnx.infer.cli.options import Decisions, Device, Model, Recursive
from melonnx.infer.results.listing import say

__all__ = ["app"]

app = typer.Typer()


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
            "first, into FOLDER.jsonl here.",
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
    model: Model = None,
    device: Device = "auto",
) -> None:
    """Hear the songs that the model is unsure of, and decide with a key; on this machine only.

    Each decision is on disk at once, beside RESULTS (library.decisions.jsonl); tag, organize and
    evaluate take it as sure.
    """
    from melonnx.demo.cli.demo import login
    from melonnx.demo.page.address import address_of, listen
    from melonnx.demo.review.gate import is_loopback
    from melonnx.demo.review.serving import serve
    from melonnx.infer.results.decisions import decisions_beside

    if not auth and not is_loopback(host):
        raise typer.BadParameter(
            "reaches beyond this machine, which needs --auth", param_hint="--host"
        )
    user = login() if auth else None
    with listen(host, port) as listener:
        if results.is_dir():
            results = _heard(results, model, device, recursive=recursive)
        elif model is not None or recursive:
            raise typer.BadParameter("nothing is heard again", param_hint="--model, --recursive")
        address = address_of(listener, host)
        made = decisions or decisions_beside(results)

        def announce(rest: str) -> None:
            say(f"decisions are kept in {made}; open this in a browser:")
            print(address + rest, flush=True)

        serve(listener, results, made, host, user, announce)


def _heard(folder: Path, model: Path | None, device: str, *, recursive: bool) -> Path:
    """Hear a folder's songs, or those that are new in it; raises MelonnxError where none can be."""
    from melonnx.infer.library.collection import Output, classify_in_processes, summary
    from melonnx.infer.library.find import expand
    from melonnx.infer.library.workers import Hearing
    from melonnx.infer.model.session import find_model, load_model
    from melonnx.infer.results.rows import View

    out = Path(f"{folder.resolve().name or 'library'}.jsonl")
    info = load_model(model, device=device, threads=1).info  # type: ignore[arg-type]
    view = View(info.genres, info.parents, embedding=True)
    songs = list(expand([str(folder)], recursive=recursive))
    hearing = Hearing(find_model(model), f"{info.name} {info.version}", device, 1, True)
    outcome = classify_in_processes(songs, hearing, Output(view, "json", None, out))
    say(summary(outcome, out))
    if outcome.stopped:
        raise typer.Exit(130)
    return out
