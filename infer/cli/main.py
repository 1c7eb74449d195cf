"""The ``melonnx`` command: finds a subcommand, runs it, and says in one line what went wrong."""

import codecs
import os
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from melonnx.infer.cli.registry import COMMANDS, EXTRA_OF, Command
from melonnx.infer.errors import MelonnxError, MissingExtraError
from melonnx.infer.system import has_gone

__all__ = ["app", "main"]

_NO_COMMAND = Command("")


class _Contents(TyperGroup):
    """Lists the commands of all folders, and imports none of them."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        command = COMMANDS[cmd_name]
        return TyperCommand(cmd_name, help=command.summary, rich_help_panel=command.section)


class _LazyGroup(_Contents):
    """Finds the command that is called, by name, and imports it alone."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        command = COMMANDS[cmd_name]
        if any(command.exporter):
            ctx.obj = partial(_load, *command.exporter)
        group: Any = typer.main.get_group(import_module(command.module).app)
        return group.get_command(ctx, cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        typed = args[0]
        if typed not in COMMANDS and not typed.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(_no_command(typed))
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        self._contents().format_help(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        return self._contents().shell_complete(ctx, incomplete)

    def _contents(self) -> _Contents:
        contents = _Contents.__new__(_Contents)
        vars(contents).update(vars(self))
        return contents


def _no_command(typed: str) -> str:
    """What to say to a word that is no command."""
    import shlex

    from melonnx.infer.spelling import did_you_mean

    if Path(typed).exists() or "://" in typed:
        return f"{typed!r} is no command; to hear it: melonnx classify {shlex.quote(typed)}"
    near = did_you_mean(typed, COMMANDS)
    return f"No such command {typed!r}{near or '; melonnx -h lists them'}"


def _load(module: str, name: str) -> Any:
    """Import a function of another folder."""
    return getattr(import_module(module), name)


app = typer.Typer(
    cls=_LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
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


def main() -> None:
    """Run the command line; every error that is ours is one line on stderr and exit code 1."""
    _open_streams()
    command = COMMANDS.get("".join(sys.argv[1:2]), _NO_COMMAND)
    if not command.algebra:
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
        if module not in EXTRA_OF:
            raise
        extra = command.extra or EXTRA_OF[module]
        sys.exit(f"melonnx: {MissingExtraError(extra, module)}")
    except OSError as error:
        os.dup2(_nowhere(), sys.stdout.fileno())  # for what Python still holds for it
        # The reader: "melonnx classify … | head".
        sys.exit(1 if has_gone(error) else f"melonnx: {error}")


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
