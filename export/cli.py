"""The command ``melonnx export``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer()


@app.callback()
def _export() -> None:
    """Keep ``export`` a named command although it is the only one here."""


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Folder of a finished training run.")],
    out: Annotated[Path, typer.Option(help="The model file to write, *.onnx.")],
    name: Annotated[
        str | None, typer.Option(help="Name of the model; that of OUT by default.")
    ] = None,
    version: Annotated[str, typer.Option(help="Version of the model.")] = "1",
    dataset: Annotated[
        str | None, typer.Option(help="What it was trained on; the folder's name by default.")
    ] = None,
    license_name: Annotated[str, typer.Option("--license", help="Licence of the model.")] = "",
    attribution: Annotated[str, typer.Option(help="Whom the data's licences ask to name.")] = "",
    measure: Annotated[
        bool, typer.Option(help="Classify the test part and store the figures in the file.")
    ] = True,
    wave: Annotated[
        bool, typer.Option("--wave", help="Write the waveform twin, OUT.wave.onnx, too.")
    ] = False,
    quantise: Annotated[
        str | None,
        typer.Option(help="float16 or int8: smaller; refused where accuracy falls by a point."),
    ] = None,
) -> None:
    """Write a run's network as one ONNX file, proved equal to Keras on real music."""
    from melonnx.export.quantise import KINDS
    from melonnx.export.release import export_run
    from melonnx.export.twin import twin_path
    from melonnx.train.run import read_run

    if quantise not in (None, *KINDS):
        raise typer.BadParameter(f"one of {', '.join(KINDS)}", param_hint="--quantise")
    trained = read_run(run)
    exported = export_run(
        trained,
        out,
        name=name or out.stem,
        version=version,
        dataset=dataset or trained.data.name,
        license_name=license_name,
        attribution=attribution,
        measure=measure,
        wave=wave,
        small=quantise,  # type: ignore[arg-type]
        say=lambda line: print(line, file=sys.stderr, flush=True),
    )
    for output, difference in exported.proof.worst.items():
        print(f"{output:13} worst difference from Keras {difference:.1e}")
    for output, worst in (exported.twin or {}).items():
        print(f"{output:13} twin's worst difference from the runtime {worst.difference:.1e}")
    if exported.report is not None:
        print("", f"test part, split by {trained.settings.split}:", sep="\n")
        print(*exported.report.lines(), sep="\n")
    print()
    for path in (out, twin_path(out)) if wave else (out,):
        print(f"wrote {path} ({path.stat().st_size / 1e6:.2f} MB)")
