"""Prints predictions: a table for people, tab-separated lines or JSON lines for programs.

Answers go to stdout as they come; errors and warnings go to stderr, one line each. Control
characters in a name are shown as Python's escapes; JSON has its own. Every function
returns True where no prediction had failed.
"""

import json
import sys
from collections.abc import Iterable, Iterator

from melonnx.infer.prediction import Prediction

__all__ = ["print_json", "print_lines", "print_table", "shown"]

_ESCAPES = {code: repr(chr(code))[1:-1] for code in (*range(32), *range(127, 160))}
"""A newline would make two lines of a song, and a terminal obeys what begins with ESC."""


def shown(text: str) -> str:
    """``text`` with its control characters as escapes."""
    return text.translate(_ESCAPES)


def print_json(predictions: Iterable[Prediction]) -> bool:
    """One JSON object a line, failed ones among them."""
    all_ok = True
    for prediction in predictions:
        all_ok &= prediction.ok
        _complain(prediction)
        print(json.dumps(prediction.to_dict()), flush=True)
    return all_ok


def print_lines(predictions: Iterable[Prediction], top: int) -> bool:
    """Tab-separated: path, then label and probability of the ``top`` likeliest, then "sure"
    or "unsure"; then the sub-genre and its probability, if the model tells them.
    """
    all_ok = True
    for prediction in predictions:
        all_ok &= prediction.ok
        _complain(prediction)
        if prediction.ok:
            cells = [f"{label}\t{score:.4f}" for label, score in prediction.top(top)]
            sure = "unsure" if prediction.unsure else "sure"
            if prediction.subgenre is not None:
                probability = prediction.subgenres[prediction.subgenre]
                sure += f"\t{prediction.subgenre}\t{probability:.4f}"
            print(prediction.path.translate(_ESCAPES), *cells, sure, sep="\t", flush=True)
    return all_ok


def print_table(
    predictions: Iterable[Prediction], total: int, top: int, *, subgenres: bool = False
) -> bool:
    """A table on stdout, and a progress bar on stderr if that is a terminal too.

    ``subgenres``: with a column for them.
    """
    from rich.console import Console
    from rich.progress import track
    from rich.table import Table
    from rich.text import Text

    errors = Console(stderr=True)
    columns = ("song", "genre", "", *["sub-genre"] * subgenres, "runners-up")
    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    failed: list[Prediction] = []
    rows = 0
    for prediction in track(
        predictions, "listening", total, console=errors, transient=True,
        disable=total < 2 or not errors.is_terminal,
    ):  # fmt: skip
        if not prediction.ok or prediction.warnings:
            failed.append(prediction)
        if prediction.ok:
            rows += 1
            first, *others = prediction.top(top)
            genre = f"{first[0]}?" if prediction.unsure else first[0]
            runners_up = ", ".join(f"{label} {score:.0%}" for label, score in others)
            table.add_row(
                Text(prediction.path.translate(_ESCAPES), overflow="fold"),
                Text(genre, style="yellow" if prediction.unsure else "bold green"),
                f"{first[1]:.0%}",
                *[Text(_subgenre(prediction))] * subgenres,
                Text(runners_up, style="dim"),
            )
    for prediction in failed:
        _complain(prediction)
    if rows:
        Console().print(table)
    return all(prediction.ok for prediction in failed)


def _subgenre(prediction: Prediction) -> str:
    """Nothing where the genre is the likeliest of its own sub-genres."""
    subgenre = prediction.subgenre
    if subgenre is None or subgenre == prediction.label:
        return ""
    return f"{subgenre} {prediction.subgenres[subgenre]:.0%}"


def _complain(prediction: Prediction) -> None:
    for line in _complaints(prediction):
        print(f"melonnx: {line.translate(_ESCAPES)}", file=sys.stderr, flush=True)


def _complaints(prediction: Prediction) -> Iterator[str]:
    if prediction.error is not None:
        yield prediction.error
    for warning in prediction.warnings:
        yield f"{prediction.path}: {warning}"
