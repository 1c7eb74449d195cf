"""Checks where a model file is to be written, before an hour is spent on what it will hold."""

from pathlib import Path

import typer

from melonnx.infer.model.session import TWIN_SUFFIX

__all__ = ["require_model_path"]


def require_model_path(out: Path, option: str) -> None:
    """Make the folder of ``out``; raises BadParameter unless it can be the path of a model file."""
    if out.suffix != ".onnx" or out.is_dir():
        raise typer.BadParameter("is the model file to write: *.onnx", param_hint=option)
    if out.name.endswith(TWIN_SUFFIX):
        raise typer.BadParameter("is the name of a twin; take another", param_hint=option)
    out.parent.mkdir(parents=True, exist_ok=True)
