"""Proves that a converted model is what it should be, before anybody gets to use it."""

from collections.abc import Sequence
from dataclasses import dataclass

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

__all__ = ["KERAS_TOLERANCE", "Proof", "compare", "prove", "tolerance_to_keras"]

_BY_LABEL = {OUTPUTS[0], OUTPUTS[2]}
KERAS_TOLERANCE = 1e-5
_OF_STORAGE = {"float16": 1e-2, "int8": 2e-1}
"""Weights of eleven bits are each up to 5e-4 off, and a deep network adds that up; steps of eight
bits are coarser still. How many songs that costs is what the export measures."""


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
    differs by more than :func:`tolerance_to_keras` (relative for values above 1: evidence is
    logits).
    """
    check_form(model)
    names = [f"patch {number}" for number in range(len(patches))]
    proof = compare(model, network, patches, names)
    allowed = tolerance_to_keras(model)
    if not max(proof.worst.values()) <= allowed:
        raise ProofError(f"ONNX and Keras differ by {proof.worst}, allowed is {allowed}")
    return proof


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
