"""Makes a run's student: gathers what its teachers say of its songs, teaches it, adds the heads."""

from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from melonnx.infer.results.replace import writing
from melonnx.train.data.cache import CachedLogMel
from melonnx.train.data.targets import label_weights, target_shares
from melonnx.train.data.teacher_table import TeacherTable
from melonnx.train.data.tracks import Track
from melonnx.train.fit.student import StudentExamples, standardised, teach
from melonnx.train.network.backbone import N_FRAMES
from melonnx.train.network.head import HeadExamples, cross_fitted
from melonnx.train.network.not_music import MusicHead, Sounds, fit_music_head
from melonnx.train.network.student import (
    FrontWindows,
    begin_student,
    embed_fronts,
    front_of,
    hear,
    upper_of,
)
from melonnx.train.network.transfer import build_transfer
from melonnx.train.progress import Say
from melonnx.train.run import Run
from melonnx.train.settings import Settings

__all__ = ["Fronts", "gather_fronts", "make_student"]


@dataclass(frozen=True)
class Fronts:
    """What that part of a student which does not learn says of all there is to hear."""

    songs: dict[Path, tuple[FrontWindows, ...]]
    """By song: as it is, then its distorted copies, from another frame on each."""
    others: tuple[FrontWindows, ...]
    """Of sounds that are no music."""
    groups: tuple[str, ...]
    """Of each of those (:class:`melonnx.train.network.not_music.Sounds`)."""


def gather_fronts(
    backbone: keras.Model,
    log_mels: dict[Path, tuple[CachedLogMel, ...]],
    others: list[CachedLogMel],
    groups: list[str],
    settings: Settings,
    say: Say,
) -> Fronts:
    """Ask the part that does not learn.

    Of ``log_mels``, by song its versions, and of ``others``, each [frames, 96].
    """
    front = front_of(begin_student(backbone, settings), settings)
    songs: dict[Path, tuple[FrontWindows, ...]] = {}
    for number, (path, versions) in enumerate(log_mels.items(), 1):
        songs[path] = tuple(
            hear(front, own, version * N_FRAMES // len(versions))
            for version, own in enumerate(versions)
        )
        if number % 100 == 0 or number == len(log_mels):
            say(f"front: {number} of {len(log_mels)}")
    return Fronts(songs, tuple(hear(front, own) for own in others), tuple(groups))


def make_student(
    run: Run,
    backbone: keras.Model,
    embeddings: dict[Path, NDArray[np.float32]],
    teacher: TeacherTable,
    fronts: Fronts,
    say: Say,
) -> tuple[keras.Model, Run]:
    """The network of ``run``, kept in its folder, and the run with its bar for music.

    ``embeddings`` [1, 200] by song are the backbone's own. A network that is there
    already is taken as it is.
    """
    if run.network_path.exists():
        network = keras.models.load_model(run.network_path, compile=False)
        return network, run
    songs = run.songs("train")
    student = begin_student(backbone, run.settings)
    lessons = _lessons(run, songs, embeddings, teacher, fronts, say)
    kernel, bias = teach(student, lessons, run.folder, run.settings, say)
    music = _music_head(upper_of(student, run.settings), songs, fronts) if fronts.others else None
    if music is not None:
        run = replace(run, music_bar=music.bar)
        run.write()
    network = build_transfer(student, kernel, bias, music)
    with writing(run.network_path) as part:
        network.save(part)
    return network, run


def _lessons(
    run: Run,
    songs: list[Track],
    embeddings: dict[Path, NDArray[np.float32]],
    teacher: TeacherTable,
    fronts: Fronts,
    say: Say,
) -> StudentExamples:
    """Targets are blended with what is said of each song by a head that has not heard its artist.

    Such a head stands on the backbone's and the teacher's embeddings side by side; where the table
    has probabilities, they are taken instead.
    """
    settings = run.settings
    targets = target_shares(songs, run.labels, settings.also_share)
    own = np.stack([embeddings[song.path] for song in songs])
    known = own[:, :1]
    if teacher.embeddings:
        told = np.stack([teacher.embeddings[song.path] for song in songs])
        known = np.concatenate([known, told[:, None]], axis=2)
    weights = np.array([song.weight for song in songs])
    if teacher.probabilities:
        answers = np.stack([teacher.probabilities[song.path] for song in songs])
    else:
        lessons = HeadExamples(known, targets, weights, settings.balance)
        answers = cross_fitted(lessons, [song.group for song in songs])
    accepted = targets[np.arange(len(songs)), answers.argmax(axis=1)] > 0
    say(f"the teacher is right on {accepted[weights >= 1].mean():.1%} of the songs to learn from")
    return StudentExamples(
        [fronts.songs[song.path] for song in songs],
        ((1 - settings.taught) * targets + settings.taught * answers).astype(np.float32),
        standardised(known[:, 0]),
        (weights * label_weights(targets, settings.balance)).astype(np.float32),
    )


def _music_head(upper: keras.Model, songs: list[Track], fronts: Fronts) -> MusicHead:
    heard = [fronts.songs[song.path][0] for song in songs]
    told = Sounds(embed_fronts(upper, heard), [song.group for song in songs])
    return fit_music_head(told, Sounds(embed_fronts(upper, fronts.others), fronts.groups))
