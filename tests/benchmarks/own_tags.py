"""Gives a model file the head ``tags``: the backbone's own output layer, with nothing learnt.

    python -m tests.benchmarks.own_tags MUSICNN.whl TAGS.npz FOLDER MODEL.onnx

``MODEL.onnx``, which is written anew with its twin, is one whose embedding is the backbone's own,
as ``genre-open``'s is. ``TAGS.npz`` is the table that ``tests.benchmarks.tag_table`` made of
``FOLDER``'s songs: of it are the bars alone. A tag is said from where on as many songs are called
so as its chances add up to.
"""

import sys
from pathlib import Path

import numpy as np

from melonnx.export.further_head import put_heads
from melonnx.infer.model.heads import HeadInfo
from melonnx.train.further_head import word_bars
from melonnx.train.network.backbone import load_backbone
from melonnx.train.network.genre_tags import TAGS
from melonnx.train.progress import say

PROOF_SONGS = 3


def main(package: str, table: str, folder: str, model: str) -> None:
    """Write the file."""
    kernel, bias = load_backbone(Path(package)).get_layer("tags").get_weights()
    said = np.load(table)
    labels = tuple(tag.lower() for tag in TAGS)
    if tuple(said["tags_labels"]) != labels:
        raise SystemExit(f"{table}: its tags are not the backbone's")
    about = HeadInfo(
        kind="multi",
        labels=labels,
        bars=word_bars(labels, said["tags"], said["tags"]),
        dataset="the Million Song Dataset, by MSD_musicnn: its own output layer",
        split=f"as published; bars by what it says of {len(said['tags'])} songs",
    )
    songs = [Path(folder) / name for name in said["path"][:PROOF_SONGS]]
    put_heads({"tags": ((kernel, bias), about)}, model, Path(model), songs, say)


if __name__ == "__main__":
    main(*sys.argv[1:])
