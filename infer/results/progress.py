"""Shows how far a long run is, on stderr, if that is a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

__all__ = ["Progress", "show_progress"]


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
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar
    from rich.text import Text

    class Speed(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(
                "" if speed is None else f"{speed:.1f} songs/s", style="progress.data.speed"
            )

    bar = Bar(
        *(TextColumn("listening"), BarColumn(), MofNCompleteColumn(), Speed()),
        *(TimeRemainingColumn(), TextColumn("left")),
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


def _say(line: str) -> None:
    print(f"melonnx: {line}", file=sys.stderr, flush=True)
