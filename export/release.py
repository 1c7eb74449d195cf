"""Exports a finished run: convert, prove, measure on its test part, put in place."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
import onnx
from numpy.typing import NDArray

from melonnx.export.convert import to_onnx
from melonnx.export.prove import Proof, prove
from melonnx.infer.audio import load_audio
from melonnx.infer.errors import AudioError
from melonnx.infer.mel import log_mel
from melonnx.infer.metadata import ModelInfo
from melonnx.infer.predictor import Predictor
from melonnx.infer.windows import patch_batches, window_starts
from melonnx.train.evaluate import Report, evaluate
from melonnx.train.run import Run, RunError
from melonnx.train.splits import artists_in_several_parts

__all__ = ["Exported", "export_run"]

_PROOF_TRACKS_A_GENRE = 2


@dataclass(frozen=True)
class Exported:
    """What an export found out."""

    info: ModelInfo
    proof: Proof
    report: Report | None
    """None where measuring was not wanted."""


def export_run(
    run: Run,
    out: Path,
    *,
    name: str,
    version: str,
    dataset: str,
    license_name: str,
    attribution: str,
    measure: bool,
    say: Callable[[str], None],
) -> Exported:
    """Write ``run``'s network to ``out`` as one file, by rename, once it is proved.

    ``measure``: classify the run's test part with the very file and store the figures in it.

    Raises RunError (unfinished, or its audio is gone) and ProofError; then ``out`` is as it was.
    """
    if not run.finished:
        raise RunError(f"{run.folder}: is not finished; train on with the same command")
    network = keras.models.load_model(run.network_path, compile=False)
    info = ModelInfo(
        name=name,
        version=version,
        labels=run.labels,
        parents=run.parents,
        mel_spec=run.settings.mel_spec,
        window=run.settings.window,
        window_hop=run.settings.window_hop,
        temperature=round(run.temperature, 4),
        thresholds={label: round(run.threshold, 4) for label in run.genres},
        dataset=dataset,
        split=_describe_split(run),
        license=license_name,
        attribution=attribution,
    )
    patches = _real_patches(run)
    model = to_onnx(network, info)
    proof = prove(model, network, patches)
    worst = max(proof.worst.values())
    say(f"equal to Keras on {proof.patches} patches; worst difference {worst:.1e}")
    temporary = out.with_name(f".{out.name}.tmp")
    report = None
    try:
        _write(model, temporary)
        if measure:
            say(f"measuring on {len(run.songs('test'))} test songs")
            report = evaluate(Predictor(temporary), run.songs("test"), say)
            info = replace(info, metrics=report.summary())
            model = to_onnx(network, info)
            prove(model, network, patches[:8])
            _write(model, temporary)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    return Exported(info, proof, report)


def _write(model: onnx.ModelProto, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _describe_split(run: Run) -> str:
    sizes = (
        ", ".join(f"{len(run.part(part))} {part}" for part in ("train", "valid"))
        + f", {len(run.songs('test'))} test"
    )
    if run.settings.split == "official":
        shared = artists_in_several_parts(run.tracks, run.parts)
        known = f"{shared} artists in several parts"
        how = known if any(track.artist for track in run.tracks) else "artists unknown"
        return f"official: {sizes} ({how})"
    how = (
        "no known artist in two parts"
        if run.settings.split == "artist"
        else "ARTISTS IN SEVERAL PARTS"
    )
    return f"{run.settings.split}, seed {run.settings.seed}: {sizes} ({how})"


def _real_patches(run: Run) -> NDArray[np.float32]:
    """Patches of songs of every genre, none of the test, by the runtime's own front end."""
    settings, spec = run.settings, run.settings.mel_spec
    patches: list[NDArray[np.float32]] = []
    for genre in run.genres:
        songs = run.songs("valid") + run.songs("train")
        tracks = [track for track in songs if track.genre == genre]
        for track in tracks[:_PROOF_TRACKS_A_GENRE]:
            try:
                frames = log_mel(load_audio(track.path, spec.sample_rate), spec)
            except AudioError as error:
                raise RunError(f"the audio for the proof is not there: {error}") from None
            starts = window_starts(len(frames), settings.window, settings.window)
            patches += patch_batches(frames, settings.window, starts, len(starts))
    return np.concatenate(patches)
