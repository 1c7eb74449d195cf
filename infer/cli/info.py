"""The command ``melonnx info``."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from melonnx.infer.cli.shell import complete

__all__ = ["app"]

app = typer.Typer()


@app.command()
def info(
    model: Annotated[
        Path | None,
        typer.Argument(
            help="A model file, or a released one's name.", autocompletion=complete.models
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The metadata as JSON.")] = False,
) -> None:
    """Show what a model file says of itself; without MODEL, the default one."""
    from melonnx.infer.model.session import find_model, load_model

    info = load_model(model, device="cpu").info
    if as_json:
        print(info.to_json())
        return
    values = json.loads(info.to_json())
    values.pop("heads", None)
    music_bar = values.pop("music_bar", 0)  # of a head that is older than the list of heads
    parents = values.pop("parents")
    values["labels"] = ", ".join(info.labels)
    if parents:
        values["labels"] = {
            genre: ", ".join(label for label in info.labels if parents[label] == genre)
            for genre in info.genres
        }
    print(f"file: {find_model(model)}")
    for name in ("name", "version", *sorted(values.keys() - {"name", "version"})):
        value = values[name]
        if isinstance(value, dict):
            print(f"{name}:", *(f"  {key}: {_shown(value[key])}" for key in value), sep="\n")
        else:
            print(f"{name}: {value}")
    if info.heads or music_bar:
        print("heads:")
    if music_bar:
        print(f"  music (scale): music\n    does not sound like music below: {_shown(music_bar)}")
    for name, head in info.heads.items():
        print(f"  {name} ({head.kind}): {', '.join(head.labels)}")
        if head.dataset:
            print(f"    learnt from {head.dataset}; {head.split}")
        for figure, number in head.metrics.items():
            print(f"    {figure}: {_shown(number)}")


def _shown(value: Any) -> str:
    """A table within a table, as ``bars`` are, in one line."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items())
    return str(value)
