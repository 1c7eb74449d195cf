"""Whether a song's nearest neighbours are of its artist and genre, against chance.

python tests/benchmarks/neighbours.py MUSIC [MODEL ...]

MUSIC as for melonnx train, by default with both released models. A line is the mean over songs
of the share of a song's five nearest that agree with it; chance is the share of all others that
do, which random neighbours would reach. By artist: songs whose artist is known and has another
song; the best possible is below 100% where artists have fewer than six. By genre: also with the
songs of the same artist (of the same ten numbers, where artists are unknown) left out, which no
artist's or album's sound can help. The released models' heads have learnt from the songs of
../shared/data/music; the embedding of genre-base is of a network that has not.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melonnx.infer import Predictor
from melonnx.infer.errors import AudioError
from melonnx.infer.similar.neighbours import nearest
from melonnx.train.data.readers.dataset import read_folder
from melonnx.train.data.tracks import Track

K = 5


def main() -> None:
    """Embed every song, look at its neighbours, and print."""
    music, *models = sys.argv[1:]
    for model in models or ("genre-base", "genre-small"):
        tracks, embeddings = embed(model, read_folder(Path(music)))
        genre = np.array([track.genre for track in tracks])
        artist = np.array([track.artist for track in tracks])
        group = np.array([track.group for track in tracks])
        others = ~np.eye(len(tracks), dtype=bool)
        same_artist = (artist[:, None] == artist) & (artist != "")[:, None] & others
        same_genre = (genre[:, None] == genre) & others
        strangers = group[:, None] != group
        print(f"{model}: {len(tracks)} songs")
        report("same artist", embeddings, same_artist, others)
        report("same genre", embeddings, same_genre, others)
        report("same genre, of others' songs", embeddings, same_genre & strangers, strangers)


def embed(model: str, tracks: Sequence[Track]) -> tuple[list[Track], NDArray[np.float32]]:
    """The tracks that can be heard, and float32 [tracks, d]."""
    predictor = Predictor(model, device="cpu")
    heard, rows = [], []
    for track in tracks:
        try:
            embedding = predictor.predict(track.path).embedding
        except AudioError as error:
            print(error, file=sys.stderr)
            continue
        assert embedding is not None
        heard.append(track)
        rows.append(embedding)
    return heard, np.stack(rows)


def report(
    what: str, embeddings: NDArray[np.float32], agree: NDArray[np.bool_], allowed: NDArray[np.bool_]
) -> None:
    """Precision at K of the queries that have anything to find among the ``allowed``."""
    found, chance, best = [], [], []
    for row in np.flatnonzero(agree.any(axis=1)):
        candidates = np.flatnonzero(allowed[row])
        near, _ = nearest(embeddings[candidates], embeddings[row], K)
        found.append(agree[row, candidates[near]].mean())
        chance.append(agree[row, candidates].mean())
        best.append(min(agree[row].sum(), K) / K)
    precision, random = np.mean(found), np.mean(chance)
    print(
        f"  {what:30} precision@{K} {precision:6.1%}  chance {random:6.1%}  "
        f"({precision / random:.1f} times; at most {np.mean(best):.0%}; {len(found)} songs)"
    )


if __name__ == "__main__":
    main()
