"""The commands ``melonnx picture`` and ``melonnx gallery``."""

from pathlib import Path
from typing import Annotated

import typer

from melonnx.infer.cli.options import Device, Model, Sure, Threads
from melonnx.infer.results.listing import say

__all__ = ["app"]

app = typer.Typer()

_Out = Annotated[Path, typer.Option("--out", "-o", dir_okay=False, help="*.png, *.svg, *.pdf, …")]
_Dark = Annotated[bool, typer.Option("--dark", help="Light lines on a dark ground.")]


@app.command()
def picture(
    song: Annotated[str, typer.Argument(metavar="SONG", help="An audio file.")],
    out: _Out,
    stage: Annotated[
        str,
        typer.Option(
            help="waveform, periodogram, spectrogram, mel, evidence, timeline, probabilities or "
            "all."
        ),
    ] = "all",
    against: Annotated[
        str | None, typer.Option(help="Evidence against this genre; all others by default.")
    ] = None,
    dark: _Dark = False,
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
    _check(out)
    predictor = Predictor(model, device, threads, sure=sure)  # type: ignore[arg-type]
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


@app.command()
def gallery(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="A folder of music: <genre>/<file>.")
    ],
    out: _Out,
    dark: _Dark = False,
) -> None:
    """Draw two mel spectrograms of each genre side by side."""
    from melonnx.demo.pictures.gallery import draw_gallery, find_examples
    from melonnx.demo.pictures.style import save

    _check(out)
    save(draw_gallery(find_examples(data, say), dark=dark), out)


def _check(out: Path) -> None:
    """Before the work is done, not after it."""
    from matplotlib.backend_bases import FigureCanvasBase

    known = FigureCanvasBase.get_supported_filetypes().keys() - {"pgf"}  # which needs LaTeX
    if out.suffix.lower()[1:] not in known:
        raise typer.BadParameter(
            f"its name must end with one of {', '.join(sorted(known))}", param_hint="--out"
        )
    if not out.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {out.parent}", param_hint="--out")
