"""Learns further heads on a model file's embedding, and writes the file with them, proved."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from melonnx.export.attach_head import attach_head
from melonnx.export.errors import ProofError
from melonnx.export.form import check_form
from melonnx.export.place import put_in_place
from melonnx.export.seal import seal
from melonnx.export.wave.twin import twin_path
from melonnx.infer.frontend.features import as_features
from melonnx.infer.frontend.windows import Patches
from melonnx.infer.model.heads import HeadInfo
from melonnx.infer.model.session import INPUT, OUTPUTS, Model, find_model, load_model
from melonnx.train.data.columns import Column
from melonnx.train.data.tracks import DataSetError, Track
from melonnx.train.further_head import fit_further_head
from melonnx.train.network.embedding_cache import EmbeddingCache
from melonnx.train.network.embeddings import embed_songs, song_windows
from melonnx.train.network.head import Head
from melonnx.train.progress import Say

__all__ = ["HEAD_TOLERANCE", "add_heads", "put_heads"]

HEAD_TOLERANCE = 1e-4
"""Of logits, relative to the largest."""
_PROOF_SONGS = 3


def add_heads(
    tracks: Sequence[Track],
    columns: Sequence[Column],
    base: str | Path | None,
    out: Path,
    *,
    dataset: str,
    say: Say,
    cache: Path | None = None,
) -> dict[str, HeadInfo]:
    """Learn a head for each column of ``tracks`` on the embedding of ``base``; write both to
    ``out``, and its waveform twin where one lies there.

    ``cache``: folder where what was heard is kept for the next time.

    What is said of each head is returned. ``out`` may be ``base``. All that was there before stays
    as it was, to the last bit. Raises ModelFileError, DataSetError and ProofError; then ``out`` is
    as it was.
    """
    model = load_model(base, device="cpu")
    known = {path for column in columns for path in column.values}
    wanted = [track for track in tracks if track.path in known]
    say(f"{len(wanted)} songs; hearing them with {model.info.name} {model.info.version}")
    heard = embed_songs(model, wanted, say, cache and EmbeddingCache(cache, find_model(base)))
    heads: dict[str, tuple[Head, HeadInfo]] = {}
    for column in columns:
        own = [t for t in wanted if t.path in heard and t.path in column.values]
        if not own:
            raise DataSetError(f"no song of column {column.name!r} could be heard")
        means = np.stack([heard[track.path].mean(axis=0, dtype=np.float64) for track in own])
        targets = np.stack([column.values[track.path] for track in own])
        groups = [track.group for track in own]
        found = fit_further_head(column, means.astype(np.float32), targets, groups, dataset=dataset)
        heads[column.name] = found.layer, found.about
    put_heads(heads, base, out, [t.path for t in wanted if t.path in heard][:_PROOF_SONGS], say)
    return {name: about for name, (_, about) in heads.items()}


def put_heads(
    heads: Mapping[str, tuple[Head, HeadInfo]],
    base: str | Path | None,
    out: Path,
    songs: Sequence[Path],
    say: Say,
) -> None:
    """Write ``base`` with these ``heads``, and its twin, as :func:`add_heads` does.

    On ``songs`` it is proved that they are the heads, and that all else is as it was. Raises
    ModelFileError and ProofError.
    """
    model = load_model(base, device="cpu")
    made, info = onnx.load(find_model(base)), model.info
    for name, (layer, about) in heads.items():
        made = attach_head(made, info, name, layer, about)
        info = replace(info, heads={**info.heads, name: about})
    check_form(made)
    data = seal(made)
    layers = {name: layer for name, (layer, _) in heads.items()}
    _prove(data, model, layers, np.concatenate([song_windows(model, path) for path in songs]))
    put_in_place(data, out, say, wave=twin_path(out).exists())


def _prove(data: bytes, model: Model, layers: dict[str, Head], windows: Patches) -> None:
    """Compare each new head with its weights, and all else with the base, on ``windows``."""
    old = model.run(windows)
    try:
        session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        given = session.run([*layers, *OUTPUTS], {INPUT: as_features(windows, model.info.mel_spec)})
    except Exception as error:
        raise ProofError(f"the model with its new heads does not run: {error}") from error
    outputs = [np.asarray(output) for output in given]
    for (name, (kernel, bias)), logits in zip(layers.items(), outputs, strict=False):
        expected = old.embedding.astype(np.float64) @ kernel + bias
        worst = float(np.abs(logits - expected).max() / max(1, np.abs(expected).max()))
        if not worst <= HEAD_TOLERANCE:
            raise ProofError(
                f"the head {name} differs from its weights by {worst:.1e}, allowed is "
                f"{HEAD_TOLERANCE}"
            )
    before = (old.probabilities, old.embedding, old.evidence)
    for name, was, now in zip(OUTPUTS, before, outputs[len(layers) :], strict=True):
        if was is None or not np.array_equal(was, now):
            raise ProofError(f"with its new heads the model gives other {name}")
