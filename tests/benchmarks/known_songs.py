"""Prints how well a model's further heads tell mood and style of songs that are known.

    melonnx classify PREVIEWS -r -o previews.jsonl --embeddings --model MODEL
    python -m tests.benchmarks.known_songs previews.jsonl PREVIEWS/tracks.csv

Further pairs of results and tables may follow.

Energy, valence and the quadrant (column ``mood``: Q1 to Q4 of Russell's circumplex): by heads that
are fitted here as ``melonnx train --head`` fits them, each song asked of heads that had not learnt
from its artist. Tags: what MODEL's own head says, against what is known of the songs, by ``genre``
or ``also``, by whole words of ``style``, or by the quadrant. Intervals: 95%, by artist.
"""

import csv
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.prediction import Prediction
from melonnx.train.data.columns import Column
from melonnx.train.evaluate.measures import bootstrap_interval, roc_auc
from melonnx.train.further_head import fit_further_head
from tests.benchmarks.mood_table import SAYS

LEAST = 5
"""Songs that have a tag, and that have it not; of fewer nothing is said."""
GENRES = {
    "rock": "rock", "pop": "pop", "jazz": "jazz", "blues": "blues", "country": "country",
    "folk": "folk", "hip-hop": "hiphop", "soul": "soul", "electronic": "electronic",
    "ambient": "ambient", "metal": "metal", "punk": "punk",
}  # fmt: skip
"""By tag, the genre that has to be one of a song's."""
STYLES = {
    "alternative rock": "alternative rock", "classic rock": "classic rock",
    "hard rock": "hard rock", "indie rock": "indie rock", "indie pop": "indie pop",
    "progressive rock": "progressive rock", "heavy metal": "heavy metal", "house": "house",
    "rnb": "r&b", "funk": "funk", "experimental": "avant-garde|experimental",
    "dance": "dance|edm|house|dance-pop", "acoustic": "acoustic", "instrumental": "instrumental",
}  # fmt: skip
"""By tag, the words of which a song's style has to have one."""
QUADRANTS = {"happy": "Q1", "sad": "Q3", "mellow": "Q3 Q4", "party": "Q1", "easy listening": "Q4"}
"""By tag, the quadrants, among the songs that have one."""


@dataclass(frozen=True)
class Song:
    """What is known of a song, and what was said of it."""

    about: dict[str, str]
    """Its row of the table."""
    answer: Prediction


def read(results: Path, tracks: Path) -> list[Song]:
    """The songs of a table that results tell of; a path is told by its last two parts."""
    rows: dict[str, dict[str, str]] = {}
    with tracks.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            rows["/".join(Path(row["path"]).parts[-2:])] = row
    songs: list[Song] = []
    with results.open(encoding="utf-8") as lines:
        for line in lines:
            values = json.loads(line)
            values.pop("folder", None)
            answer = Prediction.from_dict(values)
            about = rows.get("/".join(Path(answer.path).parts[-2:]))
            if about is not None and answer.ok:
                songs.append(Song(about, answer))
    return songs


def with_interval(
    measure: Callable[[NDArray[np.int64]], float], artists: Sequence[str], digits: int = 3
) -> str:
    """Like ``.964 (.949 to .976)``."""
    low, high = bootstrap_interval(measure, artists)
    value = measure(np.arange(len(artists)))
    return " ".join((f"{value:.{digits}f}", f"({low:.{digits}f} to {high:.{digits}f})")).replace(
        "0.", "."
    )


def tell_moods(songs: Sequence[Song]) -> None:
    """Energy, valence and quadrant by heads that had not heard the artist."""
    known = [song for song in songs if song.about.get("mood") in SAYS]
    if not known:
        return
    embeddings = np.stack([song.answer.embedding for song in known]).astype(np.float32)  # type: ignore[misc]
    artists = [song.about["artist"] for song in known]
    truth = np.array([SAYS[song.about["mood"]] for song in known]).astype(np.float32)
    said = np.zeros(truth.shape)
    for at, name in enumerate(("energy", "valence")):
        found = fit_further_head(
            Column(name, "scale", (name,), {}),
            embeddings,
            truth[:, at : at + 1],
            artists,
            dataset="",
        )
        said[:, at] = found.left_out[:, 0]

        def of_draw(rows: NDArray[np.int64], at: int = at) -> float:
            return roc_auc(truth[rows, at] > 0, said[rows, at])

        print(f"{name}: AUC {with_interval(of_draw, artists)}, {len(known)} songs")
    right = ((said >= 0.5) == (truth > 0)).all(axis=1)
    print(f"quadrant: {with_interval(lambda rows: float(right[rows].mean()), artists)} right")
    for mood in SAYS:
        rows = np.array([song.about["mood"] == mood for song in known])
        print(f"  {mood}: {right[rows].mean():.3f} of {rows.sum()}")
    words = [Prediction("", energy=float(e), valence=float(v)).mood for e, v in said]
    is_said = np.array([word is not None for word in words])
    print(f"mood is said of {is_said.mean():.3f}, right of these {right[is_said].mean():.3f}")


def tell_tags(songs: Sequence[Song]) -> None:
    """One line for each tag of which enough is known."""
    tagged = [song for song in songs if song.answer.tags]
    values: list[float] = []
    for tag in (*GENRES, *STYLES, *QUADRANTS):
        judged = [song for song in tagged if tag in song.answer.tags and is_known(song, tag)]
        truth = np.array([has(song, tag) for song in judged], bool)
        if min(truth.sum(), (~truth).sum()) < LEAST:
            continue
        said = np.array([song.answer.tags[tag] for song in judged])
        artists = [song.about["artist"] for song in judged]

        def of_draw(
            rows: NDArray[np.int64],
            truth: NDArray[np.bool_] = truth,
            said: NDArray[np.float64] = said,
        ) -> float:
            return roc_auc(truth[rows], said[rows])

        values.append(roc_auc(truth, said))
        print(f"| {tag} | {truth.sum()} of {len(truth)} | {with_interval(of_draw, artists)} |")
    print(f"median of {len(values)} tags: {np.median(values):.3f}")


def is_known(song: Song, tag: str) -> bool:
    """Whether the table says of a song if it has a tag."""
    return tag not in QUADRANTS or song.about.get("mood") in SAYS


def has(song: Song, tag: str) -> bool:
    """By the table."""
    about = song.about
    if tag in GENRES:
        return GENRES[tag] in (about["genre"], *about["also"].split(";"))
    if tag in STYLES:
        return bool(re.search(rf"(?<![\w-])({STYLES[tag]})(?![\w-])", about["style"].lower()))
    return about["mood"] in QUADRANTS[tag].split()


def main(*files: str) -> None:
    """Read pairs of results and tables, and print."""
    pairs = list(zip(files[::2], files[1::2], strict=True))
    songs = [song for results, tracks in pairs for song in read(Path(results), Path(tracks))]
    print(f"{songs[0].answer.model}: {len(songs)} songs")
    tell_moods(songs)
    tell_tags(songs)


if __name__ == "__main__":
    main(*sys.argv[1:])
