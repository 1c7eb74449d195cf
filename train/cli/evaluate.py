"""The command ``melonnx evaluate``."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from melonnx.infer.cli.shell import complete
from melonnx.train.cli.needs import require_installed
from melonnx.train.progress import say

__all__ = ["app"]

app = typer.Typer()


@app.callback()
def _evaluate() -> None:
    """Keep ``evaluate`` a named command although it is the only one here."""


@app.command()
def evaluate(
    model: Annotated[
        Path,
        typer.Argument(
            help="A model file, or a released one's name.", autocompletion=complete.models
        ),
    ],
    data: Annotated[
        Path,
        typer.Argument(
            help="As for train; or a run, for its test part; or with --decisions what melonnx "
            "classify -o wrote."
        ),
    ],
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
    decisions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What was decided in melonnx review on the songs of DATA, or what lies beside "
            "it; nothing is heard.",
        ),
    ] = None,
) -> None:
    """Measure a model file on songs whose genre is known, through the runtime."""
    from melonnx.infer.results.decisions import decisions_file

    decisions = decisions_file(data, decisions)
    if decisions is not None:
        if artists or merge or random:
            raise typer.BadParameter("goes with --out only", param_hint="--decisions")
        _against_decisions(model, data, decisions, out)
        return
    if random is not None and out is None:
        raise typer.BadParameter("needs --out", param_hint="--random")
    require_installed("sklearn")
    from melonnx.infer.model.session import find_model
    from melonnx.infer.predictor import Predictor

    path = find_model(model)
    predictor = Predictor(path)
    from melonnx.train.evaluate.evaluation import (
        evaluate_model,
        open_predictors,
        read_random_scores,
        read_test_songs,
    )
    from melonnx.train.evaluate.learnt_songs import learnt_songs
    from melonnx.train.evaluate.predictions import predict_all
    from melonnx.train.evaluate.scores import require_merges, score_predictions

    merges = [tuple(genres.split(",")) for genres in merge or ()]
    beside = None if random is None else read_random_scores(random)
    require_merges(merges, predictor.info.genres)
    songs = read_test_songs(data, artists, subgenres=bool(predictor.info.parents), say=say)
    predictors = open_predictors(path, data, songs)
    print(learnt_songs(predictors).line(), end="\n\n", flush=True)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)  # what cannot be written should not take an hour
    predictions = predict_all(predictors, say)
    scores = score_predictions(predictions, merges)
    print(*scores.lines(), sep="\n")
    if out is None:
        return
    from melonnx.train.evaluate.report import write_report

    options = {"artists": artists, "random": random, "out": out}
    words = ["melonnx", "evaluate", str(model), str(data)]
    words += [word for genres in merges for word in ("--merge", ",".join(genres))]
    words += [word for name, path in options.items() if path for word in (f"--{name}", str(path))]
    whole = evaluate_model(
        path,
        predictors,
        songs,
        predictions,
        scores,
        random=beside,
        command=shlex.join(words),
        say=say,
    )
    write_report(whole, out)
    say(f"written: {out / 'report.md'}, report.json and figures")


def _against_decisions(model: Path, results: Path, decisions: Path, out: Path | None) -> None:
    from melonnx.infer.library.wishes import model_that_made
    from melonnx.infer.model.session import find_model
    from melonnx.infer.results.decisions import read_decisions
    from melonnx.infer.results.reading import open_results
    from melonnx.train.evaluate.decided import score_decided

    songs, made = open_results(results), read_decisions(decisions)
    info = model_that_made(songs.models, find_model(model))
    score = score_decided(list(songs), made, info.genres if info else ())
    print(*score.lines(), sep="\n")
    if out is None:
        return
    from melonnx.train.evaluate.report_figures import draw_reliability

    out.mkdir(parents=True, exist_ok=True)
    draw_reliability(score, out / "reliability.png")
    say(f"written: {out / 'reliability.png'}")
