"""The command ``melonnx similar``."""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, partial
from math import hypot
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Annotated, Any

import typer

from melonnx.infer.cli.options import Decisions, Device, Threads, Track, Where
from melonnx.infer.cli.shell import complete
from melonnx.infer.errors import IndexFileError
from melonnx.infer.results.listing import Line, print_listing, say

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from melonnx.infer.prediction import Prediction
    from melonnx.infer.results.where import Condition
    from melonnx.infer.similar.index import Index
    from melonnx.infer.similar.mix import Limit
    from melonnx.infer.similar.neighbours import Neighbour

__all__ = ["app"]

app = typer.Typer()

_NEAR = 0.25
"""Of energy and valence, each 0 to 1: how far songs of like mood may lie from each other."""


@app.command()
def similar(
    index: Annotated[
        Path, typer.Option("--in", metavar="INDEX", help="From melonnx classify --embeddings.")
    ],
    songs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SONG", help="Audio files, or paths that the index has: what lies between them."
        ),
    ] = None,
    top: Annotated[int, typer.Option("--top", "-n", min=1, help="Songs to name.")] = 10,
    unlike: Annotated[
        list[str] | None, typer.Option("--not", metavar="SONG", help="And away from these.")
    ] = None,
    begin: Annotated[
        str | None,
        typer.Option("--from", metavar="SONG", help="With --to: a way through the library."),
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="SONG", help="Where it ends.")] = None,
    per_artist: Annotated[
        int | None, typer.Option(min=1, help="Songs of one artist at most, by their tags.")
    ] = None,
    per_album: Annotated[
        int | None, typer.Option(min=1, help="Songs of one album at most, by their tags.")
    ] = None,
    where: Where = None,
    mood_like: Annotated[
        bool,
        typer.Option("--mood-like", help="Only songs whose energy and valence are near SONG's."),
    ] = False,
    decisions: Decisions = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="A playlist: .m3u8, .pls or .xspf."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    approximate: Annotated[
        bool,
        typer.Option(
            "--approximate", help="For millions of songs: a graph, made once, lies beside INDEX."
        ),
    ] = False,
    track: Track = None,
    model: Annotated[
        Path | None,
        typer.Option(
            help="The index's model, where it is not a released one.",
            autocompletion=complete.models,
        ),
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Find the songs of an index that sound most like SONG, or like several between them.

    A song that the index has is not heard again, and is not among its own neighbours. What is
    near sounds alike: it need not be the same recording. A genre that is unsure has a "?"; what was
    decided in melonnx review is sure.
    """
    from melonnx.infer.results.decisions import decisions_file, index_as_decided, read_decisions
    from melonnx.infer.results.where import parse_where
    from melonnx.infer.similar.index import read_index
    from melonnx.infer.similar.mix import Limits, mix, way
    from melonnx.infer.similar.neighbours import neighbours

    is_way = begin is not None or end is not None
    if is_way and (begin is None or end is None or songs or unlike or top < 2):
        raise typer.BadParameter("one with the other, two songs or more, and nothing beside them")
    if not is_way and not songs:
        raise typer.BadParameter("name a song, or --from and --to", param_hint="SONG")
    condition = None if where is None else parse_where(where)
    limited = per_artist is not None or per_album is not None or where is not None or mood_like
    if mood_like and is_way:
        raise typer.BadParameter("goes with SONG", param_hint="--mood-like")
    if approximate and (is_way or limited or unlike or len(songs or ()) > 1):
        raise typer.BadParameter("takes one song and no limits", param_hint="--approximate")
    library = read_index(index, moods=where is not None or mood_like)
    if (decided := decisions_file(index, decisions)) is not None:
        library = index_as_decided(library, read_decisions(decided))
    _require_columns(library, index, condition, mood_like=mood_like)
    find = _Finder(library, model, device, threads, track)
    limits = Limits(_limits(per_artist, per_album))
    if condition is not None or mood_like:
        center = find.mood(songs or ()) if mood_like else None
        limits.admits = partial(_admits, library, condition, center)
    if begin is not None and end is not None:
        first, last = find.row_in_index(begin), find.row_in_index(end)
        found = way(library, first, last, top, limits)
    elif approximate or (len(songs or ()) == 1 and not limited and not unlike):
        row, query = find.place((songs or [""])[0])
        candidates = None
        if approximate and library.paths:
            candidates = _candidates(index, library, query, top)
        found = neighbours(library, query, top, but=row, candidates=candidates)
    else:
        like, away = ([find.place(song) for song in some or ()] for some in (songs, unlike))
        limits.taken.update(row for row, _ in (*like, *away) if row is not None)
        find.require_songs()
        found = mix(library, [one for _, one in like], [one for _, one in away], top, limits)
    if output is not None:
        _write(found, output)
    else:
        _print(found, as_json=as_json)


def _require_columns(
    library: "Index", path: Path, condition: "Condition | None", *, mood_like: bool
) -> None:
    """Raises IndexFileError where the index does not tell what is asked of its songs, and
    UnknownGenreError.
    """
    if condition is None and not mood_like:
        return
    from melonnx.infer.results.told import require_told_by_index
    from melonnx.infer.results.where import columns_of, require_genres

    asked = columns_of(condition) if condition is not None else set[str]()
    asked |= {"energy", "valence"} if mood_like else set()
    require_told_by_index(asked, library, path)
    if condition is not None:
        require_genres(condition, library.labels)


def _admits(
    library: "Index", condition: "Condition | None", center: "tuple[float, float] | None", row: int
) -> bool:
    """Whether a song of the index meets the condition, and its mood is near ``center``."""
    from melonnx.infer.results.where import holds

    song = library.answer(row)
    if condition is not None and not holds(condition, song):
        return False
    if center is None:
        return True
    if song.energy is None or song.valence is None:
        return False
    return hypot(song.energy - center[0], song.valence - center[1]) <= _NEAR


def _limits(per_artist: int | None, per_album: int | None) -> "list[Limit]":
    from melonnx.infer.similar.mix import Limit
    from melonnx.infer.tags.together import group_by

    asked = ((group_by("artist"), per_artist), (group_by("album"), per_album))
    return [Limit(cache(key), most) for key, most in asked if most is not None]


def _write(found: "list[Neighbour]", output: Path) -> None:
    from melonnx.infer.prediction import Prediction
    from melonnx.infer.tags.playlists import write_playlist

    write_playlist([Prediction(one.path, label=one.label) for one in found], output)
    say(f"{len(found)} songs in {output}")


@dataclass
class _Finder:
    """Places songs in an index; a model is opened for the first that is not there."""

    library: "Index"
    model: Path | None
    device: str
    threads: int | None
    track: int | None
    predictor: Any = None
    heard: "dict[str, Prediction]" = field(default_factory=dict)
    """Songs that the index has not, by path."""

    def mood(self, songs: "Iterable[str]") -> tuple[float, float]:
        """Energy and valence, of several songs their means.

        Raises IndexFileError where they are not told of a song.
        """
        found: list[tuple[float, float]] = []
        for song in songs:
            row, _ = self.place(song)
            about = self.heard[song] if row is None else self.library.answer(row)
            if about.energy is None or about.valence is None:
                raise IndexFileError(f"{song}: its energy and valence are not known")
            found.append((about.energy, about.valence))
        return fmean(one for one, _ in found), fmean(other for _, other in found)

    def place(self, song: str) -> "tuple[int | None, NDArray[np.float32]]":
        """Its row, None where it has none, and its embedding."""
        from melonnx.infer.similar.neighbours import find_row, model_of

        row = find_row(self.library, song)
        if self.model is not None or row is None:
            self.model = Path(model_of(self.library, self.model))
        if row is not None:
            return row, self.library.embeddings[row]
        if song in self.heard:
            return None, self.heard[song].embedding  # type: ignore[return-value]
        if self.predictor is None:
            from melonnx.infer.predictor import Predictor

            device: Any = self.device
            self.predictor = Predictor(self.model, device, self.threads, track=self.track)
        self.heard[song] = self.predictor.predict(song)
        return None, self.heard[song].embedding  # type: ignore[return-value]

    def require_songs(self) -> None:
        """Raises IndexFileError where the index has none."""
        if not self.library.paths:
            raise IndexFileError("the index holds no songs")

    def row_in_index(self, song: str) -> int:
        """Raises IndexFileError where it has none."""
        from melonnx.infer.similar.neighbours import find_row

        row = find_row(self.library, song)
        if row is None:
            raise IndexFileError(f"{song}: is not in the index, and a way goes through it alone")
        return row


def _candidates(index: Path, library: "Index", query: Any, top: int) -> "NDArray[np.intp]":
    from melonnx.infer.similar.graph import (
        build_graph,
        find_candidates,
        graph_path,
        is_fresh,
        open_graph,
    )

    if not is_fresh(index):
        say(f"{graph_path(index)}: making the graph, once")
        build_graph(library.embeddings, graph_path(index))
    return find_candidates(open_graph(index, library.embeddings), query, 4 * top + 1)


def _print(found: "list[Neighbour]", *, as_json: bool) -> None:
    if as_json:
        for one in found:
            row = {"path": one.path, "label": one.label, "similarity": round(one.similarity, 6)}
            print(json.dumps({**row, "unsure": one.unsure}))
        return
    digits = 2 if sys.stdout.isatty() else 6
    lines = [
        Line((f"{one.similarity:.{digits}f}", one.label + "?" * bool(one.unsure), one.path))
        for one in found
    ]
    print_listing(lines, ("similarity", "genre", "song"), 0)
