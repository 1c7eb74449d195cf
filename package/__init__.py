"""melonnx tells the genre of music, from one small ONNX file: ``melonnx.Predictor()``.

The door to the runtime's public names. Nothing is imported until one is asked for, so that
``import melonnx`` costs next to nothing.
"""

TYPE_CHECKING = False  # checkers take it for true; typing's own would cost most of the import
if TYPE_CHECKING:
    from melonnx.infer import (
        MelonnxError,
        MelSpec,
        Prediction,
        Predictor,
        Segment,
        Stream,
    )

    __version__: str

__all__ = [
    "MelSpec",
    "MelonnxError",
    "Prediction",
    "Predictor",
    "Segment",
    "Stream",
    "__version__",
]


def __getattr__(name: str) -> object:
    """Import on first use (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        return version("melonnx")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("melonnx.infer"), name)


def __dir__() -> list[str]:
    return __all__
