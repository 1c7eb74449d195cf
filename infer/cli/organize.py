"""The command ``melonnx organize``."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from melonnx.infer.cli.options import (
    Decisions,
    Device,
    Exclude,
    GenreMap,
    Genres,
    LongerThan,
    Model,
    PerGroup,
    Recursive,
    ShorterThan,
    Skim,
    Sure,
    Track,
    Where,
    Workers,
)
from melonnx.infer.library.song_source import From, Paths, open_songs
from melonnx.infer.results.listing import Line, print_listing, say

if TYPE_CHECKING:
    from melonnx.infer.prediction import Prediction
    from melonnx.infer.tags.organize import Placed

__all__ = ["app"]

app = typer.Typer()


@app.command()
def organize(
    to: Annotated[
        Path, typer.Option(metavar="DIR", file_okay=False, help="Where playlists or songs go.")
    ],
    paths: Paths = None,
    results: From = None,
    by: Annotated[
        Literal["genre", "mood", "style", "energy"],
        typer.Option(
            help="What they are sorted by; a song may be in the playlists of several moods or "
            "styles.",
        ),
    ] = "genre",
    where: Where = None,
    playlists: Annotated[
        bool, typer.Option("--playlists", help="DIR/<genre>.m3u8; this is the default.")
    ] = False,
    playlist_format: Annotated[
        Literal["m3u8", "pls", "xspf", "nsp"],
        typer.Option(
            help="Of playlists; nsp: Navidrome's, by the genres or moods that are in the tags."
        ),
    ] = "m3u8",
    copy: Annotated[bool, typer.Option("--copy", help="Copies in DIR/<genre>/.")] = False,
    link: Annotated[bool, typer.Option("--link", help="Hard links in DIR/<genre>/.")] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Do it; without, it is only shown.")
    ] = False,
    leave_unsure: Annotated[
        bool,
        typer.Option("--leave-unsure", help='Leave unsure songs out; else they go to "unsure".'),
    ] = False,
    names: GenreMap = None,
    recursive: Recursive = False,
    model: Model = None,
    device: Device = "auto",
    workers: Workers = None,
    skim: Skim = True,
    track: Track = None,
    sure: Sure = 90,
    genres: Genres = None,
    per: PerGroup = None,
    decisions: Decisions = None,
    longer_than: LongerThan = None,
    shorter_than: ShorterThan = None,
    exclude: Exclude = None,
) -> None:
    """Sort songs by genre or mood into playlists, copies or links; only shown until --write.

    The songs themselves stay where they are, and what does not sound like music is passed over.
    Nothing is deleted or overwritten: a name that is taken is numbered, and doing it twice adds
    nothing.
    """
    from melonnx.infer.library.choice import Choice
    from melonnx.infer.library.wishes import Wishes
    from melonnx.infer.model.session import load_model
    from melonnx.infer.results.told import require_told
    from melonnx.infer.results.where import (
        columns_of,
        holds,
        parse_where,
        require_genres,
        require_tags,
    )
    from melonnx.infer.tags.genre_names import genre_name, read_genre_map
    from melonnx.infer.tags.moods import shelves_of
    from melonnx.infer.tags.organize import UNSURE, place_songs
    from melonnx.infer.tags.playlists import write_playlists
    from melonnx.infer.tags.together import group_by

    if playlists + copy + link > 1:
        raise typer.BadParameter("take one", param_hint="--playlists, --copy, --link")
    if playlist_format != "m3u8" and (copy or link):
        raise typer.BadParameter("goes with playlists", param_hint="--playlist-format")
    if by != "genre" and (per is not None or genres is not None or (names and by != "style")):
        raise typer.BadParameter("is about genres", param_hint="--per, --genres, --map")
    is_smart = playlist_format == "nsp"  # which asks for what is in the tags, as tag writes it
    if is_smart and by == "energy":
        raise typer.BadParameter(
            "Navidrome knows no energy; m3u8, pls and xspf name the songs", param_hint="nsp"
        )
    condition = None if where is None else parse_where(where)
    mapped = read_genre_map(names) if names else {}
    group = None if per is None else group_by(per)

    def spell(label: str) -> str:
        return genre_name(label, mapped) if is_smart else mapped.get(label, label)

    songs, hear = open_songs(
        paths, results, recursive=recursive, model=model, device=device, workers=workers,
        wishes=Wishes(genres, mapped, spell, sure, group, by == "style"), skim=skim,
        track=track, decisions=decisions,
        choice=Choice.asked(longer_than, shorter_than, exclude, paths),
    )  # fmt: skip

    def known() -> "Iterator[Prediction]":
        return hear([one for one in songs if isinstance(one, str)])

    asked = {by} | (columns_of(condition) if condition is not None else set())
    if asked != {"genre"}:
        require_told(asked, model, results, None if results is None else known())
    answers = hear(songs)
    if condition is not None:
        if results is not None:
            require_genres(condition, {genre for one in known() for genre in one.probabilities})
        else:
            info = load_model(model, device="cpu", threads=1).info
            require_genres(condition, info.genres)
            require_tags(condition, info.heads["tags"].labels if "tags" in info.heads else ())
        answers = (one for one in answers if not one.ok or holds(condition, one))
    aside: list[Placed] = []

    def shelves(song: "Prediction") -> list[str]:
        found = [UNSURE] if song.unsure else [spell(song.label or "")]
        if by != "genre":
            found = shelves_of(song, by, spell) or [UNSURE]
        return found[: None if not (copy or link) else 1]

    sorted_songs = _sort(answers, shelves, aside, leave_unsure=leave_unsure or is_smart)
    if copy or link:
        pairs = ((Path(song.path), genre) for song, genre in sorted_songs)
        placed = place_songs(pairs, to, "copy" if copy else "link", write=write)
    else:
        field = "mood" if by == "mood" else "genre"
        placed = write_playlists(sorted_songs, to, playlist_format, write=write, field=field)
    _report(placed, aside, len(songs), "songs" if copy or link else "playlists")


def _sort(
    predictions: "Iterator[Prediction]",
    shelves: "Callable[[Prediction], list[str]]",
    aside: "list[Placed]",
    *,
    leave_unsure: bool,
) -> "Iterator[tuple[Prediction, str]]":
    """Each song with its genre, or with each of its moods; those that have none go to ``aside``."""
    from melonnx.infer.tags.organize import UNSURE, Placed

    for prediction in predictions:
        names = [name for name in shelves(prediction) if name] if prediction.ok else []
        if not prediction.ok:
            aside.append(Placed(prediction.path, error=prediction.error or "failed"))
        elif not prediction.is_music:
            aside.append(Placed(prediction.path, outcome="no music"))
        elif _is_spoken(prediction.path):
            aside.append(Placed(prediction.path, outcome="spoken"))
        elif not names or (UNSURE in names and leave_unsure):
            aside.append(Placed(prediction.path, outcome="left"))
        else:
            yield from ((prediction, name) for name in names)


def _is_spoken(path: str) -> bool:
    """By the genre in its tags, where they can be read."""
    from melonnx.infer.errors import TagError
    from melonnx.infer.tags.fields import read_genres
    from melonnx.infer.tags.genre_names import is_spoken

    try:
        return is_spoken(read_genres(Path(path)))
    except (TagError, OSError, ValueError):
        return False


def _report(placed: "Iterator[Placed]", aside: "list[Placed]", total: int, what: str) -> None:
    counts: Counter[str] = Counter()

    def rows() -> "Iterator[Placed]":
        for row in placed:
            yield from _drain(aside)
            yield row
        yield from _drain(aside)

    def lines() -> Iterator[Line]:
        for row in rows():
            counts[row.outcome] += 1
            cells = (row.path, row.target or "-", row.outcome)
            if what == "playlists":
                cells = (row.path, row.target or "-", str(row.songs), row.outcome)
            yield Line(cells, row.outcome not in {"place", "placed"}, row.error)

    columns = ("song", "to") if what == "songs" else ("playlist", "to", "songs")
    try:
        print_listing(lines(), columns, total)
    finally:
        parts = {
            "place": f"{what} would be made (--write does it)",
            "placed": f"{what} made",
            "same": f"{what} are there already",
            "left": "songs are left out",
            "no music": "are left out: no music",
            "spoken": "are left out: audiobooks or podcasts, as their genre says",
            "failed": "failed",
        }
        said = [f"{counts[outcome]} {text}" for outcome, text in parts.items() if counts[outcome]]
        say("; ".join(said) or "no songs")
    if counts["failed"]:
        raise typer.Exit(1)


def _drain(rows: "list[Placed]") -> "Iterator[Placed]":
    while rows:
        yield rows.pop(0)
