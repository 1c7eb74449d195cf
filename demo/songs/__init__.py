"""Songs to try the page with, of four genres.

Each is short and under a free licence, which README.md beside them names. The first is the models'
own sample.
"""

from dataclasses import dataclass
from pathlib import Path

from melonnx.infer.model.released import MODELS_FOLDER

__all__ = ["EXAMPLES", "Example"]

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Example:
    """A song, and what its button says."""

    path: Path
    title: str
    artist: str


EXAMPLES = (
    Example(MODELS_FOLDER / "sample.mp3", "Metal madness", "Sectoid"),
    Example(_HERE / "electronic.mp3", "Coherence", "Max McCracken"),
    Example(_HERE / "latin.mp3", "Palace", "Will Savino"),
    Example(_HERE / "ambient.mp3", "Advanced Simulacra", "Max McCracken"),
)
