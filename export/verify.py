"""Repeats the proof of an exported file on a user's machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import onnx

from melonnx.export.difference import Worst
from melonnx.export.errors import ProofError
from melonnx.export.form import check_form, storage_of
from melonnx.export.proof_clips import Clip, proof_clips, song_clips
from melonnx.export.wave.twin import (
    build_twin,
    compare_twin,
    is_twin,
    model_of_twin,
    read_twin,
    tolerance_of,
    twin_path,
)
from melonnx.infer.frontend.long_tracks import hear
from melonnx.infer.frontend.windows import patch_batches
from melonnx.infer.library.find import find_music
from melonnx.infer.model.metadata import WAVE_KEY, ModelInfo
from melonnx.infer.model.onnx_file import CHECKSUM_KEY
from melonnx.infer.model.session import load_model

__all__ = ["Check", "verify"]


@dataclass(frozen=True)
class Check:
    """One thing that was checked."""

    name: str
    worst: Worst | None = None
    """None where there is nothing to measure: the check passes or has a ``problem``."""
    allowed: float = 0.0
    problem: str = ""
    """Why it fails, or nothing could be measured."""
    note: str = ""
    """What a reader should know of a check that passes."""

    @property
    def passes(self) -> bool:
        """A difference that is no number does not."""
        return not self.problem and (self.worst is None or self.worst.difference <= self.allowed)


def verify(path: Path, run: Path | None = None, data: Path | None = None) -> Iterator[Check]:
    """Check a model file and its waveform twin, or the twin at ``path`` and its model.

    The twin is the one beside the model; where there is none, one is built, which shows that
    numpy and onnxruntime agree on this machine. ``run``: the training run that the model was
    exported from; Keras is asked too, of int8 about the run's own songs. ``data``: a folder of
    music to ask about besides.

    Raises ModelFileError where a file does not read, NoMusicError, and RunError.
    """
    songs = find_music(data, recursive=True) if data is not None else []
    model_path = model_of_twin(path) if is_twin(path) else path
    info = load_model(model_path, device="cpu").info
    model = onnx.load(model_path)
    yield _form(f"form of {model_path.name}", model)
    yield _checksum(model_path.name, model)
    beside = path if is_twin(path) else twin_path(path)
    has_twin = beside.exists()
    twin = read_twin(beside) if has_twin else build_twin(model_path)
    name = beside.name if has_twin else "a twin built here"
    if has_twin:
        yield _form(f"form of {name}", twin)
        yield _checksum(name, twin)
        if not _same_info(twin, info):
            problem = "its metadata are not the model's: it is the twin of another version"
            yield Check(name, problem=problem)
    yield from _twin(name, twin, model_path, _clips(info, songs))
    if run is not None:
        yield from _keras(model, info, run, songs)


def _clips(info: ModelInfo, songs: list[Path]) -> Iterator[Clip]:
    rate = info.mel_spec.sample_rate
    return chain(proof_clips(rate), song_clips(songs, rate))


def _form(name: str, model: onnx.ModelProto) -> Check:
    try:
        check_form(model)
    except ProofError as error:
        return Check(name, problem=str(error))
    return Check(name)


def _checksum(name: str, model: onnx.ModelProto) -> Check:
    """Whether there is one; reading the file has refused one that does not fit."""
    has_one = CHECKSUM_KEY in {entry.key for entry in model.metadata_props}
    note = "" if has_one else "there is none, so damage to the file would not be noticed"
    return Check(f"checksum of {name}", note=note)


def _same_info(twin: onnx.ModelProto, info: ModelInfo) -> bool:
    described = [entry.value for entry in twin.metadata_props if entry.key == WAVE_KEY]
    try:
        return [ModelInfo.from_json(text) for text in described] == [info]
    except ValueError:  # which its form has told
        return False


def _twin(
    name: str, twin: onnx.ModelProto, model_path: Path, clips: Iterator[Clip]
) -> Iterator[Check]:
    try:
        found = compare_twin(twin.SerializeToString(), model_path, clips)
    except ProofError as error:
        yield Check(name, problem=str(error))
        return
    for output, worst in found.items():
        yield Check(f"{name}, {output}", worst, tolerance_of(twin))


def _keras(
    model: onnx.ModelProto, info: ModelInfo, folder: Path, songs: list[Path]
) -> Iterator[Check]:
    import keras

    from melonnx.export.keras.prove import compare
    from melonnx.export.keras.run import real_patches
    from melonnx.train.run import read_run

    run = read_run(folder)
    if (run.labels, run.settings.mel_spec) != (info.labels, info.mel_spec):
        yield Check("Keras", problem=f"{folder} has other labels or another front end")
        return
    names: list[str] = []
    patches = []
    clips = _clips(info, songs)
    if storage_of(model) == "int8":  # its ranges are of the run's songs, and not of noise and tones
        patches = [real_patches(run)]
        names = [f"patch {number}" for number in range(len(patches[0]))]
        clips = song_clips(songs, info.mel_spec.sample_rate)
    for clip in clips:
        heard = hear([clip.waveform], info.mel_spec, info.window, info.window_hop, info.max_windows)
        (these,) = patch_batches(heard.log_mel, info.window, heard.rows, len(heard.rows))
        names += [f"{clip.name}, window {number}" for number in range(len(these))]
        patches.append(these)
    network = keras.models.load_model(run.network_path, compile=False)
    proof = compare(model, network, np.concatenate(patches), names, info.labels)
    for output, worst in proof.found.items():
        yield Check(f"Keras, {output}", worst, proof.allowed)
