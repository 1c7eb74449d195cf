"""Exports a finished run: convert, prove, measure on its test part, put in place."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np
import onnx
from numpy.typing import NDArray

from melonnx.export.describe_run import describe_run
from melonnx.export.difference import Worst
from melonnx.export.errors import ProofError
from melonnx.export.form import check_form
from melonnx.export.keras.convert import to_onnx
from melonnx.export.keras.prove import Proof, prove
from melonnx.export.place import put_in_place
from melonnx.export.proof_clips import Clip, proof_clips
from melonnx.export.quantise import Kind, quantise, window_milliseconds
from melonnx.export.seal import describe, seal
from melonnx.infer.audio.reader import load_audio
from melonnx.infer.errors import AudioError
from melonnx.infer.frontend.mel import log_mel
from melonnx.infer.frontend.windows import patch_batches, window_starts
from melonnx.infer.model.metadata import ModelInfo
from melonnx.infer.predictor import Predictor
from melonnx.train.data.tracks import Track
from melonnx.train.evaluate.learnt_songs import learnt_from
from melonnx.train.evaluate.predictions import Predictors, predict_all
from melonnx.train.evaluate.scores import Report, score_predictions
from melonnx.train.progress import Say
from melonnx.train.run import Run, RunError, read_run

__all__ = ["Exported", "export_run", "real_patches"]

_PROOF_TRACKS_A_GENRE = 2
_PROOF_PATCHES_OF_A_FOLD = 8
_CALIBRATION_PATCHES = 66
_MOST_ACCURACY_LOST = 0.01


@dataclass(frozen=True)
class Exported:
    """What an export found out."""

    info: ModelInfo
    proof: Proof
    """Of the file that was written: of one in float16 or int8, its own."""
    report: Report | None
    """None where measuring was not wanted."""
    twin: dict[str, Worst] | None = None
    """The waveform twin's worst difference by output; None where no twin was wanted."""


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
    say: Say,
    wave: bool = False,
    small: Kind | None = None,
) -> Exported:
    """Write ``run``'s network to ``out`` as one file, by rename, once it is proved.

    ``wave``: its waveform twin, too, beside it. ``small``: in float16 or int8
    (:func:`melonnx.export.quantise.quantise`); the model that it is made of is equal to
    Keras, it is as near as its storage allows, and it is refused where it is right about a point
    less of the test songs, or worse.
    ``measure``: classify the run's test part through the runtime and store the figures in the
    file. Of a run with folds each fold's network is written, as ``model.onnx``, and measured on
    its fold. A twin that lies beside ``out`` and is not its own any more is removed.

    Raises RunError (unfinished, of labels that no file may have, or its audio is gone) and
    ProofError; then ``out`` is as it was.
    """
    if not run.finished:
        raise RunError(f"{run.folder}: is not finished; train on with the same command")
    if measure and not run.settings.folds and not run.tested:
        raise RunError(f"{run.folder}: kept no songs for a test; export with --no-measure")
    if small and not measure:
        raise RunError(f"{run.folder}: a model in {small} must be measured")
    info = describe_run(
        run,
        name=name,
        version=version,
        dataset=dataset,
        license_name=license_name,
        attribution=attribution,
    )
    network = keras.models.load_model(run.network_path, compile=False)
    patches = real_patches(run)
    model = to_onnx(network, info)
    proof = prove(model, network, patches)
    worst = max(proof.worst.values())
    say(f"equal to Keras on {proof.patches} patches; worst difference {worst:.1e}")
    report, learnt = None, learnt_from(run.learnt)
    if measure:
        report, metrics = _measure(run, model, patches, small, say)
        info = replace(info, metrics=metrics)
    describe(model, info, learnt)
    shrunk = _shrink(model, small, patches)
    if small:
        proof = prove(shrunk, network, patches)
        worst = max(proof.worst.values())
        say(f"in {small} {worst:.1e} from Keras; allowed is {proof.allowed:.0e}")
    data = seal(shrunk)
    again = to_onnx(keras.models.load_model(run.network_path, compile=False), info)
    describe(again, info, learnt)
    if seal(_shrink(again, small, patches)) != data:
        raise ProofError("a second export of the run gives other bytes")
    clips = _real_clips(run) if wave else None
    twin = put_in_place(data, out, say, wave=wave, clips=clips)
    return Exported(info, proof, report, twin)


