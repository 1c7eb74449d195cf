"""Makes a run: gather training data, split, fit, calibrate; once, or fold by fold."""

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
from melonnx.train.data.teacher_table import TeacherTable, read_teacher_table
from melonnx.train.data.tracks import DataSetError, Track
from melonnx.train.evaluate.fold_scores import print_folds, score_folds
from melonnx.train.fine_tune import make_fine_tuned, say_gain
from melonnx.train.fit.crops import Examples
from melonnx.train.fit.loop import by_track, fit_network
from melonnx.train.network.genre_tags import GENRE_TAGS, build_tag_network
from melonnx.train.network.head import HeadExamples, cross_fitted, fit_head, head_probabilities
from melonnx.train.network.not_music import Sounds, fit_music_head
from melonnx.train.network.transfer import build_transfer
from melonnx.train.progress import Say
from melonnx.train.run import Run, RunError, differences, has_learnt, read_run
from melonnx.train.settings import Settings
from melonnx.train.student import make_student
from melonnx.train.training_data import Sources, TrainingData, gather_training_data

__all__ = ["train"]

_Predictions = tuple[NDArray[np.float64], list[Track]]
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

    Raises DataSetError, BackboneError, TeacherTableError, and RunError where ``folder`` holds a
    run with other settings or data.
    """
    keras.utils.set_random_seed(settings.seed)
    sources = sources or Sources()
    if sources.teacher is not None:  # what is wrong with it is said before hours are spent
        _read_teacher(tracks, sources.teacher, data)
    training_data = gather_training_data(tracks, settings, sources, cache, say)
    if settings.folds:
        return _train_folds(data, training_data, folder, settings, sources, say, mirrored)
    settled, parts = split_labels(
        training_data.tracks, settings.split, settings.seed, say, settings.test_share
    )
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
    network, run = _fit(run, training_data, sources, say, mirrored)
    if settings.split == "none":
        run = replace(run, finished=True)
        run.write()
        return run
    validation = run.part("valid")
    run = _calibrated(run, *_predict(network, run, validation, training_data))
    bars = run.bars[DEFAULT_RATE].values()
    low, high = min(bars), max(bars)
    say(f"temperature {run.temperature:.2f}, unsure below {low:.2f} to {high:.2f}, by genre")
    run.write()
    return run


def _train_folds(
    data: Path,
    training_data: TrainingData,
    folder: Path,
    settings: Settings,
    sources: Sources,
    say: Say,
    mirrored: bool,
) -> Run:
    tracks = list(training_data.tracks)
    everything = _new_run(data, folder, settings, tracks, ["train"] * len(tracks), sources)
    whole = _open_run(everything)
    if whole.finished:
        say(f"{folder} holds this run, finished; nothing to do")
        return whole
    folds: list[Run] = []
    predictions: list[_Predictions] = []
    of_pictures: list[_Predictions] = []
    for number, parts in enumerate(
        fold_parts(tracks, settings.folds, settings.split, settings.seed)
    ):
        fold_folder = whole.fold_folders[number]
        fold = _open_run(_new_run(data, fold_folder, settings, tracks, parts, sources))
        say(f"fold {number + 1} of {settings.folds}: {len(fold.songs('test'))} songs kept out")
        network, fold = _fit(fold, training_data, sources, say, mirrored)
        folds.append(fold)
        songs = fold.songs("test")
        predictions.append(_predict(network, fold, songs, training_data))
        pictures = [track for track in fold.part("test") if track not in songs]
        if pictures:
            of_pictures.append(_predict(network, fold, pictures, training_data))
    for number, fold in enumerate(folds):
        others = [own for at, own in enumerate(predictions) if at != number]
        _calibrated(fold, *_joined(others)).write()
    scores = score_folds(predictions, whole.labels)
    if of_pictures:
        more = score_folds(of_pictures, whole.labels)
        scores |= {f"{name}_of_pictures": values for name, values in more.items()}
    print_folds(scores, folder, say)
    say_gain(whole, say)
    say(f"now all {len(tracks)} tracks")
    _, whole = _fit(whole, training_data, sources, say, mirrored)
    whole = _calibrated(whole, *_joined(predictions))
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
    """The run that is gone on with; ``run`` itself where nothing has been learnt there yet."""
    if not (run.folder / "run.json").exists() or not has_learnt(run.folder):
        run.write()
        return run
    before = read_run(run.folder)
    changed = differences(before, run)
    if changed:
        raise RunError(
            f"{run.folder}: holds a run with other settings or data ({'; '.join(changed)}); choose "
            "another folder, or remove that one"
        )
    return before


def _fit(
    run: Run, training_data: TrainingData, sources: Sources, say: Say, mirrored: bool
) -> tuple[keras.Model, Run]:
    """The run's network, and the run with what else was learnt for it."""
    if run.settings.network == "transfer":
        return _fit_transfer(run, training_data)
    if run.settings.network in ("student", "heavy_student"):
        return _fit_student(run, training_data, sources, say)
    if training_data.read is not None:
        assert training_data.fronts is not None
        return make_fine_tuned(run, training_data.read, training_data.fronts.songs, say), run
    if run.settings.network == "genre_tags":
        assert training_data.backbone is not None
        return _kept(run, build_tag_network(training_data.backbone)), run
    examples = (
        _with_teacher(run, training_data, say)
        if training_data.embeddings
        else _examples(run, "train", training_data)
    )
    validation = _examples(run, "valid", training_data) if run.part("valid") else None
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


