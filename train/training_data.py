"""Gathers the training data of a run: log-mels, their degraded copies, embeddings, pictures."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from melonnx.infer.frontend.mel import MelSpec
from melonnx.infer.frontend.mel import log_mel as compute_log_mel
from melonnx.infer.library.find import find_music
from melonnx.train.data.cache import CachedLogMel, build_cache
from melonnx.train.data.noises import make_noises
from melonnx.train.data.readers.log_mel_pictures import read_pictures
from melonnx.train.data.tracks import DataSetError, Track
from melonnx.train.fine_tune import say_read_back
from melonnx.train.network.backbone import load_backbone
from melonnx.train.network.dead_filters import drop_dead_filters
from melonnx.train.network.embeddings import WindowEmbeddings
from melonnx.train.network.not_music import Sounds
from melonnx.train.network.read_back import ReadBack, read_back
from melonnx.train.network.transfer import BACKBONE_MEL, embed
from melonnx.train.progress import Say
from melonnx.train.settings import Settings
from melonnx.train.student import Fronts, gather_fronts

__all__ = ["Piece", "Sources", "TrainingData", "gather_training_data"]

_PIECE_S = 30
_NOISES_OF_A_KIND = 40


@dataclass(frozen=True)
class Sources:
    """Files and folders to learn from besides the labelled tracks; None for none."""

    pictures: Path | None = None
    """A file of log-mels (``melonnx.train.data.readers.log_mel_pictures``)."""
    pictures_fmax: float | None = None
    """Hz that the pictures' bands reach to, where it is not the front end's."""
    start: Path | None = None
    """A trained network to begin with."""
    backbone: Path | None = None
    """The file that ``melonnx.train.network.backbone`` reads."""
    unlabelled: Path | None = None
    """A folder of music that the backbone's head labels."""
    not_music: Path | None = None
    """A folder of sounds that are no music; those of one folder in it belong together."""
    teacher: Path | None = None
    """A table of what other networks say of the tracks (``melonnx.train.data.teacher_table``)."""
    fine_tune: Path | None = None
    """A model file whose network learns on."""

    def hashes(self) -> dict[str, str]:
        """sha256 of each file, and of a folder's names and sizes; by field."""
        paths = {
            "pictures": self.pictures, "backbone": self.backbone, "start": self.start,
            "teacher": self.teacher, "fine_tune": self.fine_tune,
        }  # fmt: skip
        hashes = {
            name: _hash_files(path, sorted(path.rglob("*")))
            if path.is_dir()
            else hashlib.sha256(path.read_bytes()).hexdigest()
            for name, path in paths.items()
            if path is not None
        }
        for name, folder in (("unlabelled", self.unlabelled), ("not_music", self.not_music)):
            if folder is not None:
                hashes[name] = _hash_files(folder, _music_in(folder))
        return hashes


def _hash_files(folder: Path, paths: Sequence[Path]) -> str:
    rows = [(path.relative_to(folder).as_posix(), path.stat().st_size) for path in paths]
    return hashlib.sha256(repr(rows).encode(errors="surrogateescape")).hexdigest()


@dataclass(frozen=True)
class Piece:
    """Half a minute of music of no known genre."""

    log_mel: CachedLogMel
    embedding: NDArray[np.float32]
    """(d,)."""


@dataclass(frozen=True)
class TrainingData:
    """Everything, in memory or memory-mapped, that networks are fitted to."""

    tracks: tuple[Track, ...]
    """Those that can be read; pictures come last."""
    log_mels: dict[Path, tuple[CachedLogMel, ...]]
    """By track: as it is, then its distorted copies; a picture has none of these."""
    embeddings: dict[Path, NDArray[np.float32]]
    """float32 [copies + 1, d] by track with audio: means over windows; empty without a
    backbone."""
    windows: dict[Path, WindowEmbeddings]
    """Of the same tracks as they are."""
    others: Sounds | None
    """Sounds that are no music."""
    pieces: tuple[Piece, ...]
    vectors: dict[Path, NDArray[np.float32]]
    """(d,) by picture: features to imitate."""
    backbone: keras.Model | None
    fronts: Fronts | None = None
    """For a student, or a network that is fine-tuned."""
    read: ReadBack | None = None
    """What is fine-tuned."""


