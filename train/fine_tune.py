"""Makes a run's fine-tuned network: a file's, read back, its head fitted, its upper part taught."""

import json
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from melonnx.infer.frontend.windows import patch_batches, window_starts
from melonnx.infer.results.replace import write_text, writing
from melonnx.train.data.cache import CachedLogMel
from melonnx.train.data.targets import accepted_genres, label_weights, target_shares
from melonnx.train.data.tracks import Track
from melonnx.train.fit.fine_tune import Songs, song_logits, tune
from melonnx.train.fit.first_head import first_head
from melonnx.train.network.backbone import N_FRAMES
from melonnx.train.network.head import Head, HeadExamples
from melonnx.train.network.read_back import ReadBack, difference_to_file
from melonnx.train.network.student import FrontWindows, begin_student, embed_fronts, upper_of
from melonnx.train.network.transfer import build_transfer
from melonnx.train.progress import Say
from melonnx.train.run import Run

__all__ = ["make_fine_tuned", "say_gain", "say_read_back"]

Fronts = dict[Path, tuple[FrontWindows, ...]]
"""By song: as it is, then its distorted copies."""

_COMPARED_SONGS = 2
_GAIN = "fine_tune.json"
"""In the folder of a fold: how many of its songs are told right before and after."""


def say_read_back(read: ReadBack, log_mels: Sequence[CachedLogMel], say: Say) -> None:
    """Compare Keras with the file on windows of ``log_mels`` [frames, 96], and say how far it is.

    Raises ReadBackError where they differ.
    """
    patches: list[NDArray[np.float32]] = []
    for own in log_mels[:_COMPARED_SONGS]:
        starts = window_starts(len(own), N_FRAMES, N_FRAMES)
        patches += patch_batches(own.astype(np.float32), N_FRAMES, starts, len(starts))
    compared, worst = difference_to_file(read, np.concatenate(patches))
    info = read.model.info
    say(
        f"read back from {info.name} {info.version}: equal to the file on {compared} patches "
        f"before anything is learnt; worst difference {worst:.1e}"
    )


def make_fine_tuned(run: Run, read: ReadBack, fronts: Fronts, say: Say) -> keras.Model:
    """The network of ``run``, kept in its folder; one that is there already is taken as it is.

    Of a fold it is said how many of its songs the head alone tells right, and the whole.
    """
    if run.network_path.exists():
        network: keras.Model = keras.models.load_model(run.network_path, compile=False)
        return network
    student = begin_student(read.backbone, run.settings)
    upper = upper_of(student, run.settings)
    tracks = run.songs("train")
    songs = _songs(run, tracks, fronts)
    head = _first_head(run, tracks, songs, read, upper)
    others = run.songs("test") if run.settings.folds else run.songs("valid")
    before = song_logits(upper, head, [fronts[one.path] for one in others]) if others else None
    valid = run.songs("valid")
    kept_out = _songs(run, valid, fronts) if valid else None
    tuned, epoch = tune(student, head, songs, kept_out, run.settings, say)
    if before is not None:
        after = song_logits(upper, tuned, [fronts[one.path] for one in others])
        _keep_gain(run, others, before, after, say)
    if not epoch:
        say("no epoch lost less on the validation songs: what is kept is the head alone")
    network = build_transfer(student, *tuned)
    with writing(run.network_path) as part:
        network.save(part)
    return network


def say_gain(run: Run, say: Say) -> None:
    """Say of all folds together what fine-tuning brought over the head alone."""
    told = [json.loads((folder / _GAIN).read_text("utf-8")) for folder in run.fold_folders
            if (folder / _GAIN).exists()]  # fmt: skip
    if told:
        songs, head, whole = (sum(one[k] for one in told) for k in ("songs", "head", "fine_tuned"))
        say(
            f"of {songs} songs kept out, the head alone tells {head / songs:.1%} right, fine-tuned "
            f"{whole / songs:.1%}"
            + ("" if whole > head else ": it did not pay; melonnx train --head is as good")
        )


def _songs(run: Run, tracks: Sequence[Track], fronts: Fronts) -> Songs:
    targets = target_shares(tracks, run.labels, run.settings.also_share)
    weights = np.array([track.weight for track in tracks])
    counted = weights * label_weights(targets, run.settings.balance)
    return Songs([fronts[track.path] for track in tracks], targets, counted.astype(np.float32))


def _first_head(
    run: Run, tracks: Sequence[Track], songs: Songs, read: ReadBack, upper: keras.Model
) -> Head:
    versions = min(map(len, songs.fronts))  # a copy that could not be made is missed in all
    heard = [own[version] for own in songs.fronts for version in range(versions)]
    means = np.stack([windows.mean(axis=0) for windows in embed_fronts(upper, heard)])
    weights = np.array([track.weight for track in tracks])
    examples = HeadExamples(
        means.reshape(len(tracks), versions, -1), songs.targets, weights, run.settings.balance
    )
    return first_head(examples, run.labels, read.head, read.model.info.labels)


def _keep_gain(
    run: Run,
    others: Sequence[Track],
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    say: Say,
) -> None:
    accepted, rows = accepted_genres(others, run.labels), np.arange(len(others))
    right = [int(accepted[rows, logits.argmax(axis=1)].sum()) for logits in (before, after)]
    told = {"songs": len(others), "head": right[0], "fine_tuned": right[1]}
    what = "kept out" if run.settings.folds else "for validation"
    say(
        f"of {len(others)} songs {what}, the head alone tells {right[0]} right, "
        f"fine-tuned {right[1]}"
    )
    write_text(run.folder / _GAIN, json.dumps(told))
