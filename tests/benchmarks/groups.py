"""Prints how often answers are right for songs together, and among some genres only.

    melonnx classify SONGS PREVIEWS -r -o library.jsonl --embeddings
    python -m tests.benchmarks.groups library.jsonl SONGS PREVIEWS

Folders are those of ``frozen_heads``. Each song is asked of a linear head on genre-base's embedding
that has not heard its artist; temperature, acceptance and bars are fitted as ``melonnx train``
does, on all of these answers. Groups are artists with several songs.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import melonnx.infer.groups as groups
from melonnx.infer.frontend.mel import MelSpec
from melonnx.infer.model.calibration import scale
from melonnx.infer.model.metadata import ModelInfo
from melonnx.infer.prediction import Prediction
from melonnx.infer.wanted import Wanted
from melonnx.train.calibrate import calibrate
from melonnx.train.data.tracks import Track
from tests.benchmarks.frozen_heads import LABELS, Song, ask, read

_LISTS = (
    ("rock", "pop", "jazz"),
    tuple(label for label in LABELS if label != "pop"),
    ("rock", "pop", "hiphop", "electronic", "soul", "country"),
    ("jazz", "classical", "blues", "folk"),
    ("metal", "punk"),
)


def report(name: str, answers: Sequence[Prediction], songs: Sequence[Song]) -> None:
    """Print one line."""
    right = np.array([one.label in song.accepted for one, song in zip(answers, songs, strict=True)])
    sure = np.array([not one.unsure for one in answers])
    scores = np.array([one.score or 0 for one in answers])
    falling = right[np.argsort(-scores, kind="stable")]
    reached = np.flatnonzero(np.cumsum(falling) / np.arange(1, len(falling) + 1) >= 0.92)
    share = (reached[-1] + 1 if len(reached) else 0) / len(songs)
    print(
        f"{name}: {len(songs)} songs, {right.mean():.1%} right; {sure.mean():.1%} surely, of these "
        f"{right[sure].mean():.1%} right; {share:.1%} by score at 92% right; mean score "
        f"{scores.mean():.3f}",
        flush=True,
    )


def main(index: str, folders: list[str]) -> None:
    """One line for songs alone, each way to pool them, and each list of genres."""
    songs = [song for folder in folders for song in read(Path(folder))]
    with Path(index).open(encoding="utf-8") as lines:
        rows = map(json.loads, lines)
        by_path = {Path(row["path"]).resolve(): row["embedding"] for row in rows}
    songs = [song for song in songs if by_path.get(song.path.resolve())]
    chances = ask(np.array([by_path[song.path.resolve()] for song in songs]), songs, 0.01)
    tracks = [
        Track(song.path, song.accepted[0], song.group, also=song.accepted[1:]) for song in songs
    ]
    found = calibrate(chances, tracks, LABELS, {})
    info = ModelInfo(
        *("folds", "1", LABELS, MelSpec()), window=1, window_hop=1,
        temperature=found.temperature, accepts=found.accepts, bars=found.bars,
    )  # fmt: skip
    all_genres = Wanted.of_model(info)
    answers = [
        all_genres.judge(
            Prediction(str(at), probabilities=dict(zip(LABELS, row.tolist(), strict=True)))
        )
        for at, row in enumerate(scale(chances, found.temperature))
    ]
    report("each by itself", answers, songs)
    for names in _LISTS:
        wanted = Wanted.of_model(info, names)
        some = [wanted.answer(answer) for answer in answers]
        report(f"only {','.join(names)}", some, songs)
        rows_in = [at for at, song in enumerate(songs) if set(song.accepted) & set(names)]
        report("  songs of these", [some[at] for at in rows_in], [songs[at] for at in rows_in])
    of_artist: dict[str, list[int]] = defaultdict(list)
    for at, song in enumerate(songs):
        of_artist[song.group].append(at)
    for least in (2, 3):
        several = [at for rows in of_artist.values() if len(rows) >= least for at in rows]
        some, which = [answers[at] for at in several], [songs[at] for at in several]
        report(f"artists with {least} or more, each song by itself", some, which)
        kept = groups._SHARPENING, groups._LEAST
        for sharpening, lowest in ((0, 1e-3), (0.25, 1e-3), (0.25, 1e-6), (0.5, 1e-3), (1, 1e-3)):
            groups._SHARPENING, groups._LEAST = sharpening, lowest
            key = {str(at): songs[at].group for at in several}
            pooled = groups.answer_by_group(some, key.__getitem__, all_genres)
            report(f"  pooled, sharpened by n^{sharpening}, floor {lowest}", pooled, which)
        groups._SHARPENING, groups._LEAST = kept


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
