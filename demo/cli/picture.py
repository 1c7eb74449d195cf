"""The command ``melonnx picture``."""

from typing import Annotated

import typer

from melonnx.demo.cli.options import Dark, Out, require_picture_path
from melonnx.infer.cli.options import Device, Model, Sure, Threads, Track
from melonnx.infer.cli.shell import complete
from melonnx.infer.results.listing import say

__all__ = ["app"]

app = typer.Typer()


@app.callback()
def _picture() -> None:
    """Keep ``picture`` a named command although it is the only one here."""


@app.command()
def picture(
    song: Annotated[str, typer.Argument(metavar="SONG", help="An audio file.")],
    out: Out,
    stage: Annotated[
        str,
        typer.Option(
            help="waveform, periodogram, spectrogram, mel, evidence, timeline, probabilities or "
            "all.",
            autocompletion=complete.one_of(
                *("waveform", "periodogram", "spectrogram", "mel", "evidence", "timeline"),
                *("probabilities", "all"),
            ),
        ),
    ] = "all",
    against: Annotated[
        str | None,
        typer.Option(
            help="Evidence against this genre; all others by default.",
            autocompletion=complete.genres,
        ),
    ] = None,
    dark: Dark = False,
    track: Track = None,
    sure: Sure = 90,
    model: Model = None,
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Draw what the model hears of a song, and where it found its evidence."""
    from melonnx.demo.pictures.song import STAGES, draw, draw_all
    from melonnx.demo.pictures.style import save
    from melonnx.infer.explain.evidence import map_evidence
    from melonnx.infer.explain.examine import examine
    from melonnx.infer.explain.explanation import rival_of
    from melonnx.infer.predictor import Predictor

    if stage not in (*STAGES, "all"):
        raise typer.BadParameter(f"one of {', '.join(STAGES)}, all", param_hint="--stage")
    require_picture_path(out)
    predictor = Predictor(model, device, threads, sure=sure, track=track)  # type: ignore[arg-type]
    examined = examine(predictor, song)
    if against is not None:
        rival_of(examined, against)
    for warning in examined.prediction.warnings:
        say(f"{song}: {warning}")
    evidence = map_evidence(predictor, examined) if stage in ("evidence", "all") else None
    if stage == "all":
        figure = draw_all(examined, evidence, against=against, dark=dark)
    else:
        figure = draw(stage, examined, evidence, against=against, dark=dark)
    save(figure, out)
