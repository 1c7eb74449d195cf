"""Lists what a command does, song by song: a table on a terminal, tab-separated lines elsewhere."""

import sys
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Line", "print_listing", "say"]


class Line(NamedTuple):
    """One song, or what is wrong with it."""

    cells: tuple[str, ...] = ()
    hidden: bool = False
    """Not worth a row on a terminal: nothing happens to it."""
    complaint: str = ""


def say(line: str) -> None:
    """What is said of a run goes to stderr."""
    from melonnx.infer.results.rows import printable

    print(f"melonnx: {printable(line)}", file=sys.stderr, flush=True)


def print_listing(lines: Iterable[Line], columns: tuple[str, ...], total: int) -> None:
    """Print the lines as they come, or on a terminal one table at the end, also of a run that
    is broken off; complaints go to stderr.

    The lines may have more cells than there are columns, for programs only. ``total``: lines to
    come, for the progress bar.
    """
    from melonnx.infer.results.progress import show_progress
    from melonnx.infer.results.rows import printable

    is_table = sys.stdout.isatty()
    rows: list[list[str]] = []
    try:
        with show_progress(total) as progress:
            for line in lines:
                progress.advance()
                cells = [printable(cell) for cell in line.cells]
                if line.complaint:
                    progress.say(printable(line.complaint))
                elif not is_table:
                    print(*cells, sep="\t", flush=True)
                elif not line.hidden:
                    rows.append(cells[: len(columns)])
    finally:
        if rows:
            _print_table(rows, columns)


def _print_table(rows: list[list[str]], columns: tuple[str, ...]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    Console().print(table)
