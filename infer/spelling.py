"""Guesses which of some names was meant by one that is none of them."""

from collections.abc import Iterable

__all__ = ["did_you_mean", "fold", "nearest"]

_LIKE = 0.6
"""Share of letters that two spellings have in common (difflib)."""


def did_you_mean(typed: str, names: Iterable[str]) -> str:
    """A question that names what is nearest to ``typed``; "" where nothing is near.

    >>> did_you_mean("metl", ["rock", "metal"])
    ', did you mean metal?'
    """
    near = nearest(typed, names)
    return f", did you mean {near}?" if near else ""


def nearest(typed: str, names: Iterable[str]) -> str:
    """The one of ``names`` that is spelt most like ``typed``; "" where none is near."""
    from difflib import get_close_matches  # 5 ms, only after a mistake

    by_fold = {fold(name): name for name in names}
    near = get_close_matches(fold(typed), by_fold, 1, _LIKE)
    return by_fold[near[0]] if near else ""


def fold(name: str) -> str:
    """Case and signs left out: "Hip-Hop" is "hiphop"; what is nothing but signs stays."""
    return "".join(filter(str.isalnum, name.casefold())) or name
