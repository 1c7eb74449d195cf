"""The songs of the page's list as it is told of them: in columns, all or those that are new."""

import os
from typing import Any

import numpy as np

from melonnx.demo.review.songs import Songs

__all__ = ["columns_of"]


def columns_of(songs: Songs, first: int = 0) -> dict[str, Any]:
    """Of the songs from ``first`` on; but all labels and folders, and the order of all songs."""
    folders: dict[str, int] = {}
    parts = [os.path.split(path) for path in songs.paths]
    in_folder = [folders.setdefault(folder, len(folders)) for folder, _ in parts]
    return {
        "labels": songs.labels,
        "folders": list(folders),
        "ids": songs.ids[first:],
        "names": [name for _, name in parts[first:]],
        "folder": in_folder[first:],
        "answer": songs.answer[first:].tolist(),
        "score": np.round(songs.score[first:] * 100).astype(int).tolist(),
        "unsure": songs.unsure[first:].astype(int).tolist(),
        "order": np.argsort(-songs.worth, kind="stable").tolist(),
    }
