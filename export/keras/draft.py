"""Drafts the description of a Keras model from its file, with what only its author knows marked."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras

from melonnx.export.errors import KerasFileError
from melonnx.export.keras.description import AXES, MFCC_SIZES, QUESTIONS
from melonnx.export.keras.front import shape_text
from melonnx.infer.frontend.mel_spec import FULL_SCALE, LOUDEST, MelSpec
from melonnx.infer.frontend.mfcc import Mfcc

__all__ = ["ask", "draft", "write_draft"]

_BAND_SIZES = frozenset({32, 40, 48, 64, 80, 96, 128, 229, 256})
"""Numbers of mel bands that people take."""
_GRIDS = ((22050, 512), (16000, 160), (16000, 256), (44100, 512), (22050, 256), (44100, 1024))
"""Rates and hops that they take, the commonest first."""
_SECONDS = (3, 30, 5, 10, 1, 2, 4, 6, 15, 20, 29)
"""Lengths of segments that they take, the commonest first."""
_USUAL_WINDOW = 130
_CHANNELS = 3

Draft = dict[str, Any]
"""The fields of a description, and ``questions``: by field, what to look up in one's own code."""


def draft(network: keras.Model) -> Draft:
    """A description of ``network`` that is likely, and what it does not tell, as ``questions``.

    Raises KerasFileError where it takes no windows of a spectrogram, or answers with no labels.
    """
    n_labels = _n_labels(network)
    frames, features, axes, sure = _sizes(network)
    questions = {
        "labels": f"the names of the {n_labels} answers in the order of the outputs: of the list, "
        "or the sorted folders, that your training numbered them by"
    }
    if not sure:
        questions["axes"] = f'"{AXES[0]}" or "{AXES[1]}": both sizes could be either'
    if frames is None:
        questions["window"] = "frames of one segment as you trained on it; the network takes any"
    window = frames or _USUAL_WINDOW
    rate, hop, seconds = _grid(window)
    lasts = f"{seconds} s" if seconds else f"{window * hop / rate:.2f} s, which is no whole number"
    questions["mel_spec"] = (
        f"sample_rate (librosa.load: 22050, unless sr=…), hop_length, n_fft and fmax are likely, "
        f"not known: {window} frames of {hop} samples at {rate} Hz would last {lasts}"
    )
    spec = MelSpec(sample_rate=rate, hop_length=hop, fmax=rate / 2).to_dict()
    values: Draft = {"labels": [f"label {n}" for n in range(n_labels)], "window": window}
    if features in MFCC_SIZES:
        spec |= {"reference": FULL_SCALE, "mfcc": asdict(Mfcc(features))}
        questions["mel_spec.mfcc"] = _of_coefficients(features)
    else:
        spec |= {"n_mels": features, "reference": LOUDEST}
        values["scale"] = "decibels"
        questions["scale"] = (
            'power_to_db with ref=np.max is "decibels" with mel_spec\'s reference "loudest", with '
            'ref=1.0 "full scale"; scaled to 0 … 1 it is "unit", without decibels it has no name'
        )
    questions["normalise"] = (
        '"none"; "minmax" or "standard" of each segment by its own values; or [mean, deviation] of '
        "your training set"
    ) + _told_by_layers(network)
    if network.input_shape[3:] == (_CHANNELS,):
        questions["channels"] = "are the three channels copies of one another? others cannot be fed"
    if not any(isinstance(layer, keras.layers.Dense) for layer in network.layers):
        named = [one.name for one in network.layers if len(one.output.shape) == 2]
        values["embedding"] = named[-2:][0]
        questions["embedding"] = f"the layer before the answer, one of {', '.join(named)}"
    return {**values, "axes": axes, "normalise": "none", "mel_spec": spec, QUESTIONS: questions}


def ask(found: Draft, answer: Callable[[str, str], str]) -> Draft:
    """The draft with what its author says: ``answer`` gets a question and what stands there.

    It returns JSON, of labels also words with commas between; nothing leaves the question open.
    What is of no field, or of several, is left to the file.
    """
    values, questions = {**found}, {**found[QUESTIONS]}
    for field, question in found[QUESTIONS].items():
        if field not in values or isinstance(values[field], dict):
            continue
        said = answer(f"{field}: {question}", json.dumps(values[field])).strip()
        if not said:
            continue
        try:
            values[field] = json.loads(said)
        except ValueError:
            is_list = field == "labels"
            values[field] = [one.strip() for one in said.split(",")] if is_list else said
        del questions[field]
    return values | {QUESTIONS: questions}


def write_draft(found: Draft, path: Path) -> None:
    """Write it as JSON to a ``path`` that is not there. Raises KerasFileError."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    except FileExistsError:
        raise KerasFileError(f"{path}: is there already; remove it, or name another") from None
    except OSError as error:
        raise KerasFileError(f"{path}: cannot be written ({error.strerror})") from None


def _n_labels(network: Any) -> int:
    shape = network.output_shape
    if len(network.outputs) != 1 or len(shape) != 2 or not shape[1] or shape[1] < 2:
        raise KerasFileError(f"the network answers with {shape_text(shape)}, not [batch, labels]")
    return shape[1]


def _sizes(network: Any) -> tuple[int | None, int, str, bool]:
    """Frames (None: any), features of a frame, the order of both, and whether that is sure."""
    shape = network.input_shape
    fits = (
        len(network.inputs) == 1
        and isinstance(shape, tuple)
        and (len(shape) == 3 or (len(shape) == 4 and shape[3] in (1, _CHANNELS)))
        and (shape[1] or shape[2])
    )
    if not fits:
        raise KerasFileError(
            f"the network takes {shape_text(shape)}; melonnx feeds windows of log-mels or MFCC, "
            "[batch, frames, bands], or the same with a last axis of 1 or 3"
        )
    first, second = shape[1:3]
    if second is None:
        return None, first, AXES[1], True
    if first is None:
        return None, second, AXES[0], True
    known = [size in _BAND_SIZES | MFCC_SIZES for size in (first, second)]
    if known[0] == known[1]:
        if first <= second:  # most have more frames than bands, and bands first as librosa
            return second, first, AXES[1], False
        return first, second, AXES[0], False
    return (second, first, AXES[1], True) if known[0] else (first, second, AXES[0], True)


def _grid(window: int) -> tuple[int, int, int]:
    """A rate, a hop and the whole seconds that ``window`` frames of them last; 0 where none do."""
    for seconds in _SECONDS:
        for rate, hop in _GRIDS:
            frames = seconds * rate // hop
            if frames <= window <= frames + 1 + (seconds == 30):  # GTZAN's clips are a bit longer
                return rate, hop, seconds
    return *_GRIDS[0], 0


def _of_coefficients(n: int) -> str:
    deltas = [one for one in (1, 2) if n % (1 + one) == 0 and n // (1 + one) in MFCC_SIZES]
    parts = [f"{n // (1 + one)} with deltas {one}" for one in deltas]
    others = f", or {' or '.join(parts)}" if parts else ""
    return (
        f"{n} coefficients{others}? or {n} mel bands: then null, and n_mels {n}. The rest is as in "
        "librosa.feature.mfcc(y=…)"
    )


def _told_by_layers(network: keras.Model) -> str:
    kinds = (keras.layers.Normalization, keras.layers.Rescaling)
    named = [layer.name for layer in network.layers if isinstance(layer, kinds)]
    return f"; the network has {', '.join(named)} for it inside" if named else ""
