"""The ``melonnx`` command: each subcommand a few lines that call the library.

Commands of the other folders are named here and imported only when they are called.
"""

import codecs
import os
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from melonnx.infer.errors import MelonnxError, MissingExtraError

__all__ = ["app", "main"]

_ELSEWHERE = {
    "classify": "melonnx.infer.cli.classify",
    "explain": "melonnx.infer.cli.explain",
    "picture": "melonnx.demo.cli.picture",
    "gallery": "melonnx.demo.cli.gallery",
    "demo": "melonnx.demo.cli.demo",
    "listen": "melonnx.infer.cli.listen",
    "data": "melonnx.train.cli.data",
    "train": "melonnx.train.cli.train",
    "evaluate": "melonnx.train.cli.evaluate",
    "export": "melonnx.export.cli.export",
    "wave": "melonnx.export.cli.wave",
    "verify": "melonnx.export.cli.verify",
    "features": "melonnx.train.cli.features",
    "benchmark": "melonnx.train.cli.benchmark",
    "tag": "melonnx.infer.cli.tag",
    "organize": "melonnx.infer.cli.organize",
    "similar": "melonnx.infer.cli.similar",
    "doctor": "melonnx.infer.cli.doctor",
    "bench": "melonnx.infer.cli.bench",
}
"""Command: the module whose typer ``app`` has it."""

_EXPORTERS = {
    "train": ("melonnx.export.own_genres", "make_own_genres"),
    "benchmark": ("melonnx.export.sklearn.pipeline", "export_best"),
}
"""Command: what its folder may not import; ``Context.obj`` imports it when it is called."""

_TRAINING = {"data", "train", "evaluate", "export", "features", "benchmark"}
"""Commands whose libraries are all in the extra ``train``."""

_WITHOUT_ALGEBRA = {"classify", "explain", "listen", "doctor", "bench", "info"}
"""Commands that multiply no large matrices."""

_EXTRA_OF = {
    "tensorflow": "train",
    "keras": "train",
    "tf2onnx": "train",
    "onnx": "verify",
    "sklearn": "train",
    "matplotlib": "demo",
    "gradio": "demo",
    "fastapi": "demo",
    "starlette": "demo",
    "uvicorn": "demo",
    "librosa": "train",
    "scipy": "train",
    "pyarrow": "parquet",
    "skl2onnx": "train",
    "threadpoolctl": "train",
    "mutagen": "tags",
    "usearch": "search",
    "dask": "cluster",
    "distributed": "cluster",
    "fsspec": "cluster",
}


class _LazyGroup(TyperGroup):
    """Finds the commands of other folders by name, without importing what they run."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *_ELSEWHERE]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in _ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        if cmd_name in _EXPORTERS:
            ctx.obj = partial(_load, *_EXPORTERS[cmd_name])
        group: Any = typer.main.get_group(import_module(_ELSEWHERE[cmd_name]).app)
        return group.get_command(ctx, cmd_name)


def _load(module: str, name: str) -> Any:
    """Import a function of another folder."""
    return getattr(import_module(module), name)


app = typer.Typer(
    cls=_LazyGroup, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"melonnx {version('melonnx')}")
        raise typer.Exit


@app.callback()
def _melonnx(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    """Tells the genre of music, from one small ONNX file."""


@app.command()
def info(
    model: Annotated[
        Path | None, typer.Argument(help="A model file, or a released one's name.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The metadata as JSON.")] = False,
) -> None:
    """Show what a model file says of itself; without MODEL, the default one."""
    import json

    from melonnx.infer.model.session import find_model, load_model

    info = load_model(model, device="cpu").info
    if as_json:
        print(info.to_json())
        return
    values = json.loads(info.to_json())
    parents = values.pop("parents")
    values["labels"] = ", ".join(info.labels)
    if parents:
        values["labels"] = {
            genre: ", ".join(label for label in info.labels if parents[label] == genre)
            for genre in info.genres
        }
    print(f"file: {find_model(model)}")
    for name in ("name", "version", *sorted(values.keys() - {"name", "version"})):
        value = values[name]
        if isinstance(value, dict):
            print(f"{name}:", *(f"  {key}: {_shown(value[key])}" for key in value), sep="\n")
        else:
            print(f"{name}: {value}")


def _shown(value: Any) -> str:
    """A table within a table, as ``bars`` are, in one line."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items())
    return str(value)


def main() -> None:
    """Run the command line; every error that is ours is one line on stderr and exit code 1."""
    _open_streams()
    if _WITHOUT_ALGEBRA & set(sys.argv[1:2]):
        # The threads that OpenBLAS starts when numpy is imported spin for 40 ms.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # a full disk is met here, not when Python has ended
    except MelonnxError as error:
        sys.exit(f"melonnx: {error}")
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in _EXTRA_OF:
            raise
        extra = "train" if _TRAINING & set(sys.argv[1:2]) else _EXTRA_OF[module]
        sys.exit(f"melonnx: {MissingExtraError(extra, module)}")
    except OSError as error:
        os.dup2(_nowhere(), sys.stdout.fileno())  # for what Python still holds for it
        has_gone = isinstance(error, BrokenPipeError)  # the reader: "melonnx classify … | head"
        sys.exit(1 if has_gone else f"melonnx: {error}")


def _open_streams() -> None:
    """Let names of any letters through to stdout, and nothing but Python's own words to stderr.

    C libraries write to file descriptor 2 (libmpg123 on damaged frames); Python's stderr moves to
    a copy of it. Where either stream was closed ("2>&-"), it leads nowhere: Python prints to
    stdout what is for a stderr of None.
    """
    if sys.stdout is None:
        sys.stdout = os.fdopen(_nowhere(), "w")
    is_utf8 = codecs.lookup(sys.stdout.encoding).name == "utf-8"
    errors = "surrogateescape" if is_utf8 else "backslashreplace"  # for names it has no letters for
    sys.stdout.reconfigure(errors=errors)  # type: ignore[union-attr]
    try:
        descriptor = os.dup(2)
    except OSError:
        descriptor = _nowhere()
    sys.stderr = os.fdopen(descriptor, "w", buffering=1, errors="backslashreplace")
    os.dup2(_nowhere(), 2)


def _nowhere() -> int:
    return os.open(os.devnull, os.O_WRONLY)
