"""One odd file of the corpus: how it is made, and what is to be said of it."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Entry", "Maker"]

Maker = Callable[[Path], None]


@dataclass(frozen=True)
class Entry:
    """One odd file: how it is made, and what must come of it."""

    name: bytes
    """Of the file; bytes, since not every name is text."""
    make: Maker
    status: str = "ok"
    """``Prediction.status``."""
    says: str = ""
    """A part of the error, or of a warning."""
    seconds: float | None = None
    """Of audio that the answer rests on, within a fifth."""
    tools: tuple[str, ...] = ()
    """Programs that make it."""
    like_ffmpeg: bool = True
    """Where it has ``seconds``: FFmpeg, too, hears all of it."""

    @property
    def lacks(self) -> str | None:
        """A program that it needs and that is not on this machine."""
        return next((tool for tool in self.tools if shutil.which(tool) is None), None)
