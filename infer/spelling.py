"""Guesses which of some names was meant by one that is none of them."""

from collections.abc import Iterable

__all__ = ["did_you_mean"]

_LIKE = 0.6
"""Share of letters that two spellings have in common (difflib)."""


def did_you_mean(typed: str, names: Iterable[str]) -> str:
    """A question that names what is nearest to ``typed``; "" where nothing is near.

    >>> did_you_mean("metl", ["rock", "metal"])
    ', did you mean metal?'
    """
    from difflib import get_close_matches  # 5 ms, only after a mistake

    by_fold = {_fold(name): name for name in names}
    near = get_close_matches(_fold(typed), by_fold, 1, _LIKE)
    return f", did you mean {by_fold[near[0]]}?" if near else ""


def _fold(name: str) -> str:
    """Case and signs left out: "Hip-Hop" is "hiphop"."""
    return "".join(sign for sign in name.casefold() if sign.isalnum())
