"""Music from elsewhere: a head asked of a collection whose part in these genres it never heard.

python tests/benchmarks/other_collections.py MUSIC MUSICNN_WHEEL

MUSIC has a tracks.csv with the column source. Of the genres that several collections have, one
collection's songs are kept from training and asked; then the next one's.
"""

import sys
from pathlib import Path

import numpy as np

from melonnx.train.data.cache import default_cache_folder
from melonnx.train.data.readers.dataset import read_dataset
from melonnx.train.network.head import fit_head, head_probabilities, one_label_each
from melonnx.train.network.transfer import TRANSFER
from melonnx.train.training_data import Sources, gather_training_data


def main() -> None:
    """Print a line for each collection."""
    root, wheel = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    tracks = list(read_dataset(root, None).tracks)
    training_data = gather_training_data(
        tracks, TRANSFER, Sources(backbone=wheel), default_cache_folder(), print
    )
    embeddings = np.stack([training_data.embeddings[track.path] for track in training_data.tracks])
    genres = sorted({track.genre for track in training_data.tracks})
    classes = np.array([genres.index(track.genre) for track in training_data.tracks])
    sources = np.array([track.source for track in training_data.tracks])
    pairs = {(genre, source) for genre, source in zip(classes.tolist(), sources, strict=True)}
    shared = [g for g in range(len(genres)) if sum(genre == g for genre, _ in pairs) > 1]
    for source in sorted(set(sources)):
        asked = np.isin(classes, shared) & (sources == source)
        head = fit_head(one_label_each(embeddings[~asked], classes[~asked], len(genres)))
        right = head_probabilities(embeddings[asked, 0], head).argmax(axis=1) == classes[asked]
        names = ", ".join(genres[genre] for genre in np.unique(classes[asked]))
        print(
            f"{source}: {names} learnt elsewhere; {right.mean():.1%} of {asked.sum()} songs right"
        )


if __name__ == "__main__":
    main()
