"""Writes the map of a library as one HTML file."""

import base64
import html
import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.similar.index import Index

__all__ = ["to_html"]

_MEANING = {
    "tsne": "Near songs sound alike. How far apart two groups lie says little.",
    "pca": "The two directions in which these songs differ most. Songs that lie together may still "
    "differ in others.",
}
_TEMPLATE = Path(__file__).with_name("map.html")
_STEPS = 65535


def to_html(index: Index, places: NDArray[np.float32], method: str, title: str) -> str:
    """A document of its own: ``places`` [n, 2] from 0 to 1, a colour for each genre.

    Paths are absolute in it, so that its playlists lead to the songs from anywhere.
    """
    counts = Counter(index.labels)
    genres = [genre for genre, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]
    number = {genre: at for at, genre in enumerate(genres)}
    unsure = index.unsure if index.unsure is not None else np.zeros(len(index.paths), bool)
    songs = {
        "paths": [os.path.abspath(path) if "://" not in path else path for path in index.paths],  # noqa: PTH100
        "genres": genres,
        "genre": _packed(np.array([number[label] for label in index.labels], "<u2")),
        "unsure": _packed(unsure.astype("<u2")),
        "x": _packed(np.round(places[:, 0] * _STEPS).astype("<u2")),
        "y": _packed(np.round(places[:, 1] * _STEPS).astype("<u2")),
    }
    # A path may hold what ends a script; in JSON a slash may be escaped.
    data = json.dumps(songs).replace("</", "<\\/").replace("<!--", "<\\u0021--")
    head, _, tail = _TEMPLATE.read_text("utf-8").partition("%%SONGS%%")
    for name, part in (("MEANING", _MEANING[method]), ("TITLE", title)):
        head = head.replace(f"%%{name}%%", html.escape(part))
    return head + data + tail


def _packed(values: NDArray[np.uint16]) -> str:
    return base64.b64encode(values.tobytes()).decode()
