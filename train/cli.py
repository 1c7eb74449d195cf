"""The commands ``melonnx data``, ``melonnx train`` and ``melonnx evaluate``."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from melonnx.train.tracks import Track

__all__ = ["app"]

app = typer.Typer()


def say(line: str) -> None:
    """Progress goes to stderr."""
    print(line, file=sys.stderr, flush=True)


@app.command()
def data(
    root: Annotated[
        Path, typer.Argument(metavar="DATA", help="Folder of <genre>/<file>, FMA or GTZAN.")
    ],
    artists: Annotated[
        Path | None, typer.Option(help="CSV with path and artist; DATA/tracks.csv by default.")
    ] = None,
    subgenres: Annotated[bool, typer.Option("--subgenres", help="Count by sub-genre.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Take stock of a data set: counts, hours, files that are broken or there twice.

    Decodes all of it, so that the figures are of the audio and not of its headers.
    """
    from melonnx.train.datasets import read_dataset
    from melonnx.train.inventory import take_inventory
    from melonnx.train.inventory_output import listening, print_inventory, print_json

    dataset = read_dataset(root.resolve(), artists, subgenres=subgenres)
    inventory = take_inventory(dataset, listening)
    if as_json:
        print_json(inventory)
    else:
        print_inventory(inventory)


@app.command()
def train(
    data: Annotated[Path, typer.Argument(help="Folder of <genre>/<file>, FMA or GTZAN.")],
    out: Annotated[Path, typer.Option(help="Folder of the run; made, or gone on with.")],
    artists: Annotated[
        Path | None, typer.Option(help="CSV with path and artist; DATA/tracks.csv by default.")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="An .npz of log-mels to learn from besides the audio.")
    ] = None,
    split: Annotated[
        str,
        typer.Option(
            help="artist; official, as FMA and GTZAN publish it; or random, which flatters, to "
            "see by how much."
        ),
    ] = "artist",
    subgenres: Annotated[
        bool,
        typer.Option(
            "--subgenres",
            help="Those of FMA's tree, of <genre>/<subgenre>/<file>, or of the CSV too.",
        ),
    ] = False,
    epochs: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    patience: Annotated[int | None, typer.Option(min=1, help="Stop after so many in vain.")] = None,
    seed: Annotated[int, typer.Option(help="Of split, weights and crops.")] = 0,
    cache: Annotated[
        Path | None, typer.Option(help="Folder for log-mels; the user's cache by default.")
    ] = None,
) -> None:
    """Train the network on a folder of music; the same command goes on where it was stopped."""
    from melonnx.train.splits import SPLIT_METHODS

    if split not in SPLIT_METHODS:
        raise typer.BadParameter(f"one of {', '.join(SPLIT_METHODS)}", param_hint="--split")
    from melonnx.train.cache import default_cache_folder
    from melonnx.train.fit import train as fit
    from melonnx.train.run import Settings
    from melonnx.train.tracks import require_subgenres

    settings = Settings(split=split, seed=seed)
    settings = replace(
        settings, epochs=epochs or settings.epochs, patience=patience or settings.patience
    )
    root = data.resolve()
    tracks = _read_tracks(root, artists, subgenres=subgenres)
    if subgenres:
        require_subgenres(root, tracks)
    fit(
        root,
        tracks,
        out,
        settings,
        cache or default_cache_folder(),
        say,
        pictures and pictures.resolve(),
    )
    say(f"done; now: melonnx export {out} --out genre.onnx")


@app.command()
def evaluate(
    model: Annotated[Path, typer.Argument(help="A model file.")],
    data: Annotated[Path, typer.Argument(help="As for train; or a run, for its test part.")],
    artists: Annotated[
        Path | None, typer.Option(help="CSV with path and artist; DATA/tracks.csv by default.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the figures there as JSON.")] = None,
) -> None:
    """Measure a model file on songs whose genre is known, through the runtime."""
    import json

    from melonnx.infer.predictor import Predictor
    from melonnx.train.evaluate import evaluate as measure
    from melonnx.train.run import read_run

    predictor = Predictor(model)
    if (data / "run.json").exists():
        tracks = read_run(data).songs("test")
    else:
        has_tree = bool(predictor.info.parents)
        tracks = _read_tracks(data.resolve(), artists, subgenres=has_tree)
    report = measure(predictor, tracks, say)
    print(*report.lines(), sep="\n")
    if out is not None:
        out.write_text(json.dumps(report.to_dict(), indent=2), encoding="utf-8")


def _read_tracks(root: Path, artists: Path | None, *, subgenres: bool) -> list[Track]:
    from melonnx.train.datasets import read_dataset

    dataset = read_dataset(root, artists, subgenres=subgenres)
    for reason, count in dataset.skipped.items():
        say(f"left out: {reason} ({count})")
    return list(dataset.tracks)
