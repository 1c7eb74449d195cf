"""Options that the commands of pictures share."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Dark", "Out", "require_picture_path"]

Out = Annotated[Path, typer.Option("--out", "-o", dir_okay=False, help="*.png, *.svg, *.pdf, …")]
Dark = Annotated[bool, typer.Option("--dark", help="Light lines on a dark ground.")]


def require_picture_path(out: Path) -> None:
    """Refuse what cannot be drawn to, before the work is done and not after it."""
    from matplotlib.backend_bases import FigureCanvasBase

    known = FigureCanvasBase.get_supported_filetypes().keys() - {"pgf"}  # which needs LaTeX
    if out.suffix.lower()[1:] not in known:
        raise typer.BadParameter(
            f"its name must end with one of {', '.join(sorted(known))}", param_hint="--out"
        )
    if not out.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {out.parent}", param_hint="--out")
