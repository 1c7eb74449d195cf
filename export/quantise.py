"""Makes a smaller model of a model: float16 storage, or int8 arithmetic below the pooling."""

import io
import logging
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from melonnx.infer.model.session import INPUT

__all__ = ["KINDS", "Kind", "quantise", "window_milliseconds"]

Kind = Literal["float16", "int8"]
KINDS: tuple[Kind, ...] = ("float16", "int8")

_POOLING = ("GlobalAveragePool", "GlobalMaxPool")
_QUANTISED = ("Conv", "Relu", "MaxPool")
_LARGEST_UNROLLED = 16
"""Elements of a kernel on one channel; of a larger one int8 costs more than float, because every
place's elements are first laid out side by side."""
_FEWEST_ELEMENTS = 64
"""Of a weight worth storing in half its size."""


def quantise(model: onnx.ModelProto, kind: Kind, patches: NDArray[np.float32]) -> onnx.ModelProto:
    """A model of the same inputs, outputs and metadata that is not quite equal.

    ``float16``: weights are stored in 16 bits and widened when the model is loaded. ``int8``:
    static quantisation (QDQ) of what is below the global pooling; what is above, the tail, decides
    by small differences and stays in float. ``patches`` float32 [n, frames, n_mels] of real music
    set the ranges.
    """
    small = _to_float16(model) if kind == "float16" else _to_int8(model, patches)
    del small.metadata_props[:]
    small.metadata_props.extend(model.metadata_props)
    small.producer_name, small.producer_version = model.producer_name, model.producer_version
    return small


def window_milliseconds(path: Path, patches: NDArray[np.float32], runs: int = 20) -> float:
    """Processor time of one thread for a window, without evidence: the fastest of ``runs``."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    only_asked = onnxruntime.RunOptions()
    only_asked.only_execute_path_to_fetches = True
    times = []
    for _ in range(runs):
        began = time.thread_time()
        session.run(["probabilities", "embedding"], {INPUT: patches}, only_asked)
        times.append(time.thread_time() - began)
    return 1000 * min(times) / len(patches)


def _to_float16(model: onnx.ModelProto) -> onnx.ModelProto:
    small = onnx.ModelProto.FromString(model.SerializeToString())
    graph, casts = small.graph, []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < _FEWEST_ELEMENTS:
            continue
        with np.errstate(over="ignore"):
            halved = values.astype(np.float16)
        if not np.isfinite(halved).all():
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(halved, f"{name}_float16"))
        casts.append(
            helper.make_node("Cast", [tensor.name], [name], f"{name}_cast", to=TensorProto.FLOAT)
        )
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return small


class _Patches(CalibrationDataReader):
    def __init__(self, patches: NDArray[np.float32]) -> None:
        self._batches: Iterator[Any] = iter(np.split(patches, len(patches)))

    def get_next(self) -> Any:
        """The next patch by the name of its input; None behind the last."""
        patch = next(self._batches, None)
        return None if patch is None else {INPUT: patch}


def _to_int8(model: onnx.ModelProto, patches: NDArray[np.float32]) -> onnx.ModelProto:
    chatter = logging.getLogger().level
    logging.getLogger().setLevel(logging.ERROR)  # it advises what a converted model has had
    try:
        with TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
            out = Path(folder) / "int8.onnx"
            quantize_static(
                onnx.ModelProto.FromString(model.SerializeToString()),
                out,
                _Patches(patches),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=list(_QUANTISED),
                nodes_to_quantize=_nodes_below_pooling(model),
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.Percentile,
            )
            return onnx.load(out)
    finally:
        logging.getLogger().setLevel(chatter)


def _nodes_below_pooling(model: onnx.ModelProto) -> list[str]:
    graph = model.graph
    made_by = {name: node for node in graph.node for name in node.output}
    kernels = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    below: dict[str, onnx.NodeProto] = {}
    waiting = [node for node in graph.node if node.op_type in _POOLING]
    while waiting:
        parents = [made_by[name] for name in waiting.pop().input if name in made_by]
        waiting += [node for node in parents if node.name not in below]
        below |= {node.name: node for node in parents}

    def unrolls(node: onnx.NodeProto) -> bool:
        _, channels, *kernel = kernels.get(node.input[1], (0, 0))
        return channels == 1 and prod(kernel) > _LARGEST_UNROLLED

    convolutions = [node for node in below.values() if node.op_type == "Conv"]
    left_out = {node.name for node in convolutions if unrolls(node)}
    wanted: set[str] = set()
    for node in graph.node:  # in the order of the data
        if node.name not in below or node.op_type not in _QUANTISED or node.name in left_out:
            continue
        before = made_by.get(node.input[0])
        if node.op_type == "Conv" or (before is not None and before.name in wanted):
            wanted.add(node.name)
    return [node.name for node in graph.node if node.name in wanted]
