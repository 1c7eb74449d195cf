"""Shows a stream's predictions as they come: a display on a terminal, lines elsewhere."""

import json
from collections import deque
from collections.abc import Iterable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from melonnx.infer.explain.stretches import Stretches
from melonnx.infer.prediction import Prediction
from melonnx.infer.results.rows import printable, tags_text
from melonnx.infer.units import clock

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["Display", "Heard", "print_stream_lines"]

Heard = Iterable[tuple[float, list[Prediction]]]
"""After each block, seconds heard so far, and the predictions that the block completed."""


_COLOURS = (
    *("dodger_blue1", "gold3", "orange3", "magenta", "cyan", "green3", "purple", "red"),
    *("deep_pink2", "chartreuse3", "royal_blue1", "yellow", "sea_green2", "light_coral"),
)
_REFRESH_S = 0.25
_STRETCHES_SHOWN = 6
_NAMES = 14
"""Columns for a genre's name."""


def print_stream_lines(
    heard: Heard, stretches: Stretches, top: int, *, as_json: bool, tags: bool = False
) -> None:
    """Print a line for each prediction, and add it to ``stretches``.

    JSON, or separated by tabs: the second up to which it was heard, the label and its score, label
    and probability of the runners-up until there are ``top``, "sure" or "unsure", and the sub-genre
    and its probability if the model tells them, and with ``tags`` energy, valence and mood in one
    text, as ``classify --tags`` has them; where there is no answer, the second and the status word.
    """
    for _, predictions in heard:
        for prediction in predictions:
            stretches.add(prediction)
            cells = [f"{prediction.end_s:.1f}", *_cells(prediction, top)]
            cells += [tags_text(prediction)] * (tags and prediction.ok)
            print(json.dumps(prediction.to_dict()) if as_json else "\t".join(cells), flush=True)


def _cells(prediction: Prediction, top: int) -> list[str]:
    if not prediction.ok:
        return [prediction.status]
    runners_up = prediction.top(top)[1:]
    ranked = [(prediction.label or "", prediction.score or 0.0), *runners_up]
    cells = [cell for label, score in ranked for cell in (label, f"{score:.4f}")]
    cells.append("unsure" if prediction.unsure else "sure")
    if prediction.subgenre is not None:
        cells += [prediction.subgenre, f"{prediction.subgenres[prediction.subgenre]:.4f}"]
    return cells


class Display:
    """The live picture of a stream on a terminal; use it in a ``with``.

    ``genres``: of the model, each of which keeps its colour. ``top``: genres to show bars of.
    """

    def __init__(self, name: str, genres: Sequence[str], top: int) -> None:
        from rich.console import Console
        from rich.live import Live

        self._name, self._top = printable(name), top
        self._colours = {
            genre: _COLOURS[i % len(_COLOURS)] for i, genre in enumerate(sorted(genres))
        }
        self._prediction: Prediction | None = None
        self._stretches = Stretches()
        self._hops: deque[str] = deque(maxlen=200)
        self._heard_s = 0.0
        self._drawn = 0.0
        self._tells_moods = False
        self._console = Console()
        self._live = Live(console=self._console, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        self._draw()
        return self

    def __exit__(self, *exception: object) -> None:
        self._draw()
        self._live.stop()

    def show(self, heard: Heard, stretches: Stretches) -> None:
        """Draw what is heard, a few times a second at most, and add it to ``stretches``."""
        self._stretches = stretches
        for self._heard_s, predictions in heard:
            for prediction in predictions:
                stretches.add(prediction)
                self._prediction = prediction
                self._tells_moods |= bool(tags_text(prediction))
                self._hops.append((prediction.label or "") if prediction.is_music else "")
            if predictions or monotonic() - self._drawn >= _REFRESH_S:
                self._draw()

    def _draw(self) -> None:
        self._drawn = monotonic()
        self._live.update(self._picture(), refresh=True)

    def _picture(self) -> "RenderableType":
        from rich.console import Group
        from rich.text import Text

        head = Text.assemble(
            (clock(self._heard_s), "bold"),
            "  ",
            (self._name, "dim"),
            no_wrap=True,
            overflow="ellipsis",
        )
        parts = [head, Text(), self._bars(), Text(), *self._mood(), self._strip()]
        return Group(*parts, *self._latest())

    def _mood(self) -> list["RenderableType"]:
        """A line of mood and tags, of a model that tells them; its height stays."""
        from rich.text import Text

        last = self._prediction
        if not self._tells_moods or last is None:
            return []
        said = tags_text(last) if last.ok and last.is_music else ""
        return [Text(said, "dim", no_wrap=True, overflow="ellipsis"), Text()]

    def _bars(self) -> "RenderableType":
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        rows = Table.grid(padding=(0, 1))
        rows.add_column(width=_NAMES, no_wrap=True)
        rows.add_column(width=max(10, min(48, self._console.width - _NAMES - 8)))
        rows.add_column(width=4, no_wrap=True, justify="right")
        prediction = self._prediction
        shown = prediction.top(self._top) if prediction and prediction.is_music else []
        for rank, (genre, score) in enumerate(shown):
            unsure = rank == 0 and prediction is not None and prediction.unsure
            style: Any = "bold" if rank == 0 else ""
            colour = self._colours.get(genre, "default")
            bar = ProgressBar(1.0, score, complete_style=colour, finished_style=colour)
            rows.add_row(Text(genre + "?" * unsure, style), bar, Text(f"{score:.0%}", style))
        for row in range(self._top - len(shown)):  # the picture keeps its height
            rows.add_row(Text(self._no_answer() if row == 0 and not shown else "", "dim"), "", "")
        return rows

    def _no_answer(self) -> str:
        if self._prediction is None:
            return "listening ..."
        return self._prediction.status if self._prediction.is_music else "no music"

    def _strip(self) -> "RenderableType":
        """The answers so far as a band of colours, a cell for each, the newest at the right."""
        from rich.text import Text

        cells = list(self._hops)[-max(1, self._console.width - 1) :]
        strip = Text(no_wrap=True)
        for genre in cells:
            strip.append(genre[:1] or ".", self._style(genre))
        return strip

    def _style(self, genre: str) -> str:
        return f"black on {self._colours[genre]}" if genre in self._colours else "dim"

    def _latest(self) -> list["RenderableType"]:
        from rich.text import Text

        return [
            Text.assemble(
                f"{clock(begin):>8} - {clock(end):<8}",
                (label, self._colours.get(label, "dim")),
                no_wrap=True,
                overflow="ellipsis",
            )
            for begin, end, label, *_ in list(self._stretches.latest)[-_STRETCHES_SHOWN:]
        ]
