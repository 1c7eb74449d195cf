"""What a model or answers tell besides the genre, and one line for those who ask for more."""

from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np

from melonnx.infer.errors import IndexFileError, ModelFileError, ResultsFileError
from melonnx.infer.model.metadata import ModelInfo
from melonnx.infer.model.session import load_model
from melonnx.infer.prediction import Prediction
from melonnx.infer.similar.index import Index

__all__ = [
    "require_told",
    "require_told_by_index",
    "told_by_answers",
    "told_by_index",
    "told_by_model",
]

_NEED = {
    "energy": {"energy"},
    "valence": {"valence"},
    "mood": {"energy", "valence", "tags"},
    "style": {"tags"},
    "voice": {"tags"},
    "era": {"tags"},
}
"""By name, the heads of a model of which one is needed."""


def told_by_model(info: ModelInfo) -> set[str]:
    """Of energy, valence, mood, style, voice and era, those that the model tells."""
    return _told(set(info.heads))


def told_by_answers(answers: Iterable[Prediction]) -> set[str]:
    """Those that one of the answers tells, or more."""
    heads: set[str] = set()
    for one in answers:
        heads |= {"tags"} if one.tags else set()
        heads |= {name for name in ("energy", "valence") if getattr(one, name) is not None}
    return _told(heads)


def told_by_index(index: Index) -> set[str]:
    """Those that are told of one of its songs, or more."""
    moods = index.moods
    if moods is None:
        return set()
    numbers = {"energy": moods.energy, "valence": moods.valence}
    heads = {name for name, values in numbers.items() if not np.isnan(values).all()}
    return _told(heads | ({"tags"} if moods.tags else set()))


def _told(heads: set[str]) -> set[str]:
    return {name for name, needed in _NEED.items() if not needed.isdisjoint(heads)}


def require_told_by_index(asked: Collection[str], index: Index, path: Path) -> None:
    """As :func:`require_told`; raises IndexFileError."""
    if complaint := _complaint(asked, told_by_index(index)):
        raise IndexFileError(
            f"{path}: {complaint}: melonnx classify --embeddings --tags -o makes such an index"
        )


def require_told(
    asked: Collection[str],
    model: Path | None,
    results: Path | None,
    answers: Iterable[Prediction] | None,
) -> None:
    """Check that what is ``asked`` (names that any model tells are passed over) can be had.

    ``answers``: what was made before, of the file ``results``; None where ``model`` is to hear.
    Raises ResultsFileError or ModelFileError: one line that lists what there is.
    """
    if answers is None:
        info = load_model(model, device="cpu", threads=1).info
        if complaint := _complaint(asked, told_by_model(info)):
            raise ModelFileError(f"{info.name} {info.version} {complaint}")
        return
    told = [told_by_answers([one]) for one in answers if one.ok]
    if told and (complaint := _complaint(asked, set().union(*told))):
        raise ResultsFileError(
            f"{results}: {complaint}: melonnx classify -o makes such results, for CSV and Parquet "
            "with --tags"
        )


def _complaint(asked: Collection[str], told: Collection[str]) -> str:
    lacking = [name for name in _NEED if name in asked and name not in told]
    if not lacking:
        return ""
    there = f"{', '.join(name for name in _NEED if name in told) or 'genres'} only"
    return f"tells no {' or '.join(lacking)}, but {there}; genre-base and genre-small tell them"
