"""Bring your own genres: songs in folders to one proved model file, without a Keras network."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from melonnx.export.describe_run import rounded
from melonnx.export.errors import ProofError
from melonnx.export.form import check_form
from melonnx.export.place import put_in_place
from melonnx.export.replace_head import replace_head
from melonnx.export.seal import describe, seal
from melonnx.infer.frontend.features import as_features
from melonnx.infer.frontend.windows import Patches
from melonnx.infer.model.metadata import ModelInfo
from melonnx.infer.model.session import INPUT, OUTPUTS, Model, find_model, load_model
from melonnx.train.data.tracks import Track
from melonnx.train.evaluate.learnt_songs import learnt_from
from melonnx.train.network.embedding_cache import EmbeddingCache
from melonnx.train.network.embeddings import embed_songs, song_windows
from melonnx.train.network.head import as_layer
from melonnx.train.own_genres import OwnGenres, fit_own_genres
from melonnx.train.progress import Say

__all__ = ["HEAD_TOLERANCE", "Brought", "make_own_genres"]

HEAD_TOLERANCE = 1e-5
_PROOF_SONGS_A_LABEL = 2


@dataclass(frozen=True)
class Brought:
    """What came of it."""

    info: ModelInfo
    own: OwnGenres
    windows: int
    """That the proof was made on."""
    worst: dict[str, float]
    """By output: how far the file is from scikit-learn, or from the base; evidence from the
    logits that its mean should be."""


def make_own_genres(
    tracks: Sequence[Track],
    base: str | Path | None,
    out: Path,
    *,
    name: str,
    dataset: str,
    say: Say,
    cache: Path | None = None,
) -> Brought:
    """Fit a head for the genres of ``tracks`` on the embedding of ``base``, and write both.

    ``base``: a model file, or a released one's name. ``cache``: folder where what was heard is kept
    for the next time. Of tracks that cannot be read each is said,
    and left out. ``out`` is put in place by rename, once it is proved; a twin that lies beside it
    and is not its own any more is removed.

    Raises ModelFileError, DataSetError (nothing to tell apart) and ProofError (also of a ``name``
    that no file may have); then ``out`` is as it was.
    """
    model = load_model(base, device="cpu")
    try:
        described = replace(model.info, name=name, version="1", dataset=dataset)
    except ValueError as error:
        raise ProofError(f"no model can be called so: {error}") from None
    say(f"{len(tracks)} songs; hearing them with {model.info.name} {model.info.version}")
    embeddings = embed_songs(model, tracks, say, cache and EmbeddingCache(cache, find_model(base)))
    readable = [track for track in tracks if track.path in embeddings]
    windows_of = [embeddings[track.path] for track in readable]
    own = fit_own_genres(readable, windows_of, model.info.pooling)
    info = replace(
        described,
        labels=own.labels,
        parents={},
        temperature=round(own.calibration.temperature, 4),
        bars=rounded(own.calibration.bars),
        accepts=rounded(own.calibration.accepts),
        split=f"{own.split}; on the embedding of {model.info.name} {model.info.version}",
        metrics=own.report.summary(),
    )
    head = as_layer(own.classifier, len(own.labels))
    made = replace_head(onnx.load(find_model(base)), head, info)
    windows = np.concatenate([song_windows(model, track.path) for track in _some(readable)])
    describe(made, info, learnt_from(readable))
    check_form(made)
    data = seal(made)
    worst = _prove(data, own, model, windows)
    say(
        f"equal to scikit-learn on {len(windows)} windows; worst difference {worst[OUTPUTS[0]]:.1e}"
    )
    put_in_place(data, out, say)
    return Brought(info, own, len(windows), worst)


def _some(tracks: Sequence[Track]) -> list[Track]:
    """Two songs of each label."""
    by_label: dict[str, list[Track]] = {}
    for track in tracks:
        by_label.setdefault(track.genre, []).append(track)
    return [track for songs in by_label.values() for track in songs[:_PROOF_SONGS_A_LABEL]]


def _prove(data: bytes, own: OwnGenres, base: Model, windows: Patches) -> dict[str, float]:
    """Compare the file with scikit-learn and the base on ``windows`` [n, frames, n_mels]."""
    try:
        session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        outputs = session.run(list(OUTPUTS), {INPUT: as_features(windows, base.info.mel_spec)})
    except Exception as error:
        raise ProofError(f"the model with its new head does not run: {error}") from error
    probabilities, embedding, evidence = (np.asarray(output) for output in outputs)
    expected = base.run(windows, evidence=False).embedding
    of_evidence = evidence.mean(axis=(1, 2), dtype=np.float64)
    worst = {
        OUTPUTS[0]: _worst(probabilities, own.classifier.predict_proba(expected)),
        OUTPUTS[1]: _worst(embedding, expected),
        OUTPUTS[2]: _worst(_softmax(of_evidence), probabilities),
    }
    if not max(worst.values()) <= HEAD_TOLERANCE:
        raise ProofError(
            f"the new head differs from scikit-learn, the embedding or the evidence by {worst}, "
            f"allowed is {HEAD_TOLERANCE}"
        )
    return worst


def _worst(got: NDArray[np.floating], expected: NDArray[np.floating]) -> float:
    return float(np.abs(got - expected).max() / max(1, np.abs(expected).max()))


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
