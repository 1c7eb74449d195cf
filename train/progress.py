"""Tells on stderr how far a long run is: in lines, or by a bar."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

__all__ = ["Say", "say", "show_progress", "show_steps", "told_time"]

Say = Callable[[str], None]
"""Is told one line for each step."""

_Result = TypeVar("_Result")


def say(line: str) -> None:
    """Write a line to stderr at once; control characters of names are escaped."""
    from melonnx.infer.results.rows import printable

    print(printable(line), file=sys.stderr, flush=True)


def told_time(seconds: float) -> str:
    """A length of time as a person says it: 42 s, 12 min, 1 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def show_progress(results: Iterable[_Result], total: int, what: str) -> Iterable[_Result]:
    """Pass ``results`` on under a bar on stderr, if that is a terminal; ``what`` is being done."""
    from rich.console import Console
    from rich.progress import track

    errors = Console(stderr=True)
    return track(
        results, what, total, console=errors, transient=True, disable=not errors.is_terminal
    )


@contextmanager
def show_steps(total: int, done: int = 0) -> Iterator[Callable[[], None]]:
    """A bar with the time left on stderr, if that is a terminal; :func:`say` goes above it.

    What is yielded is to be called after each of ``total`` steps, the first ``done`` of which an
    earlier call took.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    errors = Console(stderr=True)
    columns = TextColumn("learning"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("", total=total, completed=done)
        yield lambda: bar.advance(task)
