"""``melonnx train --head``: a new head for genres, or further ones beside them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from melonnx.train.cli.datasets import read_data
from melonnx.train.progress import say

if TYPE_CHECKING:
    from melonnx.train.cli.exporters import MakeHeads

__all__ = ["add_heads", "train_head"]


def train_head(
    load_exporter: "Callable[[], MakeHeads]",
    data: Sequence[Path],
    out: Path,
    artists: Path | None,
    base: Path | None,
    without: Sequence[str],
    weights: dict[str, float],
) -> None:
    """Write ``out``: genres of one's own on the network of ``base``; prints what they are worth."""
    from melonnx.train.own_genres import warnings_of

    export_head = load_exporter().own_genres  # first, so that what is not installed is told at once
    dataset = read_data(data, artists, without, weights, subgenres=False)
    tracks, of = list(dataset.tracks), " and ".join(root.resolve().name for root in data)
    made = export_head(tracks, base, out, name=out.stem, dataset=of, say=say)
    print(f"split by artist: {made.info.split}", "", *made.own.report.lines(), "", sep="\n")
    for line in warnings_of(made.own):
        print(f"note: {line}")
    print(f"wrote {out} ({out.stat().st_size / 1e6:.2f} MB)")
    say(f"done; now: melonnx classify SONG --model {out}")


def add_heads(
    load_exporter: "Callable[[], MakeHeads]",
    data: Sequence[Path],
    out: Path,
    artists: Path | None,
    base: Path | None,
    names: Sequence[str],
    teacher: Path | None,
) -> None:
    """Write ``out``: ``base`` with a head for each column of ``names``; prints what they are worth.

    The first is of ``teacher``, where there is one.
    """
    from melonnx.train.data.columns import read_column, read_taught

    export_heads = load_exporter().further
    roots = [root.resolve() for root in data]
    columns = [
        read_taught(teacher, roots[0], name) if teacher and not number
        else read_column(roots, artists, name)
        for number, name in enumerate(names)
    ]  # fmt: skip
    dataset = read_data(data, artists, (), {}, subgenres=False)
    of = " and ".join(root.name for root in roots)
    made = export_heads(dataset.tracks, columns, base, out, dataset=of, say=say)
    for name, head in made.items():
        print(f"{name} ({head.kind}), {head.split}")
        for figure, value in head.metrics.items():
            print(f"  {figure}: {value}")
    print(f"wrote {out} ({out.stat().st_size / 1e6:.2f} MB)")
    say(f"done; now: melonnx classify SONG --tags --model {out}")
