"""The commands ``melonnx data``, ``melonnx train`` and ``melonnx evaluate``."""

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from melonnx.train.tracks import Track

__all__ = ["app"]

app = typer.Typer()

_TAUGHT = 0.5
"""Share of the teacher's answer in what a labelled track should get."""


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
    data: Annotated[
        Path,
        typer.Argument(help="Folder of <genre>/<file>, FMA or GTZAN; or an .npz of log-mels."),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the run; made, or gone on with.")],
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
    """Train the network on a folder of music; the same command goes on where it was stopped."""
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


@app.command()
def evaluate(
    model: Annotated[Path, typer.Argument(help="A model file.")],
    data: Annotated[Path, typer.Argument(help="As for train; or a run, for its test part.")],
    artists: Annotated[
        Path | None, typer.Option(help="CSV with path and artist; DATA/tracks.csv by default.")
    ] = None,
    merge: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GENRE,GENRE",
            help="Also the accuracy when these count as one; may be given several times.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            file_okay=False,
            help="Folder for a whole report: also classifies the songs changed in level, codec "
            "and length.",
        ),
    ] = None,
    random: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="MODEL.onnx",
            help="With --out: the model of the same training, split at random, to stand beside.",
        ),
    ] = None,
) -> None:
    """Measure a model file on songs whose genre is known, through the runtime."""
    from melonnx.infer.predictor import Predictor
    from melonnx.train.answers import ask_panel
    from melonnx.train.evaluate import require_merges, score_answers
    from melonnx.train.study import read_panel, read_random_scores, read_test_songs, study

    if random is not None and out is None:
        raise typer.BadParameter("needs --out", param_hint="--random")
    merges = [tuple(genres.split(",")) for genres in merge or ()]
    beside = None if random is None else read_random_scores(random)
    predictor = Predictor(model)
    require_merges(merges, predictor.info.genres)
    songs = read_test_songs(data, artists, subgenres=bool(predictor.info.parents), say=say)
    panel = read_panel(model, data, songs)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)  # what cannot be written should not take an hour
    answers = ask_panel(panel, say)
    scores = score_answers(answers, merges)
    print(*scores.lines(), sep="\n")
    if out is None:
        return
    from melonnx.train.report import write_report

    options = {"artists": artists, "random": random, "out": out}
    words = ["melonnx", "evaluate", str(model), str(data)]
    words += [word for genres in merges for word in ("--merge", ",".join(genres))]
    words += [word for name, path in options.items() if path for word in (f"--{name}", str(path))]
    whole = study(
        model,
        panel,
        songs,
        answers,
        scores,
        random=beside,
        command=shlex.join(words),
        say=say,
    )
    write_report(whole, out)
    say(f"written: {out / 'report.md'}, report.json and figures")


def _read_tracks(root: Path, artists: Path | None, *, subgenres: bool) -> list[Track]:
    from melonnx.train.datasets import read_dataset

    dataset = read_dataset(root, artists, subgenres=subgenres)
    for reason, count in dataset.skipped.items():
        say(f"left out: {reason} ({count})")
    return list(dataset.tracks)
