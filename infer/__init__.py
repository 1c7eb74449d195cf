"""Tells the genre of music from one small ONNX file: decode, mel, network, answer.

Around that: the command line, and collections of songs. Needs numpy, onnxruntime, soundfile, soxr
and typer, and imports none of the other folders. Start reading at ``predictor.py`` for one song, at
``library/collection.py`` for many, at ``cli/registry.py`` for the commands.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from melonnx.infer.errors import MelonnxError
    from melonnx.infer.frontend.mel import MelSpec
    from melonnx.infer.prediction import Prediction, Segment
    from melonnx.infer.predictor import Predictor
    from melonnx.infer.stream import Stream

__all__ = ["MelSpec", "MelonnxError", "Prediction", "Predictor", "Segment", "Stream"]

_HOME = {
    "MelSpec": "frontend.mel",
    "MelonnxError": "errors",
    "Prediction": "prediction",
    "Predictor": "predictor",
    "Segment": "prediction",
    "Stream": "stream",
}


def __getattr__(name: str) -> Any:
    """Import on first use (PEP 562): ``melonnx --help`` need not wait for onnxruntime."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
