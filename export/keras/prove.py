"""Proves that a converted model is what it should be, before anybody gets to use it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from melonnx.export.difference import Worst, worst_difference
from melonnx.export.errors import ProofError
from melonnx.export.form import check_form, storage_of
from melonnx.infer.model.session import INPUT, OUTPUTS
from melonnx.train.network.outputs import with_all_outputs

__all__ = [
    "KERAS_TOLERANCE",
    "Proof",
    "allowed_difference",
    "compare",
    "prove",
    "tolerance_to_keras",
]

_BY_LABEL = {OUTPUTS[0], OUTPUTS[2]}
KERAS_TOLERANCE = 1e-5
_OF_STORAGE = {"float16": 1e-2, "int8": 2e-1}
"""Weights of eleven bits are each up to 5e-4 off, and a deep network adds that up; steps of eight
bits are coarser still. How many songs that costs is what the export measures."""

_TIMES_ROUNDING, _MOST = 2, 1e-3
"""What an output may differ by where Keras's own is not certain to 1e-5."""


@dataclass(frozen=True)
class Proof:
    """How far the ONNX outputs are from Keras's at worst."""

    patches: int
    found: dict[str, Worst]
    """By output."""

    @property
    def worst(self) -> dict[str, float]:
        """By output: max |onnx - keras| / max(1, max |keras|)."""
        return {output: worst.difference for output, worst in self.found.items()}


def tolerance_to_keras(model: onnx.ModelProto) -> float:
    """How far a model's outputs may be from Keras's: 1e-5, in float16 1e-2, in int8 2e-1."""
    return _OF_STORAGE.get(storage_of(model), KERAS_TOLERANCE)


def prove(model: onnx.ModelProto, network: keras.Model, patches: NDArray[np.float32]) -> Proof:
    """Check the form and compare every output on ``patches`` [n, frames, n_mels].

    Raises ProofError as :func:`melonnx.export.form.check_form` does, and where an output
    differs by more than :func:`allowed_difference` (relative for values above 1: evidence is
    logits).
    """
    check_form(model)
    names = [f"patch {number}" for number in range(len(patches))]
    proof = compare(model, network, patches, names)
    allowed = allowed_difference(proof, model, network, patches)
    if not max(proof.worst.values()) <= allowed:
        raise ProofError(f"ONNX and Keras differ by {proof.worst}, allowed is {allowed}")
    return proof


def allowed_difference(
    proof: Proof, model: onnx.ModelProto, network: keras.Model, patches: NDArray[np.float32]
) -> float:
    """:func:`tolerance_to_keras`, and more for a network that makes much of a little.

    Float32 rounds in each layer, in another order in each library. Bodies for photographs, of fifty
    layers and more, can be 2e-5 to 2e-4 off, and be as near to float64 as Keras is. So where
    ``proof`` found more than the tolerance, Keras is asked once more with each weight rounded
    otherwise: twice as far as its outputs move is allowed, 1e-3 at most. And twice a step of
    float32 at the largest logit, where that is more (6e-5 from 256 on, as mels that nobody has
    scaled down give): a sum that ends beside it is a step off by chance, and no one weight tells.
    """
    allowed = tolerance_to_keras(model)
    if max(proof.worst.values()) <= allowed or storage_of(model) != "float32":
        return allowed
    whole, known = with_all_outputs(network), network.get_weights()
    expected: dict[str, Any] = whole.predict(patches, batch_size=32, verbose=0)
    rng = np.random.default_rng(0)
    try:
        network.set_weights([_rounded_otherwise(weight, rng) for weight in known])
        moved = whole.predict(patches, batch_size=32, verbose=0)
    finally:
        network.set_weights(known)
    names = [str(number) for number in range(len(patches))]
    rounding = max(
        worst_difference(moved[output], expected[output], names, ()).difference
        for output in expected
    )
    logits = np.abs(expected[OUTPUTS[2]].mean(axis=(1, 2)))
    step = float(np.spacing(logits.max().astype(np.float32)))
    return max(allowed, min(_MOST, _TIMES_ROUNDING * max(rounding, step)))


def _rounded_otherwise(weight: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    if weight.dtype != np.float32:
        return weight
    return np.nextafter(
        weight, np.where(rng.random(weight.shape) < 0.5, np.float32(-np.inf), np.float32(np.inf))
    )


def compare(
    model: onnx.ModelProto,
    network: keras.Model,
    patches: NDArray[np.float32],
    names: Sequence[str],
    labels: Sequence[str] = (),
) -> Proof:
    """Find each output's worst difference on ``patches`` [n, frames, n_mels], called ``names``."""
    session = onnxruntime.InferenceSession(
        model.SerializeToString(deterministic=True), providers=["CPUExecutionProvider"]
    )
    expected = with_all_outputs(network).predict(patches, batch_size=32, verbose=0)
    got = dict(zip(expected, session.run(list(expected), {INPUT: patches}), strict=True))
    found = {
        name: worst_difference(
            got[name], expected[name], names, labels if name in _BY_LABEL else ()
        )
        for name in expected
    }
    return Proof(len(patches), found)
