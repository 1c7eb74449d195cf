"""Lists what a command does, song by song: a table on a terminal, tab-separated lines elsewhere."""

import sys
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Line", "print_listing", "printable", "say"]

_ESCAPES = {code: repr(chr(code))[1:-1] for code in (*range(32), *range(127, 160))}
"""A newline would make two lines of a song, and a terminal obeys what begins with ESC."""


class Line(NamedTuple):
    """One song, or what is wrong with it."""

    cells: tuple[str, ...] = ()
    hidden: bool = False
    """Not worth a row on a terminal: nothing happens to it."""
    complaint: str = ""


def printable(text: str) -> str:
    """``text`` with control characters as Python's escapes."""
    return text.translate(_ESCAPES)


def say(line: str) -> None:
    """What is said of a run goes to stderr."""
    print(f"melonnx: {printable(line)}", file=sys.stderr, flush=True)


def print_listing(
    lines: Iterable[Line], columns: tuple[str, ...], total: int, word: str = ""
) -> None:
    """Print the lines as they come, or on a terminal one table at the end, also of a run that
    is broken off; complaints go to stderr. ``word``: what goes on, beside the progress bar.

    The lines have one cell more than there are columns, for programs only.
    """
    if not sys.stdout.isatty():
        for line in lines:
            if line.complaint:
                say(line.complaint)
            else:
                print(*map(printable, line.cells), sep="\t", flush=True)
        return
    from rich.console import Console
    from rich.progress import track
    from rich.table import Table
    from rich.text import Text

    errors = Console(stderr=True)
    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    complaints: list[str] = []
    is_quiet = total < 2 or not errors.is_terminal
    try:
        for line in track(lines, word, total, console=errors, transient=True, disable=is_quiet):
            if line.complaint:
                complaints.append(line.complaint)
            elif not line.hidden:
                cells = line.cells[: len(columns)]
                table.add_row(*(Text(printable(cell), overflow="fold") for cell in cells))
    finally:
        for complaint in complaints:
            say(complaint)
        if table.rows:
            Console().print(table)
