"""Proves a waveform twin equal to the runtime on audio, and writes it beside its model."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from melonnx.export.difference import Worst, worst_difference, worst_of_all
from melonnx.export.errors import ProofError
from melonnx.export.form import check_form, rounds
from melonnx.export.proof_clips import Clip, proof_clips
from melonnx.export.seal import seal
from melonnx.export.wave.graph import WAVEFORM, waveform_twin
from melonnx.infer.errors import AudioError, ModelFileError
from melonnx.infer.frontend.long_tracks import hear
from melonnx.infer.frontend.windows import patch_batches
from melonnx.infer.model.heads import song_values
from melonnx.infer.model.metadata import WAVE_KEY
from melonnx.infer.model.onnx_file import has_external_data, is_damaged
from melonnx.infer.model.session import MUSIC, TWIN_SUFFIX, Model, load_model
from melonnx.infer.predictor import Predictor
from melonnx.infer.results.replace import writing

__all__ = [
    "TWIN_TOLERANCE",
    "build_twin",
    "compare_twin",
    "is_twin",
    "model_of_twin",
    "prove_twin",
    "read_twin",
    "save_twin",
    "tolerance_of",
    "twin_path",
]

TWIN_TOLERANCE = 1e-4
_INT8_TOLERANCE = 2e-2
"""Of a model that rounds to 8 bits within: an input on the edge between two steps may fall to
either side, and the answer moves by what a step is worth."""

_BATCH = 16

_Wanted = dict[str, tuple[NDArray[Any], list[str], tuple[str, ...]]]
"""By output: the runtime's array, and what its rows and its columns are called."""


def twin_path(model: Path) -> Path:
    """Where the twin of a model file lies: ``genre.wave.onnx`` beside ``genre.onnx``."""
    return model.with_name(model.stem + TWIN_SUFFIX)


def is_twin(path: Path) -> bool:
    """Whether ``path`` is named as a twin."""
    return path.name.endswith(TWIN_SUFFIX)


def model_of_twin(path: Path) -> Path:
    """The model file beside the twin at ``path``. Raises ModelFileError where it is not there."""
    model = path.with_name(path.name.removesuffix(TWIN_SUFFIX) + ".onnx")
    if not model.exists():
        raise ModelFileError(f"{path}: its model, {model.name}, is not beside it")
    return model


def read_twin(path: Path) -> onnx.ModelProto:
    """Read a twin's file. Raises ModelFileError where it is not one."""
    try:
        data = path.read_bytes()
        outside, damaged = has_external_data(data), is_damaged(data)
        twin = onnx.ModelProto.FromString(data)
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror})") from None
    except Exception as error:  # protobuf's own, and ValueError
        raise ModelFileError(f"{path}: is not an ONNX file, or is damaged ({error})") from None
    if outside:
        raise ModelFileError(f"{path}: keeps weights in another file; make it again as one file")
    if damaged:
        raise ModelFileError(
            f"{path}: is damaged: it has not the checksum that it was written with"
        )
    if WAVE_KEY not in {entry.key for entry in twin.metadata_props}:
        raise ModelFileError(f"{path}: is not a waveform twin: it has no {WAVE_KEY!r} metadata")
    return twin


def build_twin(path: Path) -> onnx.ModelProto:
    """The twin of the model file at ``path``. Raises ModelFileError."""
    load_model(path, device="cpu")  # says what is wrong with the file, if anything is
    try:
        return waveform_twin(onnx.load(path))
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None


def save_twin(path: Path, out: Path) -> dict[str, Worst]:
    """Write the waveform twin of the model file at ``path`` to ``out``, by rename, once proved.

    Returns the worst difference of each output from the runtime's. Raises ModelFileError and
    ProofError; then ``out`` is as it was.
    """
    twin = build_twin(path)
    proof = prove_twin(twin, path)
    data = seal(twin)
    if seal(build_twin(path)) != data:
        raise ProofError(f"{path}: a second twin of it has other bytes")
    out.parent.mkdir(parents=True, exist_ok=True)
    with writing(out) as part:
        part.write_bytes(data)
    return proof


