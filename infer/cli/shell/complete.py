"""Words that the Tab key offers for an option: models, genres, stages."""

from collections.abc import Callable
from typing import TypeAlias

import typer

__all__ = ["genre_list", "genres", "models", "one_of"]

Completer: TypeAlias = Callable[[str], list[str]]


def models(incomplete: str) -> list[str]:
    """The released models' names; a shell completes the paths of other files by itself."""
    from melonnx.infer.model.released import released_models

    return [name for name in sorted(released_models()) if name.startswith(incomplete)]


def genres(ctx: typer.Context, incomplete: str) -> list[str]:
    """The genres of the model that the line names, or of the default one."""
    from melonnx.infer.model.released import genres_of_file

    named = genres_of_file(ctx.params.get("model"))
    return [genre for genre in named if genre.startswith(incomplete)]


def genre_list(ctx: typer.Context, incomplete: str) -> list[str]:
    """The same for a list with commas, of which the last one is being typed."""
    before, comma, last = incomplete.rpartition(",")
    named = before.split(",")
    return [f"{before}{comma}{one}" for one in genres(ctx, last) if one not in named]


def one_of(*words: str) -> Completer:
    """These words and no others."""

    def begin_so(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return begin_so