def _measure(
    run: Run,
    model: onnx.ModelProto,
    patches: NDArray[np.float32],
    small: Kind | None,
    say: Say,
) -> tuple[Report, dict[str, Any]]:
    """Ask ``model``, or those of the folds, of the test songs; what they score, also as metrics."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(seal(model))
        predictors = _export_folds(run, patches[:_PROOF_PATCHES_OF_A_FOLD], say) or [
            (Predictor(path), run.tested)
        ]
        say(f"measuring on {sum(len(songs) for _, songs in predictors)} test songs")
        report = score_predictions(predict_all(predictors, say))
        if small:
            return _measure_small(run, path, report, small, say)
        return report, report.summary()


def _shrink(
    model: onnx.ModelProto, small: Kind | None, patches: NDArray[np.float32]
) -> onnx.ModelProto:
    if small is None:
        return model
    spread = -(-len(patches) // _CALIBRATION_PATCHES)  # they are in the order of the genres
    shrunk = quantise(model, small, patches[::spread])
    check_form(shrunk)
    return shrunk


def _measure_small(
    run: Run, path: Path, report: Report, small: Kind, say: Say
) -> tuple[Report, dict[str, Any]]:
    """Shrink the model at ``path``, or those of the folds, and ask again.

    Returns what they score, also as metrics. Raises ProofError where that is too little.
    """
    runs = [read_run(folder) for folder in run.fold_folders] or [run]
    predictors: list[tuple[Predictor, list[Track]]] = []
    sizes: list[float] = []
    times: list[float] = []
    with TemporaryDirectory() as folder:
        shrunk = Path(folder) / "small.onnx"
        for one in runs:
            whole = one.model_path if run.fold_folders else path
            patches = real_patches(one)
            shrunk.write_bytes(seal(_shrink(onnx.load(whole), small, patches)))
            predictors.append((Predictor(shrunk), one.tested))
            sizes = [file.stat().st_size / 1e6 for file in (whole, shrunk)]
            times = [window_milliseconds(file, patches[:2]) for file in (whole, shrunk)]
    measured = score_predictions(predict_all(predictors, say))
    lost = report.accuracy - measured.accuracy
    figures = (
        f"accuracy {report.accuracy:.1%} in float32, {measured.accuracy:.1%} in {small}, on "
        f"{measured.songs} songs; {sizes[0]:.2f} MB, {sizes[1]:.2f} MB; {times[0]:.1f} ms, "
        f"{times[1]:.1f} ms a window"
    )
    say(figures)
    if not lost < _MOST_ACCURACY_LOST:
        raise ProofError(f"{small} is refused: {figures}")
    return measured, measured.summary() | {
        "storage": small,
        "float32_accuracy": round(report.accuracy, 6),
    }


def _real_clips(run: Run) -> Iterator[Clip]:
    """The clips that every twin is proved on, and a song of each genre, none of the test."""
    rate = run.settings.mel_spec.sample_rate
    yield from proof_clips(rate)
    for genre in run.genres:
        songs = run.songs("valid") + run.songs("train")
        for track in [track for track in songs if track.genre == genre][:1]:
            yield Clip(str(track.path), load_audio(track.path, rate))


def _export_folds(run: Run, patches: NDArray[np.float32], say: Say) -> Predictors:
    """Write each fold's model into its folder; each is asked of the songs kept from it."""
    predictors: list[tuple[Predictor, list[Track]]] = []
    for folder in run.fold_folders:
        fold = read_run(folder)
        network = keras.models.load_model(fold.network_path, compile=False)
        info = describe_run(fold, name=folder.name, version="0")
        model = to_onnx(network, info)
        describe(model, info, learnt_from(fold.learnt))
        prove(model, network, patches)
        put_in_place(seal(model), fold.model_path, say)
        say(f"wrote {fold.model_path}")
        predictors.append((Predictor(fold.model_path), fold.tested))
    return predictors


def real_patches(run: Run) -> NDArray[np.float32]:
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
