"""Checks what every file of the format must be, whatever its weights: no Keras needed."""

from collections.abc import Iterator

import onnx

from melonnx.export.errors import ProofError
from melonnx.infer.model.metadata import METADATA_KEY, WAVE_KEY, ModelInfo
from melonnx.infer.model.onnx_file import has_external_data

__all__ = ["OPSET", "check_form", "is_quantised", "rounds", "storage_of"]

OPSET = 17
"""Of every file of the format: the first that has an STFT, and the one whose reductions the twin's
text is written in."""
_NEWEST_IR = 10
"""That the oldest onnxruntime reads which melonnx runs with, 1.19."""
_DOMAINS = {"", "ai.onnx", "ai.onnx.ml"}
"""ONNX's own; every onnxruntime has their operators."""


def check_form(model: onnx.ModelProto) -> None:
    """Refuse a model or waveform twin that would not run, or not be understood, everywhere.

    Raises ProofError where it is of another opset or too new an IR version, the ONNX checker with
    full shape inference complains, an axis has no name, an operator is not ONNX's own, weights lie
    outside the file, or the metadata are not those of the format.
    """
    if has_external_data(model.SerializeToString()):
        raise ProofError("it keeps weights in another file")
    try:
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    except Exception as error:  # the checker's and the inference's errors share no base class
        raise ProofError(f"the ONNX checker refuses it: {error}") from error
    opset = next((entry.version for entry in model.opset_import if not entry.domain), 0)
    if opset != OPSET or model.ir_version > _NEWEST_IR:
        raise ProofError(
            f"it is of opset {opset} and IR version {model.ir_version}; the format's are {OPSET} "
            f"and {_NEWEST_IR} at most, which every onnxruntime from 1.19 on reads"
        )
    strange = set(_domains(model.graph)) - _DOMAINS
    if strange or model.functions:
        raise ProofError(
            f"it has operators of its own: {', '.join(sorted(strange)) or 'functions'}"
        )
    for value in (*model.graph.input, *model.graph.output):
        for axis, dimension in enumerate(value.type.tensor_type.shape.dim):
            unnamed = dimension.dim_param.startswith("unk") or not dimension.dim_param
            if unnamed and not dimension.dim_value:
                raise ProofError(f"axis {axis} of {value.name!r} has neither a name nor a size")
    entries = [entry for entry in model.metadata_props if entry.key in (METADATA_KEY, WAVE_KEY)]
    if len(entries) != 1:
        raise ProofError(f"it has {len(entries)} entries of metadata, not one")
    try:
        ModelInfo.from_json(entries[0].value)
    except ValueError as error:
        raise ProofError(f"its metadata are not of the format: {error}") from None


def _domains(graph: onnx.GraphProto) -> Iterator[str]:
    """Of each operator, those inside of loops and branches too."""
    for node in graph.node:
        yield node.domain
        for attribute in node.attribute:
            for body in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from _domains(body)


def rounds(model: onnx.ModelProto) -> bool:
    """Whether ``model`` computes in int8, in steps."""
    return any(node.op_type == "QuantizeLinear" for node in model.graph.node)


def is_quantised(model: onnx.ModelProto) -> bool:
    """Whether ``model`` is one of ``melonnx export --quantise``: near to Keras, not equal."""
    stored_small = any(t.data_type == onnx.TensorProto.FLOAT16 for t in model.graph.initializer)
    return stored_small or rounds(model)


def storage_of(model: onnx.ModelProto) -> str:
    """What ``model`` keeps its weights in: float32, float16 or int8."""
    return "int8" if rounds(model) else "float16" if is_quantised(model) else "float32"
