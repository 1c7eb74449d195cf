"""Makes a run: split, gather, fit, calibrate; once, or fold by fold."""

import platform
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from melonnx.infer.results.replace import writing
from melonnx.train.calibrate import DEFAULT_RATE, calibrate
from melonnx.train.data.folds import fold_parts
from melonnx.train.data.splits import Part, artists_in_several_parts, labels_off_the_official_split
from melonnx.train.data.subgenres import labels_and_parents, split_labels
from melonnx.train.data.targets import target_shares
from melonnx.train.data.tracks import DataSetError, Track
from melonnx.train.evaluate.fold_scores import print_folds, score_folds
from melonnx.train.fit.crops import Examples
from melonnx.train.fit.loop import by_track, fit_network
from melonnx.train.network.genre_tags import GENRE_TAGS, build_tag_network
from melonnx.train.network.head import Lessons, cross_fitted, fit_head, head_probabilities
from melonnx.train.network.not_music import Sounds, fit_music_head
from melonnx.train.network.transfer import build_transfer
from melonnx.train.progress import Say
from melonnx.train.run import Run, RunError, read_run
from melonnx.train.settings import Settings
from melonnx.train.training_data import Material, Sources, gather

__all__ = ["train"]

_Answers = tuple[NDArray[np.float64], list[Track]]
"""Uncalibrated probabilities [tracks, labels], and the tracks."""


def train(
    data: Path,
    tracks: list[Track],
    folder: Path,
    settings: Settings,
    cache: Path,
    say: Say,
    sources: Sources | None = None,
    *,
    mirrored: bool = False,
) -> Run:
    """Train on ``tracks`` and leave the run in ``folder``; an interrupted run goes on.

    ``say`` is told one line for each step and epoch. With one split, validation data chooses
    the epoch, the temperature and the thresholds, and test data is not looked at. With none, the
    network learns for all epochs and its probabilities are as they come. With folds,
    each fold's network learns for all epochs without validation and is tested on the fold; the
    run's own network learns from all tracks, and its temperature and thresholds are those of
    the folds' answers, each of which is about an artist that its network had not heard.

    Raises DataSetError, BackboneError, and RunError where ``folder`` holds a run with other
    settings or data.
    """
    keras.utils.set_random_seed(settings.seed)
    sources = sources or Sources()
    material = gather(tracks, settings, sources, cache, say)
    if settings.folds:
        return _train_folds(data, material, folder, settings, sources, say, mirrored)
    settled, parts = split_labels(material.tracks, settings.split, settings.seed, say)
    run = _open_run(_new_run(data, folder, settings, settled, parts, sources))
    if run.finished:
        say(f"{folder} holds this run, finished; nothing to do")
        return run
    say(
        f"{len(run.part('train'))} tracks to train on, {len(run.part('valid'))} to validate on, "
        f"{len(run.songs('test'))} kept for the test; split by {settings.split}"
    )
    shared = artists_in_several_parts(run.tracks, run.parts)
    if shared:
        whose = ", by the data set's own choice" if settings.split == "official" else ""
        say(f"{shared} artists are in several parts{whose}: the scores flatter")
    moved = labels_off_the_official_split(run.tracks, run.parts)
    if moved and settings.split == "artist":
        say(
            "the official split has too few groups to keep to, so songs without an artist change "
            f"sides: {', '.join(moved)}"
        )
    network, run = _fit(run, material, sources, say, mirrored)
    if settings.split == "none":
        run = replace(run, finished=True)
        run.write()
        return run
    validation = run.part("valid")
    run = _calibrated(run, *_answers(network, run, validation, material))
    bars = run.bars[DEFAULT_RATE].values()
    low, high = min(bars), max(bars)
    say(f"temperature {run.temperature:.2f}, unsure below {low:.2f} to {high:.2f}, by genre")
    run.write()
    return run


def _train_folds(
    data: Path,
    material: Material,
    folder: Path,
    settings: Settings,
    sources: Sources,
    say: Say,
    mirrored: bool,
) -> Run:
    tracks = list(material.tracks)
    everything = _new_run(data, folder, settings, tracks, ["train"] * len(tracks), sources)
    whole = _open_run(everything)
    if whole.finished:
        say(f"{folder} holds this run, finished; nothing to do")
        return whole
    folds: list[Run] = []
    answers: list[_Answers] = []
    of_pictures: list[_Answers] = []
    for number, parts in enumerate(
        fold_parts(tracks, settings.folds, settings.split, settings.seed)
    ):
        fold_folder = whole.fold_folders[number]
        fold = _open_run(_new_run(data, fold_folder, settings, tracks, parts, sources))
        say(f"fold {number + 1} of {settings.folds}: {len(fold.songs('test'))} songs kept out")
        network, fold = _fit(fold, material, sources, say, mirrored)
        folds.append(fold)
        songs = fold.songs("test")
        answers.append(_answers(network, fold, songs, material))
        pictures = [track for track in fold.part("test") if track not in songs]
        if pictures:
            of_pictures.append(_answers(network, fold, pictures, material))
    for number, fold in enumerate(folds):
        others = [own for at, own in enumerate(answers) if at != number]
        _calibrated(fold, *_joined(others)).write()
    scores = score_folds(answers, whole.labels)
    if of_pictures:
        more = score_folds(of_pictures, whole.labels)
        scores |= {f"{name}_of_pictures": values for name, values in more.items()}
    print_folds(scores, folder, say)
    say(f"now all {len(tracks)} tracks")
    _, whole = _fit(whole, material, sources, say, mirrored)
    whole = _calibrated(whole, *_joined(answers))
    whole.write()
    return whole


