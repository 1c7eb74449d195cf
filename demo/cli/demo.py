"""The command ``melonnx demo``."""

import os
from pathlib import Path
from typing import Annotated

import typer

from melonnx.demo.page.limits import Limits
from melonnx.infer.cli.options import Device, Genres, Threads
from melonnx.infer.cli.shell import complete
from melonnx.infer.errors import MelonnxError

__all__ = ["AUTH_VARIABLE", "app", "login"]

AUTH_VARIABLE = "MELONNX_DEMO_AUTH"

_DEFAULT = Limits()

app = typer.Typer()


@app.command()
def demo(
    host: Annotated[
        str, typer.Option(help="127.0.0.1 answers this machine only, 0.0.0.0 the network.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one.")] = 7860,
    model: Annotated[
        list[Path] | None,
        typer.Option(
            help="A model file of yours, beside the released ones.", autocompletion=complete.models
        ),
    ] = None,
    auth: Annotated[
        bool, typer.Option("--auth", help=f"Ask for user:password, from {AUTH_VARIABLE}.")
    ] = False,
    max_file_mb: Annotated[int, typer.Option(min=1, help="Of one file.")] = _DEFAULT.file_mb,
    max_files: Annotated[int, typer.Option(min=1, help="Of one upload.")] = _DEFAULT.files,
    max_minutes: Annotated[
        float, typer.Option(min=0.1, help="Of each song that are listened to.")
    ] = _DEFAULT.minutes,
    max_queue: Annotated[
        int, typer.Option(min=1, help="Requests that wait; further ones are refused.")
    ] = _DEFAULT.queue,
    concurrency: Annotated[
        int, typer.Option(min=1, help="Requests worked on at a time.")
    ] = _DEFAULT.concurrency,
    keep_minutes: Annotated[
        float, typer.Option(min=0.01, help="After which uploads are removed.")
    ] = _DEFAULT.keep_minutes,
    device: Device = "auto",
    threads: Threads = None,
    genres: Genres = None,
) -> None:
    """Serve the page: drop a song, see its genre, and ask why."""
    user = login() if auth else None
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    from melonnx.demo.page.address import address_of, listen
    from melonnx.demo.page.models import Choice
    from melonnx.infer.wanted import read_genre_list

    wanted = None if genres is None else read_genre_list(genres)
    if wanted is not None and len(wanted) < 2:
        raise typer.BadParameter("name two or more", param_hint="--genres")
    limits = Limits(max_file_mb, max_files, max_minutes, max_queue, concurrency, keep_minutes)
    with listen(host, port) as listener:
        choice = Choice(model or (), device, threads, wanted)  # type: ignore[arg-type]
        from melonnx.demo.page.serving import serve  # gradio: two seconds

        address = address_of(listener, host)
        serve(listener, choice, limits, user, lambda: print(address, flush=True))


def login() -> tuple[str, str]:
    """The environment keeps the password out of the list of processes."""
    user, _, password = os.environ.get(AUTH_VARIABLE, "").partition(":")
    if not user or not password:
        raise MelonnxError(f"--auth needs {AUTH_VARIABLE}=user:password in the environment")
    return user, password
