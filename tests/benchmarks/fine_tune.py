"""Prints when fine-tuning pays: by songs a label, beside a head alone and a network from nothing.

    python -m tests.benchmarks.fine_tune PREVIEWS SONGS [--nothing] [--only KIND] [--shallow]

The labels are none that the released models have learnt: styles that have 24 songs or more, and the
quadrants of mood of PREVIEWS. Of the artists, dealt by lot, six of ten are learnt from and the
others asked, the same for each number of songs; three times, with other lots. Right answers in the
mean, with the lowest and the highest of the three. What each way learns from is the same songs, all
of them, for as many epochs as ``melonnx train --fine-tune`` has. ``--nothing``: also our own
network, ten epochs of forty batches, on the first lot only.
"""

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np

from melonnx.train.data.cache import CachedLogMel, build_cache, default_cache_folder
from melonnx.train.fit.crops import Examples
from melonnx.train.fit.fine_tune import Songs, song_logits, tune
from melonnx.train.fit.loop import by_track, fit_network
from melonnx.train.network.head import HeadExamples, fit_head
from melonnx.train.network.read_back import ReadBack, read_back
from melonnx.train.network.student import begin_student, embed_fronts, fine_tuned, upper_of
from melonnx.train.settings import Settings
from melonnx.train.student import gather_fronts

_STYLE_SONGS = 24
_SIZES = {"styles": (5, 10, 20), "moods": (10, 50)}
_SEEDS = 3
_LEARNT = 0.6
_NOTHING = Settings(copies=0, epochs=10, batches_per_epoch=40)


@dataclass(frozen=True)
class Song:
    """One row of a table."""

    path: Path
    artist: str
    label: str


@dataclass(frozen=True)
class Lot:
    """Songs to learn from and to be asked of."""

    train: Sequence[Song]
    test: Sequence[Song]
    labels: tuple[str, ...]

    def classes(self, songs: Sequence[Song]) -> np.ndarray:
        """[songs]: index of each label."""
        return np.array([self.labels.index(song.label) for song in songs])


def quiet(line: str) -> None:
    """Say nothing."""
    del line


def progress(line: str) -> None:
    """Say a line, to stderr."""
    print(line, file=sys.stderr, flush=True)


