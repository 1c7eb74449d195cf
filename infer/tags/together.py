"""Tells which songs belong together: by their folder, or by what their tags say."""

from collections.abc import Callable, Hashable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, Literal

__all__ = ["Per", "first_value", "group_by"]

Per = Literal["album", "folder", "artist"]

_FIELDS = {
    "album": ("album", "TALB", "TAL", "\xa9alb"),
    "albumartist": ("albumartist", "album artist", "TPE2", "TP2", "aART"),
    "artist": ("artist", "TPE1", "TP1", "\xa9ART"),
}
"""By what is told: Vorbis comments and APE, ID3v2.4 and 2.3, ID3v2.2, MP4."""


def group_by(per: Per) -> Callable[[str], Hashable | None]:
    """What gives songs of one group the same key, by path; None for a song without one.

    An album is told by its name and its album artist, or where none is named, its folder: many
    are called "Greatest Hits".
    """
    if per == "folder":
        return _folder
    return partial(_by_tags, per)


def _by_tags(per: Per, path: str) -> Hashable | None:
    import mutagen

    try:
        file: Any = mutagen.File(path)  # type: ignore[attr-defined]
        tags = file.tags if file is not None else None
        values = {name: first_value(tags or {}, keys).casefold() for name, keys in _FIELDS.items()}
    except (mutagen.MutagenError, OSError, ValueError):  # type: ignore[attr-defined]
        return None
    if per == "artist":
        return values["artist"] or values["albumartist"] or None
    if not values["album"]:
        return None
    return values["album"], values["albumartist"] or _folder(path)


def _folder(path: str) -> str:
    return str(Path(path).absolute().parent)


def first_value(tags: Any, keys: Iterable[str]) -> str:
    """What a file's tags have under the first of ``keys`` that says something; "" without any."""
    for key in keys:
        try:
            value = tags[key]
        except (KeyError, ValueError):  # ValueError: no key that a Vorbis comment may have
            continue
        text = getattr(value, "text", value)
        text = text[0] if isinstance(text, list) and text else text
        if said := " ".join(str(text).split()):
            return said
    return ""
