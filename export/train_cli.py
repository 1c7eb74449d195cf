"""The command ``melonnx train``: here, since ``--head`` writes a model file at once."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from melonnx.train.progress import say
from melonnx.train.tracks import Track

__all__ = ["app"]

app = typer.Typer()

_TAUGHT = 0.5
"""Share of the teacher's answer in what a labelled track should get."""
_OF_A_HEAD = {"data", "out", "artists", "head", "base"}
"""Options that go with ``--head``; the others are those of a network."""


@app.callback()
def _train() -> None:
    """Keep ``train`` a named command although it is the only one here."""


@app.command()
def train(
    context: typer.Context,
    data: Annotated[
        Path,
        typer.Argument(help="Folder of <genre>/<file>, FMA or GTZAN; or an .npz of log-mels."),
    ],
    out: Annotated[
        Path,
        typer.Option(help="Folder of the run; made, or gone on with. With --head: the *.onnx."),
    ],
    head: Annotated[
        bool,
        typer.Option(
            "--head",
            help="Only a new head on a model file's network: a minute, and one model file.",
        ),
    ] = False,
    base: Annotated[
        Path | None,
        typer.Option(help="With --head: a model file, or a released one's name; genre-base."),
    ] = None,
    artists: Annotated[
        Path | None, typer.Option(help="CSV with path and artist; DATA/tracks.csv by default.")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="An .npz of log-mels to learn from besides the audio.")
    ] = None,
    pictures_fmax: Annotated[
        float | None,
        typer.Option(help="Hz that the log-mels' bands reach to, if not the front end's."),
    ] = None,
    start: Annotated[
        Path | None, typer.Option(help="A run of the same network, to begin with its weights.")
    ] = None,
    transfer: Annotated[
        Path | None,
        typer.Option(
            help="The file of musicnn 0.1.0: train a head on its network instead of our own."
        ),
    ] = None,
    teacher: Annotated[
        Path | None,
        typer.Option(help="The same file: what such a head says teaches our own network."),
    ] = None,
    unlabelled: Annotated[
        Path | None, typer.Option(help="Folder of more music, for the teacher to label.")
    ] = None,
    folds: Annotated[
        int,
        typer.Option(
            min=0,
            help="So many networks, each tested on artists kept from it, and one of all tracks.",
        ),
    ] = 0,
    copies: Annotated[
        int | None,
        typer.Option(min=0, help="Distorted copies of each track (codec, band, limiter, speed)."),
    ] = None,
    split: Annotated[
        str,
        typer.Option(
            help="artist; official, as FMA and GTZAN publish it; random, which flatters, to "
            "see by how much; or none, to learn from everything and measure nothing."
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
    mixup: Annotated[
        float | None,
        typer.Option(min=0, help="How much crops are blended; 0, for none, suits large sets."),
    ] = None,
    mirrored: Annotated[
        bool, typer.Option("--mirrored", help="Train on all GPUs; each batch is shared out.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of split, weights and crops.")] = 0,
    cache: Annotated[
        Path | None, typer.Option(help="Folder for log-mels; the user's cache by default.")
    ] = None,
) -> None:
    """Train the network on a folder of music; the same command goes on where it was stopped.

    With --head, bring your own genres: fifty songs will do, and OUT is the model file.
    """
    if head:
        _require_options_of_a_head(context, out)
        _train_head(data.resolve(), out, artists, base)
        return
    if base:
        raise typer.BadParameter("needs --head", param_hint="--base")
    from melonnx.train.splits import SPLIT_METHODS

    if split not in SPLIT_METHODS:
        raise typer.BadParameter(f"one of {', '.join(SPLIT_METHODS)}", param_hint="--split")
    if folds == 1:
        raise typer.BadParameter("0, or two or more", param_hint="--folds")
    if transfer and teacher:
        raise typer.BadParameter("one of --transfer and --teacher", param_hint="--teacher")
    if unlabelled and not teacher:
        raise typer.BadParameter("needs a --teacher", param_hint="--unlabelled")
    if pictures and transfer:
        raise typer.BadParameter("are of another front end", param_hint="--pictures")
    from melonnx.train.cache import default_cache_folder
    from melonnx.train.material import Sources
    from melonnx.train.run import Settings, read_run
    from melonnx.train.tracks import require_subgenres
    from melonnx.train.train import train as make_run
    from melonnx.train.transfer import TRANSFER

    settings = replace(
        TRANSFER if transfer else Settings(taught=_TAUGHT if teacher else 0.0),
        split=split,
        seed=seed,
        folds=folds,
    )
    asked = {"epochs": epochs, "patience": patience, "copies": copies, "mixup": mixup}
    settings = replace(settings, **{k: v for k, v in asked.items() if v is not None})
    has_no_audio = data.suffix == ".npz"
    if has_no_audio:
        data, pictures = data.parent, data
    sources = Sources(
        pictures=pictures and pictures.resolve(),
        pictures_fmax=pictures_fmax,
        start=start and read_run(start).network_path,
        backbone=transfer or teacher,
        unlabelled=unlabelled and unlabelled.resolve(),
    )
    root = data.resolve()
    tracks = [] if has_no_audio else _read_tracks(root, artists, subgenres=subgenres)
    if subgenres:
        require_subgenres(root, tracks)
    where = cache or default_cache_folder()
    make_run(root, tracks, out, settings, where, say, sources, mirrored=mirrored)
    say(f"done; now: melonnx export {out} --out genre.onnx")


def _read_tracks(root: Path, artists: Path | None, *, subgenres: bool) -> list[Track]:
    from melonnx.train.datasets import read_dataset

    dataset = read_dataset(root, artists, subgenres=subgenres)
    for reason, count in dataset.skipped.items():
        say(f"left out: {reason} ({count})")
    return list(dataset.tracks)


def _require_options_of_a_head(context: typer.Context, out: Path) -> None:
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if source and source.name == "COMMANDLINE" and parameter.name not in _OF_A_HEAD:
            raise typer.BadParameter("is of a network, not a head", param_hint=parameter.opts[0])
    from melonnx.export.model_option import require_model_path

    require_model_path(out, "--out")


def _train_head(root: Path, out: Path, artists: Path | None, base: Path | None) -> None:
    from melonnx.export.own_genres import make_own_genres
    from melonnx.train.own_genres import warnings_of

    tracks = _read_tracks(root, artists, subgenres=False)
    made = make_own_genres(tracks, base, out, name=out.stem, dataset=root.name, say=say)
    print(f"split by artist: {made.info.split}", "", *made.own.report.lines(), "", sep="\n")
    for line in warnings_of(made.own):
        print(f"note: {line}")
    print(f"wrote {out} ({out.stat().st_size / 1e6:.2f} MB)")
    say(f"done; now: melonnx classify SONG --model {out}")