def prove_twin(
    twin: onnx.ModelProto, path: Path, clips: Iterable[Clip] | None = None
) -> dict[str, Worst]:
    """Check the twin's form, and compare it on ``clips`` (proof_clips) with the runtime.

    Returns the worst difference of each output. Raises ProofError where one is larger than
    :func:`tolerance_of` the twin.
    """
    try:
        check_form(twin)
        found = compare_twin(twin.SerializeToString(), path, clips)
    except ProofError as error:
        raise ProofError(f"the waveform twin is not right: {error}") from None
    allowed = tolerance_of(twin)
    for output, worst in found.items():
        if not worst.difference <= allowed:
            raise ProofError(
                f"the waveform twin and the runtime differ by {worst.difference:.1e} in {output}, "
                f"{worst.where}; allowed is {allowed}"
            )
    return found


def tolerance_of(twin: onnx.ModelProto) -> float:
    """How far a twin's outputs may be from the runtime's: 1e-4, of an int8 model's 2e-2."""
    return _INT8_TOLERANCE if rounds(twin) else TWIN_TOLERANCE


def compare_twin(twin: bytes, path: Path, clips: Iterable[Clip] | None = None) -> dict[str, Worst]:
    """Find the worst difference of each output of ``twin`` from the runtime's, with ``path``.

    ``clips``: at the model's sample rate; what the runtime refuses, as silence, is passed over, and
    so is what has long silence in it, which the runtime leaves out and a twin does not.
    """
    predictor, model = Predictor(path, device="cpu"), load_model(path, device="cpu")
    sample_rate = predictor.info.mel_spec.sample_rate
    session = _open(twin)
    found: dict[str, list[Worst]] = {}
    for clip in proof_clips(sample_rate) if clips is None else clips:
        try:
            wanted = _predict(predictor, model, clip)
        except AudioError:
            continue
        if wanted is None:
            continue
        try:
            got = session.run(list(wanted), {WAVEFORM: clip.waveform[None]})
        except Exception as error:  # onnxruntime's errors share no base class
            raise ProofError(f"it fails on {clip.name}: {error}") from None
        for (output, (array, rows, columns)), values in zip(wanted.items(), got, strict=True):
            values = values[0] if output == "evidence" else values
            values = values[:, None] if output == MUSIC else values
            if values.shape != array.shape:
                raise ProofError(f"its {output} is {values.shape}, the model's {array.shape}")
            found.setdefault(output, []).append(worst_difference(values, array, rows, columns))
    if not found:
        raise ProofError("none of the audio could be classified")
    return {output: worst_of_all(differences) for output, differences in found.items()}


def _predict(predictor: Predictor, model: Model, clip: Clip) -> _Wanted | None:
    info = model.info
    prediction = predictor.predict_array(clip.waveform, info.mel_spec.sample_rate)
    assert prediction.embedding is not None  # only of a failed row
    genres = np.array([[prediction.probabilities[genre] for genre in info.genres]])
    heard = hear([clip.waveform], info.mel_spec, info.window, info.window_hop, info.max_windows)
    if heard.silent:
        return None
    batches = patch_batches(heard.log_mel, info.window, heard.rows, _BATCH)
    outputs = model.run_batches(batches)
    evidence = outputs.evidence
    assert evidence is not None  # which was asked for
    windows = [f"{clip.name}, window {number}" for number in range(len(evidence))]
    wanted: _Wanted = {
        "probabilities": (genres, [clip.name], info.genres),
        "embedding": (prediction.embedding[None], [clip.name], ()),
        "evidence": (evidence, windows, info.labels),
    }
    if prediction.music is not None:
        wanted[MUSIC] = (np.array([[prediction.music]]), [clip.name], (MUSIC,))
    for name, head in info.heads.items():
        logits = outputs.heads[name]
        values = song_values(logits, head.temperature)
        wanted[name] = (values[None], [clip.name], head.labels)
    if info.parents:
        leaves = np.array([[prediction.subgenres[label] for label in info.labels]])
        wanted["label_probabilities"] = (leaves, [clip.name], info.labels)
    return wanted


def _open(twin: bytes) -> onnxruntime.InferenceSession:
    try:
        return onnxruntime.InferenceSession(twin, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no base class
        raise ProofError(f"onnxruntime refuses it: {error}") from None