def gather_training_data(
    tracks: Sequence[Track], settings: Settings, sources: Sources, cache: Path, say: Say
) -> TrainingData:
    """Make or look up all log-mels and embeddings; what cannot be read is said and left out.

    Raises DataSetError where nothing can be read, BackboneError and ReadBackError.
    """
    read = None if sources.fine_tune is None else read_back(sources.fine_tune)
    log_mels = _with_copies([t.path for t in tracks], settings.mel_spec, settings, cache, say)
    readable = [track for track in tracks if track.path in log_mels]
    backbone, embeddings, windows, others, pieces, vectors = None, {}, {}, None, (), {}
    fronts = None
    if sources.backbone is not None:
        backbone = drop_dead_filters(load_backbone(sources.backbone))
        paths = [track.path for track in readable]
        backbone_log_mels = _with_copies(paths, BACKBONE_MEL, settings, cache, say)
        is_student = settings.network in ("student", "heavy_student")
        known = (
            {path: own[:1] for path, own in backbone_log_mels.items()}
            if is_student
            else backbone_log_mels
        )
        embeddings, windows = _embed(backbone, known, say)
        sounds, groups = _others(sources.not_music, cache, say)
        if is_student:
            fronts = gather_fronts(backbone, backbone_log_mels, sounds, groups, settings, say)
        elif sounds:
            others = Sounds([embed(backbone, log_mel) for log_mel in sounds], groups)
        if sources.unlabelled is not None:
            pieces = _pieces(sources.unlabelled, backbone, settings, cache, say)
    if read is not None and log_mels:
        say_read_back(read, [versions[0] for versions in log_mels.values()], say)
        fronts = gather_fronts(read.backbone, log_mels, [], [], settings, say)
    if sources.pictures is not None:
        pictures = read_pictures(sources.pictures, settings.mel_spec, sources.pictures_fmax)
        readable += _beside_their_audio(pictures.tracks, readable)
        log_mels |= {path: (picture,) for path, picture in pictures.log_mels.items()}
        vectors = pictures.vectors
        say(f"pictures: {len(pictures.tracks)}")
    if not readable:
        raise DataSetError("none of the tracks could be read")
    return TrainingData(
        tuple(readable), log_mels, embeddings, windows, others, tuple(pieces), vectors, backbone,
        fronts, read,
    )  # fmt: skip


def _with_copies(
    paths: list[Path], spec: MelSpec, settings: Settings, cache: Path, say: Say
) -> dict[Path, tuple[CachedLogMel, ...]]:
    if not paths:
        return {}
    versions = [_log_mels(paths, spec, cache, say)]
    paths = [path for path in paths if path in versions[0]]
    versions += [_log_mels(paths, spec, cache, say, copy) for copy in range(1, settings.copies + 1)]
    return {path: tuple(one[path] for one in versions if path in one) for path in paths}


def _log_mels(
    paths: list[Path], spec: MelSpec, cache: Path, say: Say, copy: int = 0
) -> dict[Path, CachedLogMel]:
    log_mels: dict[Path, CachedLogMel] = {}
    done = 0
    what = f"log-mels at {spec.sample_rate} Hz" + (f", distorted copy {copy}" if copy else "")
    for done_now, made, refused in build_cache(paths, spec, cache, copy=copy):
        log_mels |= made
        done += len(done_now)
        if done_now:
            say(f"{what}: {done} of {len(paths)}")
        for error in refused.values():
            say(f"left out: {error}")
    return log_mels


