"""Opens a model file as one onnxruntime session and runs patches through it."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from melonnx.infer.errors import DeviceError, ModelFileError
from melonnx.infer.frontend.features import as_features
from melonnx.infer.frontend.windows import Patches
from melonnx.infer.model.learnt import LEARNT_KEY, Learnt
from melonnx.infer.model.live_session import LiveSession
from melonnx.infer.model.metadata import METADATA_KEY, WAVE_KEY, ModelInfo
from melonnx.infer.model.onnx_file import has_external_data, is_damaged
from melonnx.infer.model.released import (
    DEFAULT_MODEL,
    MODELS_FOLDER,
    TWIN_SUFFIX,
    find_model,
    released_models,
)
from melonnx.infer.spelling import did_you_mean

__all__ = [
    "DEFAULT_MODEL",
    "INPUT",
    "MODELS_FOLDER",
    "MUSIC",
    "OUTPUTS",
    "TWIN_SUFFIX",
    "Device",
    "Model",
    "Outputs",
    "find_model",
    "load_model",
    "released_models",
]

Device = Literal["auto", "cpu", "cuda"] | Sequence[str]
"""``auto`` takes CUDA where it comes up and the CPU otherwise; a list names onnxruntime's
execution providers, all of which must come up."""

INPUT = "log_mel"
OUTPUTS = ("probabilities", "embedding", "evidence")
"""Of every network."""
MUSIC = "music"
"""One more, of those whose file has a ``music_bar``."""

_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_FATAL_ONLY = 4


@dataclass(frozen=True)
class Outputs:
    """What the network says of each patch, float32."""

    probabilities: NDArray[np.float32]
    """[windows, labels], each row sums to 1."""
    embedding: NDArray[np.float32]
    """[windows, d]."""
    evidence: NDArray[np.float32] | None = None
    """[windows, frames', n_mels', labels]: logits by place, whose mean is the patch's."""
    music: NDArray[np.float32] | None = None
    """[windows], 0 to 1: how much it sounds like music; None where the network does not say."""
    heads: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    """Logits [windows, labels] of each further head of the file."""


@dataclass(frozen=True)
class Model:
    """A live session with what its file says of itself; safe to share between threads, and to be
    used in processes that are forked.
    """

    info: ModelInfo
    live: LiveSession
    learnt: Learnt | None = None
    """Which songs it has learnt from; None where its file does not say."""

    @property
    def session(self) -> onnxruntime.InferenceSession:
        """That of this process."""
        return self.live.get()

    @property
    def providers(self) -> list[str]:
        """The execution providers that are up, first choice first."""
        return self.session.get_providers()

    def run(self, patches: Patches, *, evidence: bool = True) -> Outputs:
        """Run float32 [windows, frames, n_mels] through the network, which takes
        :func:`melonnx.infer.frontend.features.as_features` of them.

        Raises ModelFileError where the network fails, or answers with what is no number.
        """
        names = list(OUTPUTS if evidence else OUTPUTS[:2])
        names += [MUSIC] * (self.info.music_bar > 0)
        names += self.info.heads
        features = as_features(patches, self.info.mel_spec)
        options = onnxruntime.RunOptions()
        options.only_execute_path_to_fetches = True  # else what leads to evidence is run anyway
        try:
            given = self.session.run(names, {INPUT: features}, options)
        except Exception as error:  # onnxruntime's errors share no base class
            raise ModelFileError(
                f"{self.info.name}: its network fails: {_first_line(error)}"
            ) from None
        by_name: dict[str, Any] = dict(zip(names, given, strict=True))
        if MUSIC in by_name:
            by_name[MUSIC] = by_name[MUSIC].reshape(-1)
        heads = {name: by_name.pop(name) for name in self.info.heads}
        outputs = Outputs(**by_name, heads=heads)
        for name, logits in heads.items():
            if not np.isfinite(logits).all() or len(logits) != len(patches):
                raise ModelFileError(
                    f"{self.info.name}: its head {name} gives no numbers, or not one row a window"
                )
        if not np.isfinite(outputs.probabilities).all():
            raise ModelFileError(f"{self.info.name}: its network answers with what is no number")
        music = outputs.music
        if music is not None and not ((music >= 0) & (music <= 1)).all():  # nor is NaN
            raise ModelFileError(f"{self.info.name}: its music output is not from 0 to 1")
        if music is not None and len(music) != len(patches):
            raise ModelFileError(f"{self.info.name}: its music output is not one for each window")
        return outputs

    def run_batches(self, batches: Iterable[Patches], *, evidence: bool = True) -> Outputs:
        """Run batch after batch; the outputs of all windows, joined."""
        outputs = [self.run(patches, evidence=evidence) for patches in batches]
        maps = [output.evidence for output in outputs if output.evidence is not None]
        music = [output.music for output in outputs if output.music is not None]
        return Outputs(
            np.concatenate([output.probabilities for output in outputs]),
            np.concatenate([output.embedding for output in outputs]),
            np.concatenate(maps) if maps else None,
            np.concatenate(music) if music else None,
            {
                name: np.concatenate([output.heads[name] for output in outputs])
                for name in self.info.heads
            },
        )