def _new_run(
    data: Path,
    folder: Path,
    settings: Settings,
    tracks: list[Track],
    parts: list[Part],
    sources: Sources,
) -> Run:
    labels, parents = _labels(tracks, settings)
    packages = ("melonnx", "tensorflow", "keras", "numpy", "scikit-learn", "soundfile", "soxr")
    run = Run(
        folder=folder,
        data=data,
        settings=settings,
        labels=labels,
        parents=parents,
        tracks=tuple(tracks),
        parts=tuple(parts),
        sources=sources.hashes(),
        versions={
            "python": platform.python_version(),
            **{name: version(name) for name in packages},
        },
    )
    return replace(run, data_hash=run.hash_data())


def _labels(tracks: list[Track], settings: Settings) -> tuple[tuple[str, ...], dict[str, str]]:
    if settings.network != "genre_tags":
        return labels_and_parents(tracks)
    strange = sorted({track.label for track in tracks} - GENRE_TAGS.keys())
    if strange:
        raise DataSetError(
            f"no tag tells {', '.join(strange)}; leave them out (--without {strange[0]} ...)"
        )
    return tuple(GENRE_TAGS), {}


def _open_run(run: Run) -> Run:
    if not (run.folder / "run.json").exists():
        run.write()
        return run
    before = read_run(run.folder)
    same = ("settings", "data_hash", "sources", "labels")
    if any(getattr(before, name) != getattr(run, name) for name in same):
        raise RunError(
            f"{run.folder}: holds a run with other settings or data; choose another folder, or "
            "remove that one"
        )
    return before


def _fit(
    run: Run, material: Material, sources: Sources, say: Say, mirrored: bool
) -> tuple[keras.Model, Run]:
    """The run's network, and the run with what else was learnt for it."""
    if run.settings.network == "transfer":
        return _fit_transfer(run, material)
    if run.settings.network == "genre_tags":
        assert material.backbone is not None
        return _kept(run, build_tag_network(material.backbone)), run
    examples = (
        _with_teacher(run, material, say)
        if material.embeddings
        else _examples(run, "train", material)
    )
    validation = _examples(run, "valid", material) if run.part("valid") else None
    network = fit_network(
        run.folder,
        run.settings,
        examples,
        validation,
        say,
        start=sources.start,
        mirrored=mirrored,
    )
    return network, run


def _fit_transfer(run: Run, material: Material) -> tuple[keras.Model, Run]:
    assert material.backbone is not None
    songs = run.songs("train")
    kernel, bias = fit_head(_lessons(run, songs, material))
    music = None
    if material.others is not None:
        heard = Sounds(
            [material.windows[song.path] for song in songs], [song.group for song in songs]
        )
        music = fit_music_head(heard, material.others)
        run = replace(run, music_bar=music.bar)
    return _kept(run, build_transfer(material.backbone, kernel, bias, music)), run


def _kept(run: Run, network: keras.Model) -> keras.Model:
    with writing(run.network_path) as part:
        network.save(part)
    return network


def _examples(run: Run, part: Part, material: Material) -> Examples:
    tracks = run.part(part)
    targets = target_shares(tracks, run.labels, run.settings.also_share)
    vectors = None
    if material.vectors and all(track.path in material.vectors for track in tracks):
        vectors = np.stack([material.vectors[track.path] for track in tracks])
    log_mels = [material.log_mels[track.path] for track in tracks]
    return Examples(log_mels, targets, _classes(run, tracks), vectors)


def _with_teacher(run: Run, material: Material, say: Say) -> Examples:
    """The training part, whose songs are answered in part by a head that has not seen them.

    Unlabelled music is answered by one that has seen all of the training part. Source of the
    idea: Hinton et al., Distilling the Knowledge in a Neural Network, 2015.
    """
    examples = _examples(run, "train", material)
    tracks, targets = run.part("train"), examples.targets
    rows = np.array([row for row, track in enumerate(tracks) if not track.is_picture])
    lessons = _lessons(run, [tracks[row] for row in rows], material)
    taught = cross_fitted(lessons, [tracks[row].group for row in rows])
    right = float((taught.argmax(axis=1) == examples.classes[rows]).mean())
    say(f"the teacher is right on {right:.1%} of the training songs, none of which it has seen")
    share = run.settings.taught
    targets[rows] = (1 - share) * targets[rows] + share * taught
    if not material.pieces:
        return examples
    head = fit_head(lessons)
    guessed = head_probabilities(np.stack([one.embedding for one in material.pieces]), head)
    return Examples(
        [*examples.log_mels, *((piece.log_mel,) for piece in material.pieces)],
        np.concatenate([targets, guessed]),
        np.concatenate([examples.classes, np.full(len(guessed), -1)]),
    )


def _lessons(run: Run, songs: list[Track], material: Material) -> Lessons:
    return Lessons(
        np.stack([material.embeddings[song.path] for song in songs]),
        target_shares(songs, run.labels, run.settings.also_share),
        np.array([song.weight for song in songs]),
        run.settings.balance,
    )


def _classes(run: Run, tracks: list[Track]) -> NDArray[np.int64]:
    return np.array([run.labels.index(track.label) for track in tracks])


def _answers(network: keras.Model, run: Run, tracks: list[Track], material: Material) -> _Answers:
    log_mels = [material.log_mels[track.path][0] for track in tracks]
    return by_track(network, log_mels, run.settings, len(run.labels)), tracks


def _joined(answers: list[_Answers]) -> _Answers:
    probabilities, tracks = zip(*answers, strict=True)
    return np.concatenate(probabilities), [track for own in tracks for track in own]


def _calibrated(run: Run, probabilities: NDArray[np.float64], tracks: list[Track]) -> Run:
    found = calibrate(probabilities, tracks, run.labels, run.parents)
    return replace(
        run,
        temperature=found.temperature,
        accepts=found.accepts,
        bars=found.bars,
        finished=True,
    )
