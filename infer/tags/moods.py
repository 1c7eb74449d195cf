"""What tags say of a song besides its genre: styles and moods by name, energy in whole numbers."""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from melonnx.infer.prediction import Prediction
from melonnx.infer.tags.containers.names import ENERGY, MOOD, STYLE, VALENCE
from melonnx.infer.tags.genre_names import genre_name

__all__ = [
    "MOOD_FIELDS",
    "MOST",
    "distinct",
    "further_fields",
    "key",
    "mood_names",
    "shelves_of",
    "style_names",
]

MOOD_FIELDS = (MOOD, ENERGY, VALENCE)
_ENERGIES = ((2 / 3, "high energy"), (1 / 3, "medium energy"), (0, "low energy"))
MOST = 3
"""Names that a field gets, and playlists that a song is in: players show the first few."""


def style_names(prediction: Prediction, names: Mapping[str, str]) -> list[str]:
    """The styles that are said of it, spelt as genres are, the surest first."""
    return distinct(genre_name(style, names) for style in prediction.styles)


def mood_names(prediction: Prediction) -> list[str]:
    """The word for energy and valence, where it has one, and the moods that are said of it."""
    return distinct(genre_name(word, {}) for word in prediction.mood_words() or ())


def shelves_of(
    prediction: Prediction, by: Literal["mood", "style", "energy"], spell: Callable[[str], str]
) -> list[str]:
    """What playlists a song belongs to, the surest first; none where nothing is sure.

    ``spell``: what a word is called.
    """
    if by == "mood":
        words = list(prediction.mood_words() or ())
    elif by == "style":
        words = [style.lower() for style in prediction.styles]
    elif prediction.energy is None:
        words = []
    else:
        words = [next(name for bar, name in _ENERGIES if prediction.energy >= bar)]
    return distinct(map(spell, words))[:MOST]


def further_fields(
    prediction: Prediction, names: Mapping[str, str], *, style: bool, mood: bool
) -> dict[str, list[str]]:
    """By field, what it gets besides the genre; without those of which nothing is said.

    ``style``: the field of styles, which are finer words than the genre; ``mood``: those of mood,
    energy and valence, the last two as whole numbers, 0 to 100.
    """
    found: dict[str, list[str]] = {}
    if style:
        genre = key(genre_name(prediction.label or "", names))
        finer = [name for name in style_names(prediction, names) if key(name) != genre]
        found[STYLE] = finer[:MOST]
    if mood:
        found[MOOD] = mood_names(prediction)[:MOST]
        for field, value in ((ENERGY, prediction.energy), (VALENCE, prediction.valence)):
            found[field] = [] if value is None else [f"{100 * value:.0f}"]
    return {field: values for field, values in found.items() if values}


def distinct(names: Iterable[str]) -> list[str]:
    """Each once, whatever its spelling; without empty ones."""
    found: dict[str, str] = {}
    for name in names:
        if name:
            found.setdefault(key(name), name)
    return list(found.values())


def key(name: str) -> str:
    """One for "Hip Hop", "hip-hop" and "HipHop"."""
    return "".join(filter(str.isalnum, name.casefold())) or name
