"""The command ``melonnx man``: the manual page, made of what ``--help`` shows."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from melonnx.infer.cli.registry import COMMANDS

__all__ = ["app"]

app = typer.Typer()

_ENDS = {
    "0": "All went well.",
    "1": "A song, or the whole command, failed: stderr says why in one line.",
    "2": "The command line was not understood.",
    "130": "Stopped with Ctrl-C; what is done stays.",
}


@app.command()
def man(context: typer.Context) -> None:
    """Print the manual page, made of what --help shows.

    To read it: melonnx man | man -l -

    To keep it: melonnx man > ~/.local/share/man/man1/melonnx.1
    """
    print("\n".join(_page(context.find_root())))


def _page(root: Any) -> Iterator[str]:
    from importlib.metadata import version

    # Of the code and not of the day, so that packagers get the same page twice.
    written = datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)
    yield f'.TH MELONNX 1 {written:%Y-%m-%d} "melonnx {version("melonnx")}" "User commands"'
    yield from (".SH NAME", rf"melonnx \- {_text(_plain(root.command.help)[0].rstrip('.'))}")
    yield from (".SH SYNOPSIS", ".B melonnx", r"\fICOMMAND\fR [\fIOPTIONS\fR] [\fIARGUMENTS\fR]")
    yield ".SH OPTIONS"
    yield from _parameters(root.command, root)
    section = ""
    for name, entry in COMMANDS.items():
        if entry.section != section:
            section = entry.section
            yield f".SH {_text(section.upper())}"
        command = root.command.get_command(root, name)
        with type(root)(command, info_name=name, parent=root) as inner:
            usage = " ".join(command.collect_usage_pieces(inner))
            yield from (f".SS {_text(name)}", rf"\fBmelonnx {_text(name)}\fR {_text(usage)}")
            for paragraph in _plain(command.help):
                yield from (".PP", _text(paragraph))
            yield from _parameters(command, inner)
    yield ".SH EXIT STATUS"
    for code, meaning in _ENDS.items():
        yield from (".TP", rf"\fB{code}\fR", _text(meaning))


def _parameters(command: Any, context: Any) -> Iterator[str]:
    for parameter in command.get_params(context):
        if getattr(parameter, "hidden", False):
            continue
        if parameter.param_type_name == "argument":
            head = rf"\fI{_text(_value(parameter))}\fR"
        else:
            names = ", ".join(rf"\fB{_text(name)}\fR" for name in parameter.opts)
            is_flag = getattr(parameter, "is_flag", False)
            head = names if is_flag else rf"{names} \fI{_text(_value(parameter))}\fR"
        said = " ".join(_plain(parameter.help or "")) or " "
        default = parameter.default
        if isinstance(default, int | float | str) and not isinstance(default, bool) and default:
            said += f" By default {default}."
        yield from (".TP", head, _text(said))


def _value(parameter: Any) -> str:
    """What is to be typed for it."""
    return parameter.metavar or parameter.opts[0].lstrip("-").upper()


def _plain(text: str | None) -> list[str]:
    """The paragraphs of a docstring, each on one line."""
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text or "")]


def _text(text: str) -> str:
    """Roff's own signs taken for what they are: a backslash, a hyphen that can be copied."""
    safe = text.replace("\\", r"\e").replace("-", r"\-").replace("…", "...")
    return rf"\&{safe}" if safe.startswith((".", "'")) else safe
