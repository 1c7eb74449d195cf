"""The table of commands for typer: a subcommand is found by name, and it alone is imported."""

from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from melonnx.infer.cli.registry import COMMANDS

__all__ = ["app"]


class _Contents(TyperGroup):
    """Lists the commands of all folders, and imports none of them."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        command = COMMANDS[cmd_name]
        return TyperCommand(cmd_name, help=command.summary)


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

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            if (name := ctx.invoked_subcommand) in COMMANDS:
                _say_what_for(error, self.get_command(ctx, name))
            raise

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        from melonnx.infer.cli.shell.contents import print_contents

        print_contents()

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        contents = _Contents.__new__(_Contents)
        vars(contents).update(vars(self))
        return contents.shell_complete(ctx, incomplete)


def _no_command(typed: str) -> str:
    """What to say to a word that is no command."""
    import shlex

    from melonnx.infer.spelling import did_you_mean

    if Path(typed).exists() or "://" in typed:
        return f"{typed!r} is no command; to hear it: melonnx classify {shlex.quote(typed)}"
    near = did_you_mean(typed, COMMANDS)
    return f"No such command {typed!r}{near or '; melonnx -h lists them'}"


def _say_what_for(error: Any, command: Any) -> None:
    """Where an option or its value is missing, add what it is for: the first sentence of its help.

    Typer's errors are told by what they have: its versions import them from different places.
    """
    if hasattr(error, "param_type"):
        param = error.param
    elif hasattr(error, "option_name") and not hasattr(error, "possibilities"):
        param = next((one for one in command.params if error.option_name in one.opts), None)
    else:
        return
    told = " ".join((getattr(param, "help", None) or "").split()).partition(". ")[0].rstrip(".")
    if told and hasattr(error, "param_type"):
        error.message = f"{told}."
    elif told:
        called = f"{error.message.rstrip('.')} {getattr(param, 'metavar', None) or ''}".rstrip()
        error.message = f"{called}. {told}."


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