def read(folder: Path, column: str) -> Iterator[Song]:
    """The songs of a folder's table that have ``column``."""
    with (folder / "tracks.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row.get(column):
                yield Song(folder / row["path"], row["artist"], row[column])


def deal(songs: Sequence[Song], n: int, seed: int) -> Lot:
    """``n`` songs of each label, or as many as the artists that are learnt from have."""
    rng = np.random.default_rng(seed)
    artists = sorted({song.artist for song in songs})
    learnt = set(rng.permutation(artists)[: round(_LEARNT * len(artists))].tolist())
    order = [songs[at] for at in rng.permutation(len(songs))]
    train: list[Song] = []
    count: Counter[str] = Counter()
    for song in order:
        if song.artist in learnt and count[song.label] < n:
            train.append(song)
            count[song.label] += 1
    test = [song for song in order if song.artist not in learnt]
    return Lot(train, test, tuple(sorted({song.label for song in songs})))


def log_mels_of(songs: Sequence[Song], settings: Settings) -> dict[Path, tuple[CachedLogMel, ...]]:
    """The log-mels of all songs, kept in the user's cache."""
    found: dict[Path, tuple[CachedLogMel, ...]] = {}
    paths = list(dict.fromkeys(song.path for song in songs))
    for _, made, _ in build_cache(paths, settings.mel_spec, default_cache_folder()):
        found |= {path: (one,) for path, one in made.items()}
    return found


def ask_tuned(read: ReadBack, fronts: dict, lot: Lot, settings: Settings) -> tuple[float, float]:
    """Shares of right answers: of the head alone, and fine-tuned."""
    student = begin_student(read.backbone, settings)
    upper = upper_of(student, settings)
    heard, asked = ([fronts[song.path] for song in part] for part in (lot.train, lot.test))
    targets = np.eye(len(lot.labels), dtype=np.float32)[lot.classes(lot.train)]
    own = embed_fronts(upper, [versions[0] for versions in heard])
    means = np.stack([windows.mean(axis=0) for windows in own])[:, None]
    head = fit_head(HeadExamples(means, targets, np.ones(len(heard))))
    true = lot.classes(lot.test)
    before = song_logits(upper, head, asked).argmax(axis=1) == true
    songs = Songs(heard, targets, np.ones(len(heard), np.float32))
    tuned, _ = tune(student, head, songs, None, settings, quiet)
    after = song_logits(upper, tuned, asked).argmax(axis=1) == true
    return float(before.mean()), float(after.mean())


def ask_nothing(log_mels: dict, lot: Lot) -> float:
    """Share of right answers of our own network."""
    keras.utils.set_random_seed(0)
    classes = lot.classes(lot.train)
    targets = np.eye(len(lot.labels), dtype=np.float32)[classes]
    examples = Examples([log_mels[song.path] for song in lot.train], targets, classes)
    with TemporaryDirectory() as folder:
        network = fit_network(Path(folder), _NOTHING, examples, None, quiet)
    asked = [log_mels[song.path][0] for song in lot.test]
    said = by_track(network, asked, _NOTHING, len(lot.labels)).argmax(axis=1)
    return float((said == lot.classes(lot.test)).mean())


def told(shares: Sequence[float]) -> str:
    """Mean, and lowest and highest."""
    return f"{np.mean(shares):.1%} ({min(shares):.1%} to {max(shares):.1%})"


def main() -> None:
    """Print a table for each kind of labels."""
    parser = argparse.ArgumentParser()
    parser.add_argument("previews", type=Path)
    parser.add_argument("songs", type=Path)
    parser.add_argument("--nothing", action="store_true")
    parser.add_argument("--base", default="genre-base")
    parser.add_argument("--rate", type=float)
    parser.add_argument("--only", choices=_SIZES)
    parser.add_argument("--shallow", action="store_true", help="without --deeper")
    given = parser.parse_args()
    styles = [*read(given.previews, "style"), *read(given.songs, "style")]
    many = Counter(song.label for song in styles)
    kinds = {
        "styles": [song for song in styles if many[song.label] >= _STYLE_SONGS],
        "moods": [song for song in read(given.previews, "mood") if song.label[0] == "Q"],
    }
    base = read_back(given.base)
    depths = [False] if given.shallow else [False, True]
    ways = [fine_tuned(base.model.info, deeper=deeper) for deeper in depths]
    if given.rate:
        ways = [replace(way, learning_rate=given.rate) for way in ways]
    for kind, songs in kinds.items():
        if given.only not in (None, kind):
            continue
        log_mels = log_mels_of(songs, ways[0])
        songs = [song for song in songs if song.path in log_mels]
        gather = partial(gather_fronts, base.backbone, log_mels, [], [])
        fronts = [gather(way, progress).songs for way in ways]
        spectra = log_mels_of(songs, _NOTHING) if given.nothing else {}
        for n in _SIZES[kind]:
            lots = [deal(songs, n, seed) for seed in range(_SEEDS)]
            some = np.mean([len(lot.train) for lot in lots]) / len(lots[0].labels)
            asked = np.mean([len(lot.test) for lot in lots])
            found = [
                [ask_tuned(base, own, lot, way) for lot in lots]
                for own, way in zip(fronts, ways, strict=True)
            ]
            cells = [told([head for head, _ in found[0]])]
            cells += [told([tuned for _, tuned in way]) for way in found]
            if given.nothing:
                cells.append(f"{ask_nothing(spectra, lots[0]):.1%}")
            what = f"{len(lots[0].labels)} {kind}, {n} songs each ({some:.1f}; {asked:.0f} asked)"
            print(" | ".join([f"| {what}", *cells]) + " |", flush=True)


if __name__ == "__main__":
    main()
