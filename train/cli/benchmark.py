"""The command ``melonnx benchmark``."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from melonnx.train.cli.needs import require_installed
from melonnx.train.progress import say

if TYPE_CHECKING:
    from melonnx.train.cli.exporters import ExportPipeline

__all__ = ["app"]

app = typer.Typer()


@app.callback()
def _benchmark() -> None:
    """Keep ``benchmark`` a named command although it is the only one here."""


@app.command()
def benchmark(
    context: typer.Context,
    table: Annotated[
        Path,
        typer.Argument(metavar="FEATURES", help="From melonnx features; or FMA's features.csv."),
    ],
    model: Annotated[
        list[Path] | None,
        typer.Option(help="A model file to stand beside; may be given several times."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="With --model: the folder of the songs' audio.")
    ] = None,
    run: Annotated[
        list[Path] | None,
        typer.Option(
            help="An exported run with folds: its folds are taken, and each fold's own model is "
            "asked of its songs; may be given several times."
        ),
    ] = None,
    preset: Annotated[
        str, typer.Option(help="fma-paper, as published; or tuned, a grid within each fold.")
    ] = "fma-paper",
    folds: Annotated[int, typer.Option(min=2, help="Folds that part no artist.")] = 5,
    split: Annotated[str, typer.Option(help="artist, for folds; or official.")] = "artist",
    subset: Annotated[
        str, typer.Option(help="Of FMA's features.csv: small, medium, large or full.")
    ] = "medium",
    out: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder for Markdown, CSV and pictures."),
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="Write the best pipeline, of all songs, as *.onnx.")
    ] = None,
) -> None:
    """Compare classical classifiers on hand-made features, with networks on the same songs."""
    from melonnx.train.classical.presets import PRESETS
    from melonnx.train.data.readers.fma import SUBSETS
    from melonnx.train.run import read_run

    for value, known, hint in (
        (preset, PRESETS, "--preset"),
        (split, ("artist", "official"), "--split"),
        (subset, SUBSETS, "--subset"),
    ):
        if value not in known:
            raise typer.BadParameter(f"one of {', '.join(known)}", param_hint=hint)
    if model and data is None:
        raise typer.BadParameter("is needed with --model", param_hint="--data")
    if run and split == "official":
        raise typer.BadParameter("has folds of its own, not the official split", param_hint="--run")
    if save is not None:
        from melonnx.train.cli.model_path import require_model_path

        require_model_path(save, "--save")
    require_installed("sklearn")
    from melonnx.train.classical.feature_table import read_features

    features = read_features(table, subset)  # type: ignore[arg-type]
    if features.left_out:
        say(f"left out: {features.left_out} songs of the table")
    runs = [read_run(folder) for folder in run or ()]
    from melonnx.train.classical.benchmark import fit_best, make_folds, run_benchmark
    from melonnx.train.classical.benchmark_report import print_benchmark, write_benchmark
    from melonnx.train.classical.networks import (
        folds_of_run,
        restrict_to_runs,
        score_model,
        score_run,
    )

    if runs:
        features = restrict_to_runs(features, runs)
        chosen = folds_of_run(features, runs[0])
    else:
        chosen = make_folds(features.tracks, folds, official=split == "official")
    networks = [score_run(one, features, say) for one in runs]
    if data is not None:
        root = data.resolve()
        networks += [score_model(path, root, features, chosen, say) for path in model or ()]
    result = run_benchmark(features, chosen, preset, say, networks=networks)  # type: ignore[arg-type]
    print_benchmark(result)
    if out is not None:
        write_benchmark(result, out, shlex.join(["melonnx", *sys.argv[1:]]))
        say(f"written: {out / 'benchmark.md'}, benchmark.csv and pictures")
    if save is not None:
        export_pipeline: ExportPipeline = context.obj()
        pipeline = fit_best(features, result.best, result.preset)
        proof = export_pipeline(pipeline, result, features, save)
        print(
            f"wrote {save}: {result.best.classifier}, {result.best.features}; equal to "
            f"scikit-learn on {proof.rows} songs, worst difference {proof.worst:.1e}"
        )
