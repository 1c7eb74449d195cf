"""Compares what a network will be given with what its author's own code made of the same song."""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from melonnx.export.errors import KerasFileError, ProofError
from melonnx.export.keras.description import Front
from melonnx.export.keras.front import as_learnt, shape_text
from melonnx.infer.audio.reader import load_audio
from melonnx.infer.frontend.features import as_features
from melonnx.infer.frontend.mel import log_mel
from melonnx.infer.frontend.windows import patch_batches
from melonnx.infer.model.metadata import ModelInfo

__all__ = ["InputCheck", "check_input"]

_MOST = 0.01
"""Of the range of the author's values, by the median of all places: the padding at the ends of a
segment differs in a few frames, another front end in all."""


@dataclass(frozen=True)
class InputCheck:
    """How far the two are apart, in the units of the author's array."""

    median: float
    worst: float
    allowed: float
    """For the median."""


def check_input(
    network: keras.Model, info: ModelInfo, front: Front, audio: Path, array: Path
) -> InputCheck:
    """Compare the first window of ``audio`` with ``array``, an ``*.npy`` of the author's code.

    It is of the shape that ``network`` takes, with or without the batch axis, and of the first
    ``info.window`` frames of the song. Raises KerasFileError where it does not read or has another
    shape, ProofError where the two are not the same picture, and AudioError.
    """
    theirs = _read(array)
    frames = log_mel(load_audio(audio, info.mel_spec.sample_rate), info.mel_spec)
    (log_mels,) = patch_batches(frames, info.window, [0], 1)
    window = as_features(log_mels, info.mel_spec)
    given = keras.Input(window.shape[1:])
    (ours,) = keras.Model(given, as_learnt(given, network, info, front)).predict(window, verbose=0)
    if theirs.shape == (1, *ours.shape):
        theirs = theirs[0]
    if theirs.shape != ours.shape:
        raise KerasFileError(
            f"{array}: is {shape_text(theirs.shape)}; the network is given {shape_text(ours.shape)}"
        )
    apart = np.abs(theirs - ours)
    allowed = _MOST * max(float(np.ptp(theirs)), 1e-12)
    found = InputCheck(float(np.median(apart)), float(apart.max()), allowed)
    if not found.median <= allowed:
        raise ProofError(
            f"{array}: is not what the network would be given of {audio}: {found.median:.3g} apart "
            f"(median), allowed is {allowed:.3g}. Yours goes from {theirs.min():.3g} to "
            f"{theirs.max():.3g}, mean {theirs.mean():.3g}; ours from {ours.min():.3g} to "
            f"{ours.max():.3g}, mean {ours.mean():.3g}: mend mel_spec, axes, scale or normalise in "
            "the description"
        )
    return found


def _read(path: Path) -> NDArray[np.float64]:
    try:
        found = np.asarray(np.load(path, allow_pickle=False), np.float64)
    except (OSError, ValueError, EOFError, TypeError) as error:
        raise KerasFileError(f"{path}: is no array of numpy.save ({error})") from None
    if not np.isfinite(found).all():
        raise KerasFileError(f"{path}: holds what is no number")
    return found
