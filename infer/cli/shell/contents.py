"""What ``melonnx -h`` shows: every command in a line, out of the registry alone.

Typer would be imported for it, and rich, which takes three times as long as Python's own start.
"""

import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator

from melonnx.infer.cli.registry import COMMANDS
from melonnx.infer.system import takes_colours

__all__ = ["OPTIONS", "SUMMARY", "contents", "print_contents"]

SUMMARY = "Tells the genre of music, from one small ONNX file."
OPTIONS = {
    "--version": "Show it.",
    "--install-completion": "Let the Tab key complete commands and options in this shell.",
    "--show-completion": "Print what that needs, to copy it.",
    "-h, --help": "Show this; melonnx COMMAND -h shows what a command takes.",
}
"""Of ``melonnx`` itself."""

_BOX, _PLAIN = "╭─╮│╰╯", "+-+|++"
_NARROWEST = 50
_NAME, _FRAME, _OFF = "\x1b[1;36m", "\x1b[2m", "\x1b[0m"


def print_contents() -> None:
    """Print them as wide as the terminal is, in its colours and letters."""
    try:
        _BOX.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        box = _PLAIN
    else:
        box = _BOX
    width = shutil.get_terminal_size().columns
    print(contents(width, box, colours=takes_colours(sys.stdout)))


def contents(width: int, box: str = _BOX, *, colours: bool = False) -> str:
    """The whole text, ``width`` letters wide or 50; ``box``: the six signs of a frame."""
    sections: dict[str, dict[str, str]] = {"Options": OPTIONS}
    for name, command in COMMANDS.items():
        sections.setdefault(command.section, {})[name] = command.summary
    lines = ["", " Usage: melonnx [OPTIONS] COMMAND [ARGS]...", "", f" {SUMMARY}", ""]
    for title, rows in sections.items():
        widest = max(map(len, OPTIONS if rows is OPTIONS else COMMANDS))
        lines += _framed(title, rows, widest, max(width, _NARROWEST), box, colours=colours)
    return "\n".join([*lines, ""])


def _framed(
    title: str, rows: dict[str, str], widest: int, width: int, box: str, *, colours: bool
) -> Iterable[str]:
    left, line, right, side, lower_left, lower_right = box
    name, frame, off = (_NAME, _FRAME, _OFF) if colours else ("", "", "")
    yield f"{frame}{left}{line} {title} {line * (width - len(title) - 5)}{right}{off}"
    for called, text in _wrapped(rows, width - widest - 6):
        told = text.ljust(width - widest - 6)
        begin = f"{frame}{side}{off} {name}{called.ljust(widest)}{off}"
        yield f"{begin}  {told} {frame}{side}{off}"
    yield f"{frame}{lower_left}{line * (width - 2)}{lower_right}{off}"


def _wrapped(rows: dict[str, str], width: int) -> Iterator[tuple[str, str]]:
    for called, text in rows.items():
        first, *rest = textwrap.wrap(text, width, break_on_hyphens=False)
        yield called, first
        yield from (("", line) for line in rest)