def _embed(
    backbone: keras.Model, log_mels: dict[Path, tuple[CachedLogMel, ...]], say: Say
) -> tuple[dict[Path, NDArray[np.float32]], dict[Path, WindowEmbeddings]]:
    embeddings: dict[Path, NDArray[np.float32]] = {}
    windows: dict[Path, WindowEmbeddings] = {}
    for number, (path, versions) in enumerate(log_mels.items(), 1):
        # A copy that could not be made counts as the track itself.
        n_missing = max(map(len, log_mels.values())) - len(versions)
        by_version = [embed(backbone, version) for version in versions]
        windows[path] = by_version[0]
        means = [own.mean(axis=0) for own in by_version]
        embeddings[path] = np.stack([*means, *means[:1] * n_missing])
        if number % 100 == 0 or number == len(log_mels):
            say(f"embeddings: {number} of {len(log_mels)}")
    return embeddings, windows


def _others(folder: Path | None, cache: Path, say: Say) -> tuple[list[CachedLogMel], list[str]]:
    """Those of ``folder``, and as many kinds of noise as there are, with their groups."""
    if folder is None:
        return [], []
    log_mels = _log_mels(_music_in(folder), BACKBONE_MEL, cache, say)
    sounds = list(log_mels.values())
    groups = [path.parent.name for path in log_mels]
    for noise in make_noises(BACKBONE_MEL.sample_rate, _NOISES_OF_A_KIND):
        sounds.append(compute_log_mel(noise.samples, BACKBONE_MEL).astype(np.float16))
        groups.append(noise.kind)
    say(f"no music: {len(log_mels)} files of {folder}, {len(sounds) - len(log_mels)} made noises")
    return sounds, groups


def _pieces(
    folder: Path, backbone: keras.Model, settings: Settings, cache: Path, say: Say
) -> list[Piece]:
    paths = _music_in(folder)
    log_mels = _log_mels(paths, settings.mel_spec, cache, say)
    for_backbone = _log_mels([path for path in paths if path in log_mels], BACKBONE_MEL, cache, say)
    pieces: list[Piece] = []
    for path in for_backbone:
        for second in range(0, _seconds(for_backbone[path], BACKBONE_MEL) - _PIECE_S + 1, _PIECE_S):
            log_mel = _cut(log_mels[path], settings.mel_spec, second)
            embedding = embed(backbone, _cut(for_backbone[path], BACKBONE_MEL, second)).mean(axis=0)
            pieces.append(Piece(log_mel, embedding))
    say(f"unlabelled: {len(pieces)} pieces of {_PIECE_S} s from {len(for_backbone)} files")
    return pieces


def _seconds(log_mel: CachedLogMel, spec: MelSpec) -> int:
    return int(len(log_mel) * spec.frame_seconds)


def _cut(log_mel: CachedLogMel, spec: MelSpec, second: int) -> CachedLogMel:
    first, last = (round(at / spec.frame_seconds) for at in (second, second + _PIECE_S))
    return log_mel[first:last]


def _music_in(folder: Path) -> list[Path]:
    return sorted(find_music(folder, recursive=True))


def _beside_their_audio(pictures: Sequence[Track], songs: list[Track]) -> list[Track]:
    """So that nothing parts them: a picture has the artist and the split of the song of its name.

    Where none has its name, it is of the song without an artist of its number.
    """
    song_of = {(song.genre, _name(song)): song for song in songs}
    split_of = {(song.genre, song.number): song.split for song in songs if not song.artist}
    beside: list[Track] = []
    for picture in pictures:
        song = song_of.get((picture.genre, _name(picture)))
        if song is None:
            split = split_of.get((picture.genre, picture.number), picture.split)
            beside.append(replace(picture, split=split))
        else:
            beside.append(replace(picture, artist=song.artist, split=song.split))
    return beside


def _name(track: Track) -> str:
    """The name of the file or the picture; ids are written with zeros before them, or without."""
    name = track.path.name if track.is_picture else track.path.stem
    return name.lstrip("0") if name.isdecimal() else name
