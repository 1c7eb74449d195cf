"""The command ``melonnx export``."""

from pathlib import Path
from typing import Annotated

import typer

from melonnx.train.progress import say

__all__ = ["app"]

app = typer.Typer()


@app.callback()
def _export() -> None:
    """Keep ``export`` a named command although it is the only one here."""


@app.command()
def export(
    run: Annotated[
        Path,
        typer.Argument(
            help="Folder of a finished training run; or a Keras model, *.keras or *.h5."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="The model file to write, *.onnx.", show_default="needed to export"),
    ] = None,
    describe: Annotated[
        bool,
        typer.Option(
            "--describe",
            help="Only draft the description of a Keras model from its file, with questions.",
        ),
    ] = False,
    name: Annotated[
        str | None, typer.Option(help="Name of the model; that of OUT by default.")
    ] = None,
    version: Annotated[str, typer.Option(help="Version of the model.")] = "1",
    about: Annotated[
        Path | None,
        typer.Option(
            help="JSON that describes a *.keras: labels, mel_spec, window (models/README.md); "
            "by default beside it, of the same name."
        ),
    ] = None,
    layers: Annotated[
        Path | None,
        typer.Option(help="Python file with the model's own layers; it is run."),
    ] = None,
    check_audio: Annotated[
        Path | None,
        typer.Option(help="Of a Keras model: a song whose first window is compared."),
    ] = None,
    check_array: Annotated[
        Path | None,
        typer.Option(help="What your own code makes of that window, *.npy of the network's shape."),
    ] = None,
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
    """Write a run's network as one ONNX file, proved equal to Keras on real music.

    RUN may be a Keras model of your own, with a description of its input beside it.
    """
    from melonnx.export.quantise import KINDS
    from melonnx.export.wave.twin import twin_path
    from melonnx.train.cli.model_path import require_model_path
    from melonnx.train.cli.needs import require_installed

    is_keras = run.suffix in (".keras", ".h5", ".hdf5") or (run / "saved_model.pb").is_file()
    if describe:
        if not is_keras:
            raise typer.BadParameter("is for a *.keras file", param_hint="--describe")
        _describe(run, about or run.with_suffix(".json"), layers)
        return
    if out is None:
        raise typer.BadParameter("is needed", param_hint="--out")
    if quantise not in (None, *KINDS):
        raise typer.BadParameter(f"one of {', '.join(KINDS)}", param_hint="--quantise")
    require_model_path(out, "--out")
    if is_keras:
        if quantise:
            raise typer.BadParameter("needs a run, to be measured on", param_hint="--quantise")
        if (check_audio is None) != (check_array is None):
            raise typer.BadParameter("go together", param_hint="--check-audio, --check-array")
        require_installed("keras")
        from melonnx.export.keras.description import read_description

        check = (check_audio, check_array) if check_audio and check_array else None
        described = read_description(  # before Keras is imported, which takes seconds
            about or run.with_suffix(".json"),
            name=name or out.stem,
            version=version,
            dataset=dataset or "",
            license_name=license_name,
            attribution=attribution,
            checked=check is not None,
        )
        from melonnx.export.keras.own import export_keras

        exported = export_keras(run, described, out, wave=wave, code=layers, check=check, say=say)
        split = ""
    else:
        if about is not None:
            raise typer.BadParameter("is for a *.keras file", param_hint="--about")
        if layers or check_audio or check_array:
            raise typer.BadParameter(
                "are for a *.keras file", param_hint="--layers, --check-audio, --check-array"
            )
        from melonnx.train.run import read_run

        require_installed("keras")
        trained = read_run(run)  # before Keras is imported, which takes seconds
        from melonnx.export.keras.run import export_run

        split = trained.settings.split
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
            say=say,
        )
    for output, difference in exported.proof.worst.items():
        print(f"{output:13} worst difference from Keras {difference:.1e}")
    for output, worst in (exported.twin or {}).items():
        print(f"{output:13} twin's worst difference from the runtime {worst.difference:.1e}")
    if exported.report is not None:
        print("", f"test part, split by {split}:", sep="\n")
        print(*exported.report.lines(), sep="\n")
    print()
    for path in (out, twin_path(out)) if wave else (out,):
        print(f"wrote {path} ({path.stat().st_size / 1e6:.2f} MB)")


def _describe(path: Path, out: Path, code: Path | None) -> None:
    """Draft the description, asking at a terminal; say what is open."""
    import sys

    from melonnx.export.errors import KerasFileError
    from melonnx.export.keras.draft import ask, draft, write_draft
    from melonnx.export.keras.load import load_keras

    if out.exists():
        raise KerasFileError(f"{out}: is there already; remove it, or name another with --about")
    network = load_keras(path, code)
    try:
        found = draft(network)
    except KerasFileError as error:
        raise KerasFileError(f"{path}: {error}") from None
    if sys.stdin.isatty() and sys.stdout.isatty():
        found = ask(
            found,
            lambda question, there: typer.prompt(f"{question}\n{there}", "", show_default=False),
        )
    write_draft(found, out)
    print(f"wrote {out}")
    for field, question in found["questions"].items():
        print(f"open: {field}: {question}")
    if found["questions"]:
        say(f'answer these in {out}, take "questions" out, and export')
