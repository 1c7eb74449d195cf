"""Prints an inventory: a table and lists of paths for people, JSON for programs."""

import json

from rich.console import Console
from rich.table import Table
from rich.text import Text

from melonnx.infer.results.rows import printable
from melonnx.train.data.inventory.take import GenreCount, Inventory

__all__ = ["print_inventory", "print_json"]


def print_json(inventory: Inventory) -> None:
    """One JSON object on stdout."""
    print(json.dumps(inventory.to_dict(), indent=2))


def print_inventory(inventory: Inventory) -> None:
    """The table, and below it what is missing, broken or there twice."""
    Console().print(_table(inventory))
    for reason, count in inventory.skipped.items():
        print(f"left out: {reason} ({count})")
    _print_list("cannot be used", list(inventory.unreadable.values()))
    for title, groups in (
        ("the same audio", inventory.same_audio),
        ("the same recording", inventory.same_recording),
    ):
        _print_list(title, [" = ".join(group) for group in groups])


def _table(inventory: Inventory) -> Table:
    parts = list(inventory.total.parts)
    table = Table("genre", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("tracks", *parts, "artists", "hours"):
        table.add_column(column, justify="right")

    def add_row(name: str, count: GenreCount, style: str = "") -> None:
        numbers = (count.tracks, *(count.parts.get(part, 0) for part in parts), count.artists)
        cells = (*map(str, numbers), f"{count.hours:.2f}")
        table.add_row(Text(name), *cells, style=style)

    for name, count in inventory.genres.items():
        add_row(name, count)
    add_row("all", inventory.total, "bold")
    return table


def _print_list(title: str, lines: list[str]) -> None:
    if lines:
        print("", f"{title} ({len(lines)}):", *(f"  {printable(line)}" for line in lines), sep="\n")
