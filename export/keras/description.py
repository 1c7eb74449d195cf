"""Reads the description beside a Keras model: what its file does not say of itself."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from melonnx.export.errors import KerasFileError
from melonnx.infer.frontend.mel_spec import FULL_SCALE
from melonnx.infer.frontend.mfcc import Mfcc
from melonnx.infer.model.metadata import FORMAT_VERSION, ModelInfo

__all__ = ["AXES", "MFCC_SIZES", "QUESTIONS", "Description", "Front", "read_description"]

AXES = ("frames, mels", "mels, frames")
SCALES = ("unit", "decibels")
NORMALISATIONS = ("none", "minmax", "standard")
MFCC_SIZES = frozenset({12, 13, 20, 24, 26, 39, 60})
"""Numbers of coefficients that people take, deltas or not; mel bands are seldom so few."""
QUESTIONS = "questions"
"""A field of drafts: what their author has not answered yet."""

_NEEDED = ("labels", "mel_spec", "window")
_MORE = ("window_hop", "max_windows", "temperature", "pooling", "bars", "accepts", "parents")
_EMBEDDING = "embedding"
_FRONT = ("axes", "scale", "normalise")
_OWN = (*_MORE, _EMBEDDING, *_FRONT)


@dataclass(frozen=True)
class Front:
    """How a network takes its log-mels, or MFCC; by default as melonnx makes them."""

    axes: str = AXES[0]
    """The order of the axes behind the batch."""
    scale: str = SCALES[0]
    """``unit``: 0 at the clip's floor, 1 at its maximum. ``decibels``: from -top_db to 0; of full
    scale (``MelSpec.reference``) from -100 on."""
    normalise: str | tuple[float, float] = NORMALISATIONS[0]
    """Each window against its own minimum and maximum, or its own mean and deviation; or all
    against a mean and a deviation that are known."""


@dataclass(frozen=True)
class Description:
    """What a Keras file does not say of itself."""

    info: ModelInfo
    """The metadata of the model to be."""
    embedding: str | None
    """The layer whose output is the embedding; None: what goes into the last Dense."""
    front: Front


def read_description(
    path: Path,
    *,
    name: str,
    version: str,
    dataset: str,
    license_name: str,
    attribution: str,
    checked: bool = False,
) -> Description:
    """What the author of a Keras model says of it; Keras is not imported.

    ``path``: a JSON object of the format's own fields (``models/README.md``): ``labels``,
    ``mel_spec`` and ``window`` must be there; ``window_hop`` (the window by default),
    ``max_windows``, ``temperature``, ``pooling``, ``bars``, ``accepts`` and ``parents`` may be, and
    ``embedding``, ``axes``, ``scale`` and ``normalise``
    (:class:`Front`).

    Of ``mfcc`` in ``mel_spec``, what is left out is librosa's default. ``checked``: what the
    network is given is compared with its author's; otherwise mel bands so few that they may be MFCC
    are refused, unless ``mfcc`` is null.

    Raises KerasFileError where it cannot be read, or a field is missing, unknown or bad.
    """
    try:
        given: Any = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise KerasFileError(
            f"{path}: is not there; a Keras model needs a description, a JSON object with "
            f"{', '.join(_NEEDED)} (models/README.md says what they are; --describe drafts it)"
        ) from None
    except OSError as error:
        raise KerasFileError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise KerasFileError(f"{path}: is no JSON ({error})") from None
    if not isinstance(given, dict):
        raise KerasFileError(f"{path}: is no JSON object")
    if open_questions := given.pop(QUESTIONS, None):
        raise KerasFileError(
            f"{path}: its questions about {', '.join(open_questions)} are open: look each up in "
            f'your own code, mend the fields, and take "{QUESTIONS}" out'
        )
    missing = [field for field in _NEEDED if field not in given]
    unknown = sorted(given.keys() - {*_NEEDED, *_OWN})
    if missing or unknown:
        raise KerasFileError(
            f"{path}: "
            + "; ".join(
                f"{what} {', '.join(fields)}"
                for what, fields in (("lacks", missing), ("has unknown fields", unknown))
                if fields
            )
            + f"; needed are {', '.join(_NEEDED)}, allowed {', '.join(_OWN)}"
        )
    embedding = given.pop(_EMBEDDING, None)
    if embedding is not None and not isinstance(embedding, str):
        raise KerasFileError(f"{path}: embedding is the name of a layer, not {embedding!r}")
    front = _read_front(path, {name: given.pop(name) for name in _FRONT if name in given})
    if not isinstance(given["labels"], list):
        raise KerasFileError(f"{path}: labels is a list of names, not {given['labels']!r}")
    given["mel_spec"] = _whole_spec(path, given["mel_spec"], checked)
    values = {
        "format_version": FORMAT_VERSION,
        "name": name,
        "version": version,
        "window_hop": given["window"],
        "max_windows": 0,
        "temperature": 1.0,
        "pooling": "probabilities",
        "bars": {},
        "accepts": {},
        "music_bar": 0.0,
        "parents": {},
        "heads": {},
        "dataset": dataset,
        "split": "",
        "metrics": {},
        "license": license_name,
        "attribution": attribution,
        **given,
    }
    try:
        return Description(ModelInfo.from_json(json.dumps(values)), embedding, front)
    except ValueError as error:
        raise KerasFileError(f"{path}: {error}") from None


def _whole_spec(path: Path, given: Any, checked: bool) -> Any:
    if not isinstance(given, dict):
        return given  # which reading the whole refuses
    n_mels, mfcc = given.get("n_mels"), given.get("mfcc")
    if n_mels in MFCC_SIZES and "mfcc" not in given and not checked:
        raise KerasFileError(
            f"{path}: n_mels is {n_mels}, which looks like MFCC: then n_mels is of the mel bands "
            f'that they are made of (librosa\'s default: 128), and "mfcc": {{"n_mfcc": {n_mels}}} '
            'stands beside it; of mel bands say "mfcc": null, or --check-audio and --check-array'
        )
    if isinstance(mfcc, dict):
        return {"reference": FULL_SCALE} | given | {"mfcc": asdict(Mfcc()) | mfcc}
    return given


def _read_front(path: Path, given: dict[str, Any]) -> Front:
    choices = {"axes": AXES, "scale": SCALES, "normalise": NORMALISATIONS}
    for name, value in given.items():
        if name == "normalise" and _is_mean_and_deviation(value):
            given[name] = (float(value[0]), float(value[1]))
        elif value not in choices[name]:
            also = ", or [mean, deviation]" * (name == "normalise")
            told = ", ".join(f'"{choice}"' for choice in choices[name])
            raise KerasFileError(f"{path}: {name} is {value!r}, not one of {told}{also}")
    return Front(**given)


def _is_mean_and_deviation(value: Any) -> bool:
    numbers = isinstance(value, list) and all(type(one) in (int, float) for one in value)
    return numbers and len(value) == 2 and value[1] > 0
