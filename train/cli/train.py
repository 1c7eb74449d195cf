"""The command ``melonnx train``."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from melonnx.infer.cli.shell import complete
from melonnx.train.cli import learning
from melonnx.train.cli.datasets import read_data, source_weights
from melonnx.train.cli.heads import add_heads, train_head, try_labels
from melonnx.train.cli.needs import require_installed
from melonnx.train.data.tracks import Track
from melonnx.train.progress import say

if TYPE_CHECKING:
    from melonnx.train.settings import Settings

__all__ = ["app"]

app = typer.Typer()

_TAUGHT = 0.5
"""Share of the teacher's answer in what a labelled track should get."""
_FOLDS_OF_FINE_TUNING = 5
"""So that few songs are all learnt from, and all measured on."""
_TABLES = (".npz", ".parquet")
"""Endings of a ``--teacher`` that is no network."""
_OF_A_HEAD = {
    *("data", "out", "artists", "head", "base", "without", "weight", "column", "teacher"),
    *("try_out", "cache"),
}
"""Options that go with ``--head``; the others are those of a network."""


@app.callback()
def _train() -> None:
    """Keep ``train`` a named command although it is the only one here."""


@app.command()
def train(
    context: typer.Context,
    data: Annotated[
        list[Path],
        typer.Argument(
            help="Folder of <genre>/<file>, FMA or GTZAN, or several as one data set; or an .npz "
            "of log-mels."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the run; made, or gone on with. With --head: the *.onnx."),
    ] = None,
    head: Annotated[
        bool,
        typer.Option(
            "--head",
            help="Only a new head on a model file's network: a minute, and one model file.",
        ),
    ] = False,
    try_out: Annotated[
        bool,
        typer.Option(
            "--try",
            help="With --head, and no --out: which songs seem to be in the wrong folder, and which "
            "folders cannot be told apart.",
        ),
    ] = False,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="With --head: besides the base's genres, what this column of the table says: "
            "words, ; between them, or a number from 0 to 1. May be given several times.",
        ),
    ] = None,
    base: Annotated[
        Path | None,
        typer.Option(
            help="With --head: a model file, or a released one's name; genre-base.",
            autocompletion=complete.models,
        ),
    ] = None,
    artists: Annotated[
        Path | None, typer.Option(help="CSV with path and artist; DATA/tracks.csv by default.")
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GENRE",
            help="Not to be told: its songs count as the next genre that the column also names, "
            "or are left out. May be given several times.",
        ),
    ] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SOURCE=W",
            help="What a song counts whose column source says so, 0 to 1: for labels that are "
            "trusted less, which are then not measured on. May be given several times.",
        ),
    ] = None,
    balance: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="1: all genres count the same; 0: all songs do; 0.5, between them, by default.",
        ),
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
    tags: Annotated[
        Path | None,
        typer.Option(
            help="The same file: its own fifty tags, sorted into twelve genres; nothing is "
            "learnt but how far to believe them."
        ),
    ] = None,
    teacher: Annotated[
        Path | None,
        typer.Option(
            help="The same file: what such a head says teaches our own network. Or, with "
            "--transfer, a table (*.npz, *.parquet) of what other networks say of the songs: a "
            "light one, made of --transfer's, learns from both. With --head, an *.npz that has the "
            "first --column."
        ),
    ] = None,
    heavy: Annotated[
        bool,
        typer.Option(
            "--heavy",
            help="With such a table: all of --transfer's network, whose last layer learns; as slow "
            "as it is, and right more often than the light one.",
        ),
    ] = False,
    unlabelled: Annotated[
        Path | None, typer.Option(help="Folder of more music, for the teacher to label.")
    ] = None,
    not_music: Annotated[
        Path | None,
        typer.Option(
            help="With --transfer: folder of speech, effects and other sounds that are no music, a "
            "folder in it for each speaker; the model then says what is none."
        ),
    ] = None,
    fine_tune: learning.FineTune = None,
    deeper: learning.Deeper = False,
    folds: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="So many networks, each tested on artists kept from it, and one of all tracks; "
            "0, and 5 with --fine-tune.",
        ),
    ] = None,
    copies: Annotated[
        int | None,
        typer.Option(min=0, help="Distorted copies of each track (codec, band, limiter, speed)."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="artist, by default; official, as FMA and GTZAN publish it; random, which "
            "flatters, to see by how much; or none, to learn from everything and measure nothing."
        ),
    ] = None,
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
    preset: learning.Preset = None,
    optimizer: learning.Optimizer = None,
    learning_rate: learning.LearningRate = None,
    schedule: learning.Schedule = None,
    batch_size: learning.BatchSize = None,
    dropout: learning.Dropout = None,
    augment: learning.Augment = None,
    average_weights: learning.AverageWeights = None,
    test_share: learning.TestShare = None,
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
    from melonnx.train.data.cache import default_cache_folder

    where = cache or default_cache_folder()
    if try_out:
        _require_options_of_a_try(head=head, out=out, column=column, teacher=teacher)
        _require_options_of_a_head(context)
        try_labels(data, artists, base, without or (), source_weights(weight), where)
        return
    if out is None:
        raise typer.BadParameter("is missing: where to write to", param_hint="--out")
    if head:
        _require_options_of_a_head(context)
        _require_model_path(out)
        if column:
            if without or weight:
                raise typer.BadParameter(
                    "tells genres, and --column none", param_hint="--without, --weight"
                )
            add_heads(context.obj, data, out, artists, base, column, teacher, where)
            return
        if teacher:
            raise typer.BadParameter("needs --column, with --head", param_hint="--teacher")
        weights = source_weights(weight)
        train_head(context.obj, data, out, artists, base, without or (), weights, where)
        return
    if base:
        raise typer.BadParameter("needs --head", param_hint="--base")
    if column:
        raise typer.BadParameter("needs --head", param_hint="--column")
    from melonnx.train.data.splits import SPLIT_METHODS
    from melonnx.train.settings import OPTIMIZERS, SCHEDULES

    _require_one_of(SPLIT_METHODS, split, "--split")
    _require_one_of(OPTIMIZERS, optimizer, "--optimizer")
    _require_one_of(SCHEDULES, schedule, "--schedule")
    _require_one_of(("original",), preset, "--preset")
    if folds == 1:
        raise typer.BadParameter("0, or two or more", param_hint="--folds")
    table = teacher if teacher and teacher.suffix in _TABLES else None
    if table and not transfer:
        raise typer.BadParameter(
            "a table needs --transfer, whose network learns from it", param_hint="--teacher"
        )
    if heavy and not table:
        raise typer.BadParameter("needs a table as --teacher", param_hint="--heavy")
    teacher = None if table else teacher
    if sum(map(bool, (transfer, tags, teacher))) > 1:
        raise typer.BadParameter("one of --transfer, --tags and --teacher", param_hint="--teacher")
    if deeper and not fine_tune:
        raise typer.BadParameter("needs --fine-tune", param_hint="--deeper")
    if not_music and not transfer:
        raise typer.BadParameter("needs --transfer", param_hint="--not-music")
    if unlabelled and not teacher:
        raise typer.BadParameter("needs a --teacher, no table", param_hint="--unlabelled")
    if pictures and (transfer or tags):
        raise typer.BadParameter("are of another front end", param_hint="--pictures")
    of_our_own = {
        "optimizer": optimizer, "learning_rate": learning_rate, "schedule": schedule,
        "batch_size": batch_size, "dropout": dropout, "augment": augment,
        "average_weights": average_weights,
    }  # fmt: skip
    if fine_tune:
        others = {"transfer": transfer, "tags": tags, "teacher": teacher, "start": start,
                  "pictures": pictures, "mixup": mixup, "preset": preset, "augment": augment,
                  "average_weights": average_weights}  # fmt: skip
        _require_none(others, "does not go with --fine-tune")
        if subgenres:
            raise typer.BadParameter("does not go with --fine-tune", param_hint="--subgenres")
    if transfer or tags:
        _require_none({"preset": preset, **of_our_own}, "is of our own network")
    if teacher:
        _require_none({"preset": preset}, "has no teacher")
    if folds:
        _require_none({"test_share": test_share}, "is of one split, not of folds")
    asked: dict[str, Any] = {
        "split": split, "epochs": epochs, "patience": patience, "copies": copies, "mixup": mixup,
        "balance": balance, "test_share": test_share, **of_our_own,
    }  # fmt: skip
    require_installed("keras")
    from melonnx.infer.model.session import find_model, load_model
    from melonnx.train.data.tracks import require_subgenres
    from melonnx.train.run import read_run

    base_file = None if fine_tune is None else find_model(fine_tune)
    begun = start and read_run(start).network_path
    if len(data) == 1 and data[0].suffix == ".npz":  # no audio
        pictures = data[0]
        root, tracks = data[0].parent.resolve(), list[Track]()
    else:
        dataset = read_data(
            data, artists, without or (), source_weights(weight), subgenres=subgenres
        )
        root, tracks = dataset.root, list(dataset.tracks)
    if subgenres:
        require_subgenres(root, tracks)

    # Keras takes seconds to import: what is wrong with the line or the data is said before.
    from melonnx.train.network.student import fine_tuned
    from melonnx.train.settings import ORIGINAL
    from melonnx.train.train import train as make_run
    from melonnx.train.training_data import Sources

    settings = ORIGINAL if preset else _settings(transfer, tags, teacher, table, heavy=heavy)
    if base_file is not None:
        settings = fine_tuned(load_model(base_file, device="cpu").info, deeper=deeper)
        if folds is None and not (split or test_share):
            folds = _FOLDS_OF_FINE_TUNING
    folds = folds or 0
    settings = replace(settings, seed=seed, folds=folds)
    settings = replace(settings, **{k: v for k, v in asked.items() if v is not None})
    sources = Sources(
        pictures=pictures and pictures.resolve(),
        pictures_fmax=pictures_fmax,
        start=begun,
        backbone=transfer or tags or teacher,
        unlabelled=unlabelled and unlabelled.resolve(),
        not_music=not_music and not_music.resolve(),
        teacher=table and table.resolve(),
        fine_tune=base_file,
    )
    make_run(root, tracks, out, settings, where, say, sources, mirrored=mirrored)
    say(f"done; now: melonnx export {out} --out genre.onnx")


