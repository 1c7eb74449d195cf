"""Writes a fitted scikit-learn pipeline as one ONNX file, proved equal on real rows."""

import json
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType

from melonnx.export.errors import ProofError
from melonnx.export.seal import seal
from melonnx.infer.results.replace import writing
from melonnx.train.classical.benchmark import Benchmark
from melonnx.train.classical.feature_names import COLUMNS, FEATURE_SETS, columns_of
from melonnx.train.classical.feature_table import FeatureTable

__all__ = [
    "FORMAT_VERSION",
    "METADATA_KEY",
    "PipelineInfo",
    "PipelineProof",
    "describe_best",
    "export_best",
    "prove_pipeline",
    "save_pipeline",
    "score_kind",
]

METADATA_KEY = "melonnx.features"
"""Another key than that of networks: the runtime takes log-mels, and refuses these files."""
FORMAT_VERSION = 1
_OPSET = 17
_TOLERANCE = 1e-4


@dataclass(frozen=True)
class PipelineInfo:
    """Everything that a user of the file needs to know."""

    name: str
    classifier: str
    feature_set: str
    features: tuple[str, ...]
    """Names of the input's columns, in order: feature.statistics.number, as FMA names them."""
    labels: tuple[str, ...]
    """In the order of the scores."""
    metrics: dict[str, Any]
    """Measured on the split, by pipelines that had not heard the songs."""
    split: str
    scores: str
    """What the output ``scores`` holds."""
    songs: int
    """Learnt from."""

    def to_json(self) -> str:
        """The metadata entry, keys sorted."""
        return json.dumps({"format_version": FORMAT_VERSION, **asdict(self)}, sort_keys=True)


@dataclass(frozen=True)
class PipelineProof:
    """How far the file is from scikit-learn."""

    rows: int
    worst: float
    """max |onnx - scikit-learn| / max(1, max |scikit-learn|) of the scores."""


def export_best(
    pipeline: Any, benchmark: Benchmark, table: FeatureTable, out: Path
) -> PipelineProof:
    """Write the best ``pipeline`` of ``benchmark``, fitted to ``table``, to ``out``.

    Raises ProofError and OSError as :func:`save_pipeline` does.
    """
    info, rows = describe_best(pipeline, benchmark, table, out.stem)
    return save_pipeline(pipeline, info, rows, out)


def describe_best(
    pipeline: Any, benchmark: Benchmark, table: FeatureTable, name: str
) -> tuple[PipelineInfo, NDArray[np.float32]]:
    """What the file of the best ``pipeline`` says of itself, and the rows that it learnt from."""
    best = benchmark.best
    columns = columns_of(FEATURE_SETS[best.features])
    info = PipelineInfo(
        name=name,
        classifier=best.classifier,
        feature_set=best.features,
        features=tuple(str(COLUMNS[column]) for column in columns),
        labels=tuple(map(str, pipeline.classes_)),
        metrics={
            "songs": best.songs,
            "accuracy": round(best.accuracy, 6),
            "accuracy_interval": [round(end, 6) for end in best.accuracy_interval],
            "macro_f1": round(best.macro_f1, 6),
            "macro_f1_interval": [round(end, 6) for end in best.macro_f1_interval],
        },
        split=f"{benchmark.split}; the best of {len(benchmark.scores)}, so a little flattered",
        scores=score_kind(pipeline),
        songs=len(table.tracks),
    )
    return info, table.values[:, columns]


def score_kind(pipeline: Any) -> str:
    """Whether its scores are probabilities, or a decision function's (the highest wins)."""
    return "probabilities" if hasattr(pipeline, "predict_proba") else "decision function"


def save_pipeline(
    pipeline: Any, info: PipelineInfo, rows: NDArray[np.float32], out: Path
) -> PipelineProof:
    """Convert, prove on ``rows`` float32 [songs, features], seal, and put in place by rename.

    The file's input is ``features`` float32 [batch, features]; its outputs are ``label`` string
    [batch] and ``scores`` float32 [batch, labels].

    Raises ProofError and OSError; then ``out`` is as it was.
    """
    data = seal(_convert(pipeline, info))
    proof = prove_pipeline(data, pipeline, rows)
    out.parent.mkdir(parents=True, exist_ok=True)
    with writing(out) as part:
        part.write_bytes(data)
    return proof


def prove_pipeline(data: bytes, pipeline: Any, rows: NDArray[np.float32]) -> PipelineProof:
    """Compare label and scores of every row of ``rows`` float32 [songs, features].

    ``data``: the model's file.

    A label may differ only where two scores are equal to within the tolerance. Raises ProofError.
    """
    try:
        onnx.checker.check_model(data, full_check=True)
        session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        label, scores = session.run(["label", "scores"], {"features": rows})
    except Exception as error:
        raise ProofError(f"the converted pipeline does not run: {error}") from error
    probable = score_kind(pipeline) == "probabilities"
    wanted = (pipeline.predict_proba if probable else pipeline.decision_function)(rows)
    if wanted.ndim == 1:  # of two labels, that of the second
        wanted = np.stack([-wanted, wanted], axis=1)
    worst = float(np.abs(scores - wanted).max() / max(1.0, np.abs(wanted).max()))
    if not worst <= _TOLERANCE:
        raise ProofError(f"scores of ONNX and scikit-learn differ by {worst:.1e} on real songs")
    differ = np.asarray(label) != pipeline.predict(rows)
    ranked = np.sort(wanted, axis=1)
    tied = ranked[:, -1] - ranked[:, -2] <= _TOLERANCE * max(1.0, np.abs(wanted).max())
    if (differ & ~tied).any():
        raise ProofError(
            f"ONNX and scikit-learn differ on {int(differ.sum())} of {len(rows)} songs"
        )
    return PipelineProof(len(rows), worst)


def _convert(pipeline: Any, info: PipelineInfo) -> onnx.ModelProto:
    with warnings.catch_warnings():  # of what the converter still reads in SVC
        warnings.simplefilter("ignore", FutureWarning)
        model: Any = to_onnx(
            pipeline,
            initial_types=[("features", FloatTensorType([None, len(info.features)]))],
            options={"zipmap": False},
            target_opset=_OPSET,
        )
    graph = model.graph
    old = graph.output[1].name
    for node in graph.node:
        node.output[:] = ["scores" if name == old else name for name in node.output]
        node.input[:] = ["scores" if name == old else name for name in node.input]
    graph.output[1].name = "scores"
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    graph.name = info.name
    model.producer_name, model.producer_version, model.domain = "melonnx", "", ""
    onnx.helper.set_model_props(model, {METADATA_KEY: info.to_json()})
    return model
