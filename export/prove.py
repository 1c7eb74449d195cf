"""Proves that a converted model is what it should be, before anybody gets to use it."""

from dataclasses import dataclass

import keras
import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from melonnx.export.errors import ProofError
from melonnx.infer.model import INPUT, OUTPUTS
from melonnx.train.outputs import with_all_outputs

__all__ = ["KERAS_TOLERANCE", "Proof", "ProofError", "prove"]

KERAS_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Proof:
    """How far the ONNX outputs are from Keras's at worst."""

    patches: int
    worst: dict[str, float]
    """By output: max |onnx - keras| / max(1, max |keras|)."""


def prove(model: onnx.ModelProto, network: keras.Model, patches: NDArray[np.float32]) -> Proof:
    """Check the graph and compare every output on ``patches`` [n, frames, n_mels].

    Raises ProofError where the ONNX checker complains, an axis has no name, or an output
    differs by more than ``KERAS_TOLERANCE`` (relative for values above 1: evidence is logits).
    """
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:
        raise ProofError(f"the ONNX checker refuses the model: {error}") from error
    _check_axes(model)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(deterministic=True), providers=["CPUExecutionProvider"]
    )
    expected = with_all_outputs(network).predict(patches, batch_size=32, verbose=0)
    got = dict(zip(OUTPUTS, session.run(list(OUTPUTS), {INPUT: patches}), strict=True))
    worst = {
        name: float(np.abs(got[name] - expected[name]).max() / max(1, np.abs(expected[name]).max()))
        for name in OUTPUTS
    }
    if not max(worst.values()) <= KERAS_TOLERANCE:
        raise ProofError(f"ONNX and Keras differ by {worst}, allowed is {KERAS_TOLERANCE}")
    return Proof(len(patches), worst)


def _check_axes(model: onnx.ModelProto) -> None:
    for value in (*model.graph.input, *model.graph.output):
        for axis, dimension in enumerate(value.type.tensor_type.shape.dim):
            unnamed = dimension.dim_param.startswith("unk") or not dimension.dim_param
            if unnamed and not dimension.dim_value:
                raise ProofError(f"axis {axis} of {value.name!r} has neither a name nor a size")