def load_model(
    path: str | os.PathLike[str] | None = None,
    *,
    device: Device = "auto",
    threads: int | None = None,
) -> Model:
    """Open a model file, or a released one by its name; None opens the default one.

    ``threads``: threads of one run, by default one for each core.

    Raises ValueError (``threads`` below 1), ModelFileError (missing, damaged, foreign, unknown
    format version, data outside the file) and DeviceError (what was asked for did not come up:
    there is no silent fall-back).
    """
    if threads is not None and threads < 1:
        raise ValueError(f"threads={threads} must be 1 or more")
    path = find_model(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        names = sorted(released_models())
        raise ModelFileError(
            f"{path}: cannot be read ({error.strerror}){did_you_mean(os.fspath(path), names)}; "
            f"the released models are {', '.join(names)}"
        ) from None
    try:
        outside, damaged = has_external_data(data), is_damaged(data)
    except ValueError as error:
        raise ModelFileError(f"{path}: is not an ONNX file, or is damaged ({error})") from None
    if outside:
        raise ModelFileError(f"{path}: keeps weights in another file; export it as one file")
    if damaged:
        raise ModelFileError(
            f"{path}: is damaged: it has not the checksum that it was written with"
        )
    providers = _providers(device)

    def open_again() -> onnxruntime.InferenceSession:
        return _open_session(path, data, providers, threads)

    session = open_again()
    if device == "cuda" or not isinstance(device, str):
        _require(session, providers)
    info, learnt = _read_info(path, session)
    return Model(info, LiveSession(session, open_again), learnt)


def _providers(device: Device) -> list[str]:
    if not isinstance(device, str):
        return list(device)
    if device not in ("auto", "cpu", "cuda"):
        raise DeviceError(f'device "{device}" is unknown: auto, cpu or cuda')
    available = onnxruntime.get_available_providers()
    if device == "cuda" and _CUDA not in available:
        raise DeviceError(
            "cuda was asked for, but this onnxruntime has no CUDA provider: pip uninstall "
            'onnxruntime, then pip install "melonnx[cuda]"; or use --device cpu'
        )
    return [_CUDA, _CPU] if device != "cpu" and _CUDA in available else [_CPU]


def _open_session(
    path: Path, data: bytes, providers: list[str], threads: int | None
) -> onnxruntime.InferenceSession:
    unknown = set(providers) - set(onnxruntime.get_available_providers())
    if unknown or not providers:
        raise DeviceError(
            f"execution providers {', '.join(sorted(unknown)) or 'of no name'} are not in this "
            f"onnxruntime, which has {', '.join(onnxruntime.get_available_providers())}"
        )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _FATAL_ONLY
    options.intra_op_num_threads = threads or 0
    options.inter_op_num_threads = 1
    # Threads that spin while they wait take half as much again of the processors, and a third of
    # the speed from a machine that has other work; on an idle one they win 4%.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(
            data,
            options,
            providers=providers,
            enable_fallback=providers != [_CPU],  # there is none, but for a box that is printed
        )
    except Exception as error:  # onnxruntime's errors share no base class
        raise ModelFileError(f"{path}: onnxruntime refuses it: {_first_line(error)}") from None
    session.disable_fallback()
    return session


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _require(session: onnxruntime.InferenceSession, providers: list[str]) -> None:
    missing = [name for name in providers if name not in session.get_providers()]
    if missing:
        raise DeviceError(
            f"{', '.join(missing)} was asked for and did not come up (is the driver there, and "
            "does its version fit this onnxruntime?); use --device cpu to go on without it"
        )