def _require_one_of(names: Sequence[str], name: str | None, option: str) -> None:
    if name is not None and name not in names:
        raise typer.BadParameter(f"one of {', '.join(names)}", param_hint=option)


def _require_none(options: Mapping[str, object], why: str) -> None:
    for name, value in options.items():
        if value is not None:
            raise typer.BadParameter(why, param_hint=f"--{name.replace('_', '-')}")


def _settings(
    transfer: Path | None,
    tags: Path | None,
    teacher: Path | None,
    table: Path | None,
    *,
    heavy: bool,
) -> "Settings":
    from melonnx.train.network.genre_tags import TAG_SETTINGS
    from melonnx.train.network.student import HEAVY_STUDENT, STUDENT
    from melonnx.train.network.transfer import TRANSFER
    from melonnx.train.settings import Settings

    if tags:
        return TAG_SETTINGS
    if table:
        return HEAVY_STUDENT if heavy else STUDENT
    return TRANSFER if transfer else Settings(taught=_TAUGHT if teacher else 0.0)


def _require_options_of_a_try(
    *, head: bool, out: Path | None, column: Sequence[str] | None, teacher: Path | None
) -> None:
    if not head:
        raise typer.BadParameter("needs --head", param_hint="--try")
    if out or column or teacher:
        raise typer.BadParameter(
            "writes nothing, and is of genres: without --out, --column and --teacher",
            param_hint="--try",
        )


def _require_options_of_a_head(context: typer.Context) -> None:
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if source and source.name == "COMMANDLINE" and parameter.name not in _OF_A_HEAD:
            raise typer.BadParameter("is of a network, not a head", param_hint=parameter.opts[0])


def _require_model_path(out: Path) -> None:
    from melonnx.train.cli.model_path import require_model_path

    require_model_path(out, "--out")
