"""Finds the model files that came with melonnx, and reads their genres, without opening them."""

import json
import os
from pathlib import Path

from melonnx.infer.model.onnx_file import METADATA_KEY, read_metadata

__all__ = [
    "DEFAULT_MODEL",
    "MODELS_FOLDER",
    "TWIN_SUFFIX",
    "find_model",
    "genres_of_file",
    "released_models",
]

MODELS_FOLDER = Path(__file__).parents[2] / "models"
"""Of the released models: it lies beside ``infer/`` in a checkout and when installed."""

DEFAULT_MODEL = MODELS_FOLDER / "genre-base.onnx"

TWIN_SUFFIX = ".wave.onnx"
"""Of the waveform twin of a model, beside it."""


def released_models() -> dict[str, Path]:
    """The file of each model that came with melonnx, by name."""
    files = MODELS_FOLDER.glob("*.onnx")
    return {file.stem: file for file in files if not file.name.endswith(TWIN_SUFFIX)}


def find_model(path: str | os.PathLike[str] | None) -> Path:
    """The file of a released model where ``path`` is its name or None, else ``path``."""
    if path is None:
        return DEFAULT_MODEL
    named = released_models().get(os.fspath(path))
    return named if named and not Path(path).is_file() else Path(path)


def genres_of_file(path: str | os.PathLike[str] | None) -> list[str]:
    """The genres of a model file or a released one's name; none where it is no model file.

    For what must answer at once: neither numpy nor onnxruntime is imported.
    """
    try:
        values = json.loads(read_metadata(find_model(path).read_bytes(), METADATA_KEY))
        parents = values.get("parents", {})
        return list(dict.fromkeys(parents.get(label, label) for label in values["labels"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