def _read_info(
    path: Path, session: onnxruntime.InferenceSession
) -> tuple[ModelInfo, Learnt | None]:
    try:
        entries = session.get_modelmeta().custom_metadata_map
    except UnicodeDecodeError:
        raise ModelFileError(f"{path}: is damaged: its metadata is no text") from None
    if WAVE_KEY in entries:
        raise ModelFileError(
            f"{path}: is a waveform twin, for onnxruntime alone; melonnx takes the model itself"
        )
    if METADATA_KEY not in entries:
        raise ModelFileError(
            f"{path}: is an ONNX file, but not melonnx's: it has no {METADATA_KEY!r} metadata"
        )
    try:
        info = ModelInfo.from_json(entries[METADATA_KEY])
        _check_shapes(info, session)
        learnt = Learnt.from_json(entries[LEARNT_KEY]) if LEARNT_KEY in entries else None
    except ValueError as error:
        raise ModelFileError(f"{path}: {error}") from None
    return info, learnt


def _check_shapes(info: ModelInfo, session: onnxruntime.InferenceSession) -> None:
    inputs = {value.name: value for value in session.get_inputs()}
    outputs = {value.name: value for value in session.get_outputs()}
    wanted = [*OUTPUTS, *([MUSIC] if info.music_bar > 0 else []), *info.heads]
    if set(inputs) != {INPUT} or not set(wanted) <= set(outputs):
        raise ValueError(
            f"has inputs {sorted(inputs)} and outputs {sorted(outputs)}; expected {INPUT!r} and "
            f"{sorted(wanted)}"
        )
    for value in (inputs[INPUT], *(outputs[name] for name in wanted)):
        if value.type != "tensor(float)":
            raise ValueError(f"{value.name!r} is a {value.type}, not a tensor(float)")
    taken, n_labels, spec = inputs[INPUT].shape, len(info.labels), info.mel_spec
    frames_fit = len(taken) == 3 and (taken[1] == info.window or not isinstance(taken[1], int))
    if not frames_fit or isinstance(taken[0], int) or taken[2] != spec.n_features:
        what = "MFCC and deltas" if spec.mfcc else "bands"
        raise ValueError(
            f"takes {taken}, not [windows, {info.window} frames, {spec.n_features} {what}]"
        )
    given, embedding, evidence = (outputs[name].shape for name in OUTPUTS)
    if len(given) != 2 or given[-1] != n_labels:
        raise ValueError(f"answers with {given}, not [windows, {n_labels} labels]")
    if len(embedding) != 2:
        raise ValueError(f"embeds in {embedding}, not [windows, numbers]")
    if len(evidence) != 4 or evidence[-1] != n_labels:
        raise ValueError(
            f"has evidence {evidence}, not [windows, frames, bands, {n_labels} labels]"
        )
    music = outputs[MUSIC].shape if MUSIC in wanted else [None]
    if len(music) not in (1, 2) or music[1:] not in ([], [1]):
        raise ValueError(f"tells music by {music}, not [windows]")
    for name, head in info.heads.items():
        shape = outputs[name].shape
        if len(shape) != 2 or shape[1] != len(head.labels):
            raise ValueError(
                f"its head {name} gives {shape}, not [windows, {len(head.labels)} labels]"
            )