def _fit_transfer(run: Run, training_data: TrainingData) -> tuple[keras.Model, Run]:
    assert training_data.backbone is not None
    songs = run.songs("train")
    kernel, bias = fit_head(_head_examples(run, songs, training_data))
    music = None
    if training_data.others is not None:
        music_sounds = Sounds(
            [training_data.windows[song.path] for song in songs], [song.group for song in songs]
        )
        music = fit_music_head(music_sounds, training_data.others)
        run = replace(run, music_bar=music.bar)
    return _kept(run, build_transfer(training_data.backbone, kernel, bias, music)), run


def _fit_student(
    run: Run, training_data: TrainingData, sources: Sources, say: Say
) -> tuple[keras.Model, Run]:
    assert training_data.backbone is not None
    assert training_data.fronts is not None
    assert sources.teacher is not None
    teacher = _read_teacher(list(training_data.tracks), sources.teacher, run.data)
    return make_student(
        run, training_data.backbone, training_data.embeddings, teacher, training_data.fronts, say
    )


def _read_teacher(tracks: list[Track], table: Path, data: Path) -> TeacherTable:
    songs = [track.path for track in tracks if not track.is_picture]
    return read_teacher_table(table, songs, data, labels_and_parents(tracks)[0])


def _kept(run: Run, network: keras.Model) -> keras.Model:
    with writing(run.network_path) as part:
        network.save(part)
    return network


def _examples(run: Run, part: Part, training_data: TrainingData) -> Examples:
    tracks = run.part(part)
    targets = target_shares(tracks, run.labels, run.settings.also_share)
    vectors = None
    if training_data.vectors and all(track.path in training_data.vectors for track in tracks):
        vectors = np.stack([training_data.vectors[track.path] for track in tracks])
    log_mels = [training_data.log_mels[track.path] for track in tracks]
    return Examples(log_mels, targets, _classes(run, tracks), vectors)


def _with_teacher(run: Run, training_data: TrainingData, say: Say) -> Examples:
    """The training part, whose songs are answered in part by a head that has not seen them.

    Unlabelled music is answered by one that has seen all of the training part. Source of the
    idea: Hinton et al., Distilling the Knowledge in a Neural Network, 2015.
    """
    examples = _examples(run, "train", training_data)
    tracks, targets = run.part("train"), examples.targets
    rows = np.array([row for row, track in enumerate(tracks) if not track.is_picture])
    head_examples = _head_examples(run, [tracks[row] for row in rows], training_data)
    taught = cross_fitted(head_examples, [tracks[row].group for row in rows])
    right = float((taught.argmax(axis=1) == examples.classes[rows]).mean())
    say(f"the teacher is right on {right:.1%} of the training songs, none of which it has seen")
    share = run.settings.taught
    targets[rows] = (1 - share) * targets[rows] + share * taught
    if not training_data.pieces:
        return examples
    head = fit_head(head_examples)
    guessed = head_probabilities(np.stack([one.embedding for one in training_data.pieces]), head)
    return Examples(
        [*examples.log_mels, *((piece.log_mel,) for piece in training_data.pieces)],
        np.concatenate([targets, guessed]),
        np.concatenate([examples.classes, np.full(len(guessed), -1)]),
    )


def _head_examples(run: Run, songs: list[Track], training_data: TrainingData) -> HeadExamples:
    return HeadExamples(
        np.stack([training_data.embeddings[song.path] for song in songs]),
        target_shares(songs, run.labels, run.settings.also_share),
        np.array([song.weight for song in songs]),
        run.settings.balance,
    )


def _classes(run: Run, tracks: list[Track]) -> NDArray[np.int64]:
    return np.array([run.labels.index(track.label) for track in tracks])


def _predict(
    network: keras.Model, run: Run, tracks: list[Track], training_data: TrainingData
) -> _Predictions:
    log_mels = [training_data.log_mels[track.path][0] for track in tracks]
    return by_track(network, log_mels, run.settings, len(run.labels)), tracks


def _joined(predictions: list[_Predictions]) -> _Predictions:
    probabilities, tracks = zip(*predictions, strict=True)
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
