"""The fields of tags that are written, under the names that Vorbis comments give them."""

from collections.abc import Mapping

__all__ = ["ENERGY", "GENRE", "MOOD", "STYLE", "VALENCE", "Fields"]

GENRE = "GENRE"
MOOD = "MOOD"
STYLE = "STYLE"
ENERGY = "ENERGY"
VALENCE = "VALENCE"
"""The last two are whole numbers, 0 to 100."""

Fields = Mapping[str, list[str]]
"""By field, the values that it gets, one or more."""
