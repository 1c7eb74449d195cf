"""Proves that a converted model is what it should be, before anybody gets to use it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from melonnx.export.difference import Worst, by_row, worst_difference
from melonnx.export.errors import ProofError
from melonnx.export.form import check_form, storage_of
from melonnx.infer.model.session import INPUT, OUTPUTS
from melonnx.train.network.outputs import with_all_outputs

__all__ = [
    "KERAS_TOLERANCE",
    "Proof",
    "compare",
    "prove",
    "tolerance_to_keras",
]

_EVIDENCE = OUTPUTS[2]
_BY_LABEL = {OUTPUTS[0], _EVIDENCE}
KERAS_TOLERANCE = 1e-5
_OF_STORAGE = {"float16": 1e-2, "int8": 2e-1}
"""Weights of eleven bits are each up to 5e-4 off, and a deep network adds that up; steps of eight
bits are coarser still. How many songs that costs is what the export measures."""

_TIMES_ROUNDING, _MOST = 2, 1e-3
"""What an output may differ by where Keras's own is not certain to 1e-5."""
_TIMES_STEADY = 10
"""Evidence that moves so much more than what is summed of it has gone to another place."""
_ROUNDINGS = 4
"""So often Keras is asked with its weights rounded otherwise: of ten tied windows one time left
five as they were."""


@dataclass(frozen=True)
class Proof:
    """How far the ONNX outputs are from Keras's at worst, and how far they may be."""

    patches: int
    found: dict[str, Worst]
    """By output."""
    allowed: float

    @property
    def worst(self) -> dict[str, float]:
        """By output: max |onnx - keras| / max(1, max |keras|)."""
        return {output: worst.difference for output, worst in self.found.items()}

    @property
    def holds(self) -> bool:
        """Whether no output is further off than is allowed."""
        return max(self.worst.values()) <= self.allowed


def tolerance_to_keras(model: onnx.ModelProto) -> float:
    """How far a model's outputs may be from Keras's: 1e-5, in float16 1e-2, in int8 2e-1.

    A network that makes much of a little may be further off (:func:`compare`).
    """
    return _OF_STORAGE.get(storage_of(model), KERAS_TOLERANCE)


def prove(model: onnx.ModelProto, network: keras.Model, patches: NDArray[np.float32]) -> Proof:
    """Check the form and compare every output on ``patches`` [n, frames, n_mels].

    Raises ProofError as :func:`melonnx.export.form.check_form` does, and where an output
    differs by more than :func:`compare` allows.
    """
    check_form(model)
    proof = compare(model, network, patches, [f"patch {number}" for number in range(len(patches))])
    if not proof.holds:
        raise ProofError(f"ONNX and Keras differ by {proof.worst}, allowed is {proof.allowed}")
    return proof


def compare(
    model: onnx.ModelProto,
    network: keras.Model,
    patches: NDArray[np.float32],
    names: Sequence[str],
    labels: Sequence[str] = (),
) -> Proof:
    """Find each output's worst difference on ``patches`` [n, frames, n_mels], called ``names``.

    It is relative for values above 1: evidence is logits. Allowed is :func:`tolerance_to_keras`,
    and more for a network that makes much of a little: float32 rounds in each layer, in another
    order in each library. Bodies for photographs, of fifty layers and more, can be 2e-5 to 2e-4
    off, and be as near to float64 as Keras is. So where more than the tolerance was found, Keras is
    asked anew with each weight rounded otherwise: twice as far as its outputs move is allowed, 1e-3
    at most. And twice a step of float32 at the largest logit, where that is more (6e-5 from 256 on,
    as mels that nobody has scaled down give): a sum that ends beside it is a step off by chance,
    and no one weight tells.

    Where Keras's own evidence goes from place to place by such a rounding, as in a steady tone,
    which has its maximum everywhere, only its mean over places is compared.
    """
    session = onnxruntime.InferenceSession(
        model.SerializeToString(deterministic=True), providers=["CPUExecutionProvider"]
    )
    whole = with_all_outputs(network)
    expected: dict[str, Any] = whole.predict(patches, batch_size=32, verbose=0)
    got = dict(zip(expected, session.run(list(expected), {INPUT: patches}), strict=True))
    tolerance, tied = tolerance_to_keras(model), np.zeros(len(patches), bool)
    found = _differences(got, expected, names, labels, tied)
    if _worst(found) <= tolerance or storage_of(model) != "float32":
        return Proof(len(patches), found, tolerance)
    moved = _rounded_otherwise(network, whole, patches)
    all_rows = np.ones(len(patches), bool)
    steady = max(_worst(_differences(one, expected, names, (), all_rows)) for one in moved)
    for one in moved:
        by_place = by_row(one[_EVIDENCE], expected[_EVIDENCE]).max(axis=1)
        tied |= by_place > max(tolerance, _TIMES_STEADY * steady)
    rounding = max(_worst(_differences(one, expected, names, (), tied)) for one in moved)
    logits = np.abs(expected[_EVIDENCE].mean(axis=(1, 2)))
    step = float(np.spacing(logits.max().astype(np.float32)))
    return Proof(
        len(patches),
        _differences(got, expected, names, labels, tied),
        max(tolerance, min(_MOST, _TIMES_ROUNDING * max(rounding, step))),
    )


def _differences(
    got: dict[str, Any],
    expected: dict[str, Any],
    names: Sequence[str],
    labels: Sequence[str],
    tied: NDArray[np.bool_],
) -> dict[str, Worst]:
    return {
        name: worst_difference(
            got[name], expected[name], names, labels if name in _BY_LABEL else (), tied
        )
        for name in expected
    }


def _worst(found: dict[str, Worst]) -> float:
    return max(worst.difference for worst in found.values())


def _rounded_otherwise(
    network: keras.Model, whole: keras.Model, patches: NDArray[np.float32]
) -> list[dict[str, Any]]:
    """What ``whole`` says with each weight of ``network`` a step of float32 up or down, by lot."""
    rng, known = np.random.default_rng(0), network.get_weights()
    try:
        moved = []
        for _ in range(_ROUNDINGS):
            network.set_weights([_neighbours(weight, rng) for weight in known])
            moved.append(whole.predict(patches, batch_size=32, verbose=0))
    finally:
        network.set_weights(known)
    return moved


def _neighbours(weight: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    if weight.dtype != np.float32:
        return weight
    return np.nextafter(
        weight, np.where(rng.random(weight.shape) < 0.5, np.float32(-np.inf), np.float32(np.inf))
    )
