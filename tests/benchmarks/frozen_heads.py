"""Prints what linear heads on genre-base's embedding reach on songs with several right answers.

    python -m tests.benchmarks.frozen_heads SONGS PREVIEWS MUSIC

Each folder holds a ``tracks.csv`` with ``path``, ``genre``, ``artist`` and, if there are any,
``also`` (other right answers, ``;`` between) and ``source``. All are learnt from, each song asked
of a head that has not heard its artist; scored are the folders whose table has ``also``.
"""

import csv
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler

from melonnx.infer.audio.reader import open_audio
from melonnx.infer.frontend.mel import log_mel
from melonnx.infer.frontend.windows import patch_batches, window_starts
from melonnx.infer.model.session import load_model

LABELS = (
    "ambient", "blues", "classical", "country", "disco", "electronic", "folk", "hiphop", "jazz",
    "latin", "metal", "pop", "punk", "reggae", "rock", "soul",
)  # fmt: skip
_SHARED = 0.3
"""Of a target, among the genres of ``also``."""
_WEIGHTS = {"gtzan": 0.3, "emotify": 0.1}
"""By source; 1 for others."""
_BLOCK = 10
"""Songs of one genre that are near in number may be one artist's, where none is named."""
_SURE_RATE = 0.92

Vectors = NDArray[np.float64]


@dataclass(frozen=True)
class Song:
    """One row of a table whose genre, or another right answer, is one of the labels."""

    path: Path
    folder: str
    group: str
    accepted: tuple[str, ...]
    """The first genre first, where it is a label."""
    has_first: bool
    weight: float
    is_scored: bool


def read(folder: Path) -> list[Song]:
    """The songs of a folder's table."""
    with (folder / "tracks.csv").open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        is_scored = "also" in (rows.fieldnames or ())
        songs: list[Song] = []
        for row in rows:
            genre = row["genre"]
            answers = [genre, *filter(None, (row.get("also") or "").split(";"))]
            accepted = tuple(answer for answer in answers if answer in LABELS)
            path = folder / row["path"]
            number = "".join(filter(str.isdigit, path.stem)) or "0"
            group = row["artist"] or f"{genre} {int(number) // _BLOCK}"
            weight = _WEIGHTS.get(row.get("source") or "", 1.0)
            if accepted:
                known = genre in LABELS
                songs.append(Song(path, folder.name, group, accepted, known, weight, is_scored))
    return songs


def embed(path: Path) -> NDArray[np.float32]:
    """Embeddings [windows, 200] of windows that overlap by half."""
    model = load_model("genre-base", threads=1)
    info = model.info
    with open_audio(path, info.mel_spec.sample_rate) as reader:
        frames = log_mel(reader, info.mel_spec)
    starts = window_starts(len(frames), info.window, info.window // 2)
    batches = patch_batches(frames, info.window, starts, 8)
    return model.run_batches(batches, evidence=False).embedding


def ask(embeddings: Vectors, songs: list[Song], regularisation: float) -> Vectors:
    """Probabilities [songs, labels] by heads that have not heard the song's artist."""
    targets = np.zeros((len(songs), len(LABELS)))
    for row, song in enumerate(songs):
        columns = [LABELS.index(answer) for answer in song.accepted]
        if song.has_first:
            targets[row, columns[0]] = 1 - _SHARED * (len(columns) > 1)
            columns, share = columns[1:], _SHARED
        else:
            share = 1.0
        targets[row, columns] = share / max(1, len(columns))
    weights = np.array([song.weight for song in songs])
    answers = np.zeros_like(targets)
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    groups = [song.group for song in songs]
    for learn, asked in folds.split(embeddings, targets.argmax(axis=1), groups):
        scaler = StandardScaler().fit(embeddings[learn])
        rows, classes = np.nonzero(targets[learn])
        head = LogisticRegression(C=regularisation, max_iter=300)
        head.fit(
            scaler.transform(embeddings[learn])[rows],
            classes,
            sample_weight=targets[learn][rows, classes] * weights[learn][rows],
        )
        answers[np.ix_(asked, head.classes_)] = head.predict_proba(
            scaler.transform(embeddings[asked])
        )
    return answers


def report(name: str, answers: Vectors, songs: list[Song]) -> None:
    """Print one experiment's line; the scored songs only."""
    rows = np.array([song.is_scored for song in songs])
    said = [LABELS[column] for column in answers.argmax(axis=1)]
    right = np.array([answer in song.accepted for answer, song in zip(said, songs, strict=True)])
    first = np.array([song.accepted[0] for song in songs])
    surest = np.argsort(-answers.max(axis=1)[rows], kind="stable")
    rates = np.cumsum(right[rows][surest]) / np.arange(1, rows.sum() + 1)
    reached = np.flatnonzero(rates >= _SURE_RATE)
    n_sure = reached[-1] + 1 if len(reached) else 0
    recalls = [
        right[rows & (first == label)].mean()
        for label in LABELS
        if (rows & (first == label)).sum() >= 5
    ]
    folders = np.array([song.folder for song in songs])
    by_folder = ", ".join(
        f"{folder} {right[rows & (folders == folder)].mean():.1%}"
        for folder in sorted(set(folders[rows]))
    )
    print(
        f"{name}: accepted {right[rows].mean():.1%} ({by_folder}), "
        f"strict {(np.array(said) == first)[rows].mean():.1%}, "
        f"mean recall {np.mean(recalls):.3f}, "
        f"{n_sure / rows.sum():.1%} surely at {_SURE_RATE:.0%} right; {rows.sum()} songs",
        flush=True,
    )


def main(folders: list[str]) -> None:
    """Embed all songs, then one line for each head."""
    songs = [song for folder in folders for song in read(Path(folder))]
    with ProcessPoolExecutor() as pool:
        windows = list(pool.map(embed, [song.path for song in songs], chunksize=16))
    means = np.stack([one.mean(axis=0) for one in windows]).astype(float)
    largest = np.stack([one.max(axis=0) for one in windows]).astype(float)
    for regularisation in (0.003, 0.01):
        answers = ask(means, songs, regularisation)
        report(f"mean over all windows, C {regularisation}", answers, songs)
    for most in (6, 3):
        spread = [np.linspace(0, len(one) - 1, min(most, len(one))).astype(int) for one in windows]
        some = [one[at].mean(axis=0) for one, at in zip(windows, spread, strict=True)]
        report(f"mean over {most} windows, C 0.01", ask(np.stack(some), songs, 0.01), songs)
    both = np.hstack([means, largest])
    report("mean and maximum, C 0.003", ask(both, songs, 0.003), songs)


if __name__ == "__main__":
    main(sys.argv[1:])
