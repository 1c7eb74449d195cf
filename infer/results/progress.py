"""Shows how far a long run is, on stderr, if that is a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from melonnx.infer.units import clock

__all__ = ["Progress", "show_progress", "steady_speed"]

_FIRST_S, _FIRST_SONGS = 2.0, 4


@dataclass(frozen=True)
class Progress:
    """What a run tells of itself."""

    advance: Callable[[], None]
    """One more song is heard."""
    say: Callable[[str], None]
    """A line on stderr, where the bar is not in its way."""
    paused: Callable[[], AbstractContextManager[None]]
    """No bar while the block runs: something else is printed."""


@contextmanager
def show_progress(total: int, *, shown: bool = True) -> Iterator[Progress]:
    """A bar with songs a second and the time left for ``total`` songs.

    ``shown``: not, if False or where stderr is no terminal.
    """
    if not shown or total < 2 or not sys.stderr.isatty():
        yield Progress(lambda: None, _say, nullcontext)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        ProgressColumn,
        Task,
        TextColumn,
    )
    from rich.progress import Progress as Bar
    from rich.text import Text

    class Speed(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = steady_speed(task.completed, task.elapsed)
            return Text(
                "" if speed is None else f"{speed:.1f} songs/s", style="progress.data.speed"
            )

    class Left(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = steady_speed(task.completed, task.elapsed)
            left = "" if speed is None else f"{clock((total - task.completed) / speed)} left"
            return Text(left, style="progress.remaining")

    bar = Bar(
        *(TextColumn("listening"), BarColumn(), MofNCompleteColumn(), Speed()),
        Left(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    task = bar.add_task("", total=total)

    @contextmanager
    def paused() -> Iterator[None]:
        bar.stop()
        try:
            yield
        finally:
            bar.start()

    with bar:
        yield Progress(
            lambda: bar.advance(task),
            lambda line: bar.console.print(
                f"melonnx: {line}", markup=False, highlight=False, soft_wrap=True
            ),
            paused,
        )


def steady_speed(songs: float, seconds: float | None) -> float | None:
    """Songs a second since the start; None as long as that is mostly chance.

    Of the last moments it would be 200 where answers come together, and 0 behind a long song.
    """
    if seconds is None or seconds < _FIRST_S or songs < _FIRST_SONGS:
        return None
    return songs / seconds


def _say(line: str) -> None:
    print(f"melonnx: {line}", file=sys.stderr, flush=True)
