"""The command ``melonnx features``."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from melonnx.train.progress import say, show_progress

__all__ = ["app"]

app = typer.Typer()


@app.callback()
def _features() -> None:
    """Keep ``features`` a named command although it is the only one here."""


@app.command()
def features(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="Folder of <genre>/<file>, FMA or GTZAN.")
    ],
    out: Annotated[Path, typer.Option(help="The table to write, *.parquet or *.csv.")],
    artists: Annotated[
        Path | None, typer.Option(help="CSV with path and artist; DATA/tracks.csv by default.")
    ] = None,
    fma_compatible: Annotated[
        bool,
        typer.Option(
            "--fma-compatible", help="With the quirks of FMA's published table, to match it."
        ),
    ] = False,
) -> None:
    """Compute FMA's 518 features of every song, for melonnx benchmark.

    The same command goes on where it was stopped. A song that has none is a row of the list of
    failures beside OUT, and makes the exit code 1.
    """
    from melonnx.train.classical.extract import extract, failures_path, part_path, write_failures
    from melonnx.train.classical.feature_table import write_features
    from melonnx.train.data.readers.dataset import read_dataset

    if out.suffix not in (".parquet", ".csv"):
        raise typer.BadParameter("must end in .parquet or .csv", param_hint="--out")
    dataset = read_dataset(data.resolve(), artists)
    for reason, count in dataset.skipped.items():
        say(f"left out: {reason} ({count})")
    out.parent.mkdir(parents=True, exist_ok=True)
    part, listed = part_path(out), failures_path(out)
    table, failures = extract(
        dataset, part, partial(show_progress, what="computing"), fma_compatible=fma_compatible
    )
    write_features(table, out)
    write_failures(failures, listed)
    print(f"wrote {out}: {len(table.tracks)} songs, {table.values.shape[1]} features each")
    if not failures:
        part.unlink()
        return
    for error in failures.values():
        say(error)
    say(f"{len(failures)} songs have no features: {listed}")
    raise typer.Exit(1)
