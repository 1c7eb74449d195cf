"""Shows answers to people: a table on a terminal, tab-separated lines elsewhere.

Control characters in a name are shown as Python's escapes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from melonnx.infer.prediction import Prediction
from melonnx.infer.results.places import with_near_file
from melonnx.infer.results.progress import Progress
from melonnx.infer.results.rows import View, printable, segments_text, tags_text, visible

if TYPE_CHECKING:
    from melonnx.infer.results.formats import Write

__all__ = ["complaints", "line_writer", "table_writer"]

_ONE_TABLE = 200
"""Songs that are shown in one table, at the end; more come in pages, as they are heard."""
_PAGE = 50


@contextmanager
def line_writer(file: TextIO, view: View) -> "Iterator[Write]":
    """Tab-separated: path, the label and its score, label and probability of the runners-up, then
    "sure" or "unsure"; then the sub-genre and its probability, if the model tells them; then the
    segments and the tags, if the view has them. Failed songs are left out.
    """

    def write(prediction: Prediction) -> None:
        if not prediction.ok:
            return
        shown = visible(prediction, view)
        cells = [printable(shown.path), f"{shown.label}\t{shown.score:.4f}"]
        cells += [f"{label}\t{score:.4f}" for label, score in shown.top(view.rank)[1:]]
        cells.append("unsure" if shown.unsure else "sure")
        if shown.subgenre is not None:
            cells.append(f"{shown.subgenre}\t{shown.subgenres[shown.subgenre]:.4f}")
        if view.timeline:
            cells.append(segments_text(shown.timeline, moods=view.tags))
        if view.tags:
            cells.append(tags_text(shown))
        file.write("\t".join(cells) + "\n")

    yield write


@contextmanager
def table_writer(view: View, total: int, progress: Progress) -> "Iterator[Write]":
    """A table on stdout; what is wrong with a song is told before it, on stderr.

    ``total``: songs to come. What there is is shown too where the block does not end well.
    """
    wanted = _ONE_TABLE if total <= _ONE_TABLE else _PAGE
    page: list[Prediction] = []
    n_pages = 0

    def flush() -> None:
        nonlocal n_pages
        with progress.paused():
            for prediction in page:
                for line in complaints(prediction):
                    progress.say(line)
            rows = [visible(prediction, view) for prediction in page if prediction.ok]
            _print_table(rows, view, fixed=wanted == _PAGE, header=not n_pages)
        n_pages += 1
        page.clear()

    def write(prediction: Prediction) -> None:
        page.append(prediction)
        if len(page) == wanted:
            flush()

    try:
        yield write
    finally:
        if page:
            flush()


def complaints(prediction: Prediction) -> Iterator[str]:
    """What is wrong with a song, a line each."""
    if prediction.error is not None:
        yield printable(with_near_file(prediction.error))
    for warning in prediction.warnings:
        yield printable(f"{prediction.path}: {warning}")


def _print_table(rows: list[Prediction], view: View, *, fixed: bool, header: bool) -> None:
    """``fixed``: columns as wide in one table as in the next."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not rows:
        return
    widest = max(map(len, view.genres))
    titles: dict[str, dict[str, Any]] = {
        "song": {"ratio": 1} if fixed else {},
        "genre": {"width": widest + 1} if fixed else {},
        "": {"width": 4} if fixed else {},
        **({"sub-genre": {"width": widest + 12} if fixed else {}} if view.parents else {}),
        "runners-up": {"width": (view.rank - 1) * (widest + 6)} if fixed else {},
        **({"timeline": {"ratio": 1} if fixed else {}} if view.timeline else {}),
        **({"tags": {"ratio": 1} if fixed else {}} if view.tags else {}),
    }
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), expand=fixed, show_header=header)
    for title, how in titles.items():
        table.add_column(title, **how)
    for row in rows:
        others = row.top(view.rank)[1:]
        runners_up = ", ".join(f"{label} {score:.0%}" for label, score in others)
        if not row.is_music:  # and then the others are no better
            runners_up = "no music"
        table.add_row(
            Text(printable(row.path), overflow="fold"),
            Text(f"{row.label}{'?' * row.unsure}", _style(row)),
            f"{row.score:.0%}",
            *([Text(_subgenre(row))] if view.parents else []),
            Text(runners_up, style="dim"),
            *([Text(_timeline(row, view), overflow="fold")] if view.timeline else []),
            *([Text(tags_text(row), overflow="fold")] if view.tags else []),
        )
    Console().print(table)


def _timeline(row: Prediction, view: View) -> str:
    return segments_text(row.timeline, moods=view.tags)


def _style(row: Prediction) -> str:
    return "yellow" if row.unsure else "bold green"


def _subgenre(prediction: Prediction) -> str:
    """Nothing where the genre is the likeliest of its own sub-genres."""
    subgenre = prediction.subgenre
    if subgenre is None or subgenre == prediction.label:
        return ""
    return f"{subgenre} {prediction.subgenres[subgenre]:.0%}"
