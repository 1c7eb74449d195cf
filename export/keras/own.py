"""Exports a Keras model of somebody's own: takes in, converts, proves, puts in place."""

from pathlib import Path

import keras
import numpy as np
import onnx
from numpy.typing import NDArray

from melonnx.export.errors import KerasFileError, ProofError
from melonnx.export.keras.check_input import check_input
from melonnx.export.keras.convert import to_onnx
from melonnx.export.keras.description import Description
from melonnx.export.keras.intake import as_format_network
from melonnx.export.keras.load import load_keras
from melonnx.export.keras.prove import compare, prove
from melonnx.export.keras.run import Exported
from melonnx.export.place import put_in_place
from melonnx.export.seal import seal
from melonnx.infer.audio.reader import load_audio
from melonnx.infer.frontend.features import as_features
from melonnx.infer.frontend.mel import log_mel
from melonnx.infer.frontend.windows import patch_batches, window_starts
from melonnx.infer.model.metadata import ModelInfo
from melonnx.infer.model.session import MODELS_FOLDER
from melonnx.train.progress import Say

__all__ = ["export_keras"]

_SAMPLE = MODELS_FOLDER / "sample.mp3"
_RANDOM_PATCHES = 4


def export_keras(
    path: Path,
    described: Description,
    out: Path,
    *,
    say: Say,
    wave: bool = False,
    code: Path | None = None,
    check: tuple[Path, Path] | None = None,
) -> Exported:
    """Write the network of ``path`` to ``out`` as one file, by rename, once it is proved.

    ``wave``: its waveform twin, too, beside it.

    It is proved on the windows of the sample clip, by the front end that ``described``
    declares, and on random ones. ``code``: a Python file with its own layers.
    ``check``: a song, and the ``*.npy`` that the author's code made of its first window
    (:func:`melonnx.export.keras.check_input.check_input`).
    Nothing is measured: ``melonnx evaluate`` does that.

    A twin that lies beside ``out`` and is not its own any more is removed.

    Raises KerasFileError and ProofError; then ``out`` is as it was.
    """
    info, embedding, front = described.info, described.embedding, described.front
    network = load_keras(path, code)
    patches = _patches(info)
    if check is not None:
        found = check_input(network, info, front, *check)
        say(
            f"{check[0]}: what the network is given is yours to {found.median:.2g} (median; worst "
            f"{found.worst:.2g}), allowed is {found.allowed:.2g}"
        )
    try:
        whole = as_format_network(network, info, embedding, patches, front)
    except KerasFileError as error:
        raise KerasFileError(f"{path}: {error}") from None
    try:
        model = to_onnx(whole, info)
        proof = prove(model, whole, patches)
        network = load_keras(path, code)
        again = to_onnx(as_format_network(network, info, embedding, patches, front), info)
        data = seal(model)
        if seal(again) != data:
            _require_same_answers(path, model, again, whole, patches)
    except ProofError:
        raise
    except Exception as error:  # the converter's, of layers that it does not know
        reason = str(error).strip().partition("\n")[0]
        raise KerasFileError(
            f"{path}: cannot be converted to ONNX{_blamed(network, str(error))} ({reason})"
        ) from None
    say(f"equal to Keras on {len(patches)} patches; worst {max(proof.worst.values()):.1e}")
    if whole.output["evidence"].shape[1:3] == (1, 1):
        say("it does not end with global average pooling and one Dense: evidence tells no places")
    return Exported(info, proof, None, put_in_place(data, out, say, wave=wave))


def _blamed(network: keras.Model, error: str) -> str:
    """The layers that an error of the converter names, for a sentence."""
    named = [
        f"{layer.name!r} ({type(layer).__name__})"
        for layer in network.layers
        if f"/{layer.name}/" in error or f"/{layer.name}_1/" in error
    ]
    return f", because of layer {', '.join(named)}: put another in its place" if named else ""


def _require_same_answers(
    path: Path,
    model: onnx.ModelProto,
    again: onnx.ModelProto,
    network: keras.Model,
    patches: NDArray[np.float32],
) -> None:
    """The converter's last steps go by lot for some layers: what counts is what a file computes.

    Raises ProofError where ``again`` says other things of itself or of ``patches``.
    """
    proof = compare(again, network, patches, [str(n) for n in range(len(patches))])
    described = [{e.key: e.value for e in one.metadata_props} for one in (model, again)]
    if described[0] != described[1] or not proof.holds:
        raise ProofError(f"{path}: a second export of it gives other bytes, and other answers")


def _patches(info: ModelInfo) -> NDArray[np.float32]:
    """What the network takes of windows of the sample clip, and of random ones.

    Float32 [n, window, n_features].
    """
    frames = log_mel(load_audio(_SAMPLE, info.mel_spec.sample_rate), info.mel_spec)
    starts = window_starts(len(frames), info.window, info.window)
    (music,) = patch_batches(frames, info.window, starts, len(starts))
    shape = (_RANDOM_PATCHES, *music.shape[1:])
    noise = np.random.default_rng(0).random(shape, np.float32)
    return as_features(np.concatenate([music, noise]), info.mel_spec)
