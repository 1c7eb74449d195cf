"""Builds the waveform twin of a model file: the same answer from samples, front end and all."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, compose, helper, numpy_helper, parser

from melonnx.export.form import OPSET
from melonnx.export.wave.text import NETWORK, Constants, front_end, prediction
from melonnx.infer.errors import ModelFileError
from melonnx.infer.model.metadata import METADATA_KEY, WAVE_KEY, ModelInfo
from melonnx.infer.model.session import INPUT, MUSIC, OUTPUTS

__all__ = ["WAVEFORM", "waveform_twin"]

WAVEFORM = "waveform"
"""The twin's input, float32 [batch, samples] at the model's sample rate."""


def waveform_twin(model: onnx.ModelProto) -> onnx.ModelProto:
    """The twin of ``model``: samples in, the runtime's final answer out. Equal models, equal bytes.

    Input ``waveform`` float32 [batch, samples], mono at the model's sample rate, one sample or
    more. Outputs: ``probabilities`` [batch, genres], mean over windows, then calibrated, as
    ``Predictor`` gives them; ``embedding`` [batch, d], mean over windows; ``evidence`` [batch,
    windows, frames', n_mels', labels]; of a model that tells sub-genres, ``label_probabilities``
    [batch, labels]; of one with a ``music_bar``, ``music`` [batch]; and of each further head its
    values [batch, its labels], 0 to 1. Each clip of a batch is normalised on its own.

    Raises ModelFileError where ``model`` is not melonnx's, or of another opset than 17.
    """
    described, info = _read_info(model)
    opset = next((entry.version for entry in model.opset_import if not entry.domain), 0)
    if opset != OPSET:
        raise ModelFileError(f"is of opset {opset}; a waveform twin is made of opset {OPSET}")
    place_shape, embedding_size = _fixed_shapes(model, info)
    before, constants_before = front_end(info)
    behind, constants_behind = prediction(info, place_shape)
    network = compose.add_prefix(model, NETWORK).graph
    shapes: dict[str, list[int | str]] = {
        "probabilities": ["batch", len(info.genres)],
        "embedding": ["batch", embedding_size],
        "evidence": ["batch", "windows", *place_shape],
    }
    if info.parents:
        shapes["label_probabilities"] = ["batch", len(info.labels)]
    if info.music_bar:
        shapes[MUSIC] = ["batch"]
    shapes |= {name: ["batch", len(head.labels)] for name, head in info.heads.items()}
    nodes = [*_nodes(before), *network.node, *_nodes(behind)]
    graph = helper.make_graph(
        nodes,
        f"{info.name} from samples",
        [helper.make_tensor_value_info(WAVEFORM, TensorProto.FLOAT, ["batch", "samples"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in shapes],
        [*_tensors(constants_before | constants_behind, nodes), *network.initializer],
    )
    twin = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=model.ir_version,
        producer_name="melonnx",
    )
    helper.set_model_props(twin, {WAVE_KEY: described})
    return twin


def _read_info(model: onnx.ModelProto) -> tuple[str, ModelInfo]:
    """What the model says of itself, in the version of the format that it says it in."""
    entries = {entry.key: entry.value for entry in model.metadata_props}
    if WAVE_KEY in entries:
        raise ModelFileError("is a waveform twin already")
    if METADATA_KEY not in entries:
        raise ModelFileError(f"is not melonnx's: it has no {METADATA_KEY!r} metadata")
    try:
        return entries[METADATA_KEY], ModelInfo.from_json(entries[METADATA_KEY])
    except ValueError as error:
        raise ModelFileError(str(error)) from None


def _fixed_shapes(model: onnx.ModelProto, info: ModelInfo) -> tuple[tuple[int, ...], int]:
    """[frames', n_mels', labels] of the evidence of one window, and the embedding's size."""
    session: Any = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    patch = np.zeros((1, info.window, info.mel_spec.n_features), np.float32)
    _, embedding, evidence = session.run(list(OUTPUTS), {INPUT: patch})
    return evidence.shape[1:], embedding.shape[1]


def _nodes(text: str) -> list[onnx.NodeProto]:
    nodes = parser.parse_graph(f"part () => () {{{text}}}").node
    for node in nodes:
        node.name = node.output[0]
    return list(nodes)


def _tensors(constants: Constants, nodes: list[onnx.NodeProto]) -> list[onnx.TensorProto]:
    used = {name for node in nodes for name in node.input}
    return [
        numpy_helper.from_array(np.asarray(value), name)
        for name, value in constants.items()
        if name in used
    ]
