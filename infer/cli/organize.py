"""The command ``melonnx organize``."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from melonnx.infer.cli.options import (
    Device,
    Exclude,
    GenreMap,
    Genres,
    LongerThan,
    Model,
    PerGroup,
    Recursive,
    ShorterThan,
    Sure,
    Track,
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
    playlists: Annotated[
        bool, typer.Option("--playlists", help="DIR/<genre>.m3u8; this is the default.")
    ] = False,
    playlist_format: Annotated[
        Literal["m3u8", "pls", "xspf", "nsp"],
        typer.Option(help="Of playlists; nsp: Navidrome's, by the genres that are in the tags."),
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
    track: Track = None,
    sure: Sure = 90,
    genres: Genres = None,
    per: PerGroup = None,
    longer_than: LongerThan = None,
    shorter_than: ShorterThan = None,
    exclude: Exclude = None,
) -> None:
    """Sort songs by genre into playlists, copies or hard links; only shown until --write.

    The songs themselves stay where they are, and what does not sound like music is passed over.
    Nothing is deleted or overwritten: a name that is taken is numbered, and doing it twice adds
    nothing.
    """
    from melonnx.infer.library.choice import Choice
    from melonnx.infer.library.wishes import Wishes
    from melonnx.infer.tags.genre_names import genre_name, read_genre_map
    from melonnx.infer.tags.organize import place_songs
    from melonnx.infer.tags.playlists import write_playlists
    from melonnx.infer.tags.together import group_by

    if playlists + copy + link > 1:
        raise typer.BadParameter("take one", param_hint="--playlists, --copy, --link")
    if playlist_format != "m3u8" and (copy or link):
        raise typer.BadParameter("goes with playlists", param_hint="--playlist-format")
    mapped = read_genre_map(names) if names else {}
    group = None if per is None else group_by(per)
    is_smart = playlist_format == "nsp"  # which asks for the genre as tag writes it

    def spell(label: str) -> str:
        return genre_name(label, mapped) if is_smart else mapped.get(label, label)

    songs, hear = open_songs(
        paths, results, recursive=recursive, model=model, device=device, workers=workers,
        wishes=Wishes(genres, mapped, spell, sure, group), track=track,
        choice=Choice.asked(longer_than, shorter_than, exclude, paths),
    )  # fmt: skip
    aside: list[Placed] = []
    sorted_songs = _sort(hear(songs), spell, aside, leave_unsure=leave_unsure or is_smart)
    if copy or link:
        pairs = ((Path(song.path), genre) for song, genre in sorted_songs)
        placed = place_songs(pairs, to, "copy" if copy else "link", write=write)
    else:
        placed = write_playlists(sorted_songs, to, playlist_format, write=write)
    _report(placed, aside, len(songs), "songs" if copy or link else "playlists")


def _sort(
    predictions: "Iterator[Prediction]",
    spell: Callable[[str], str],
    aside: "list[Placed]",
    *,
    leave_unsure: bool,
) -> "Iterator[tuple[Prediction, str]]":
    """Each song with its genre; those that have none go to ``aside``."""
    from melonnx.infer.tags.organize import UNSURE, Placed

    for prediction in predictions:
        label = prediction.label or ""
        genre = UNSURE if prediction.unsure else spell(label)
        if not prediction.ok:
            aside.append(Placed(prediction.path, error=prediction.error or "failed"))
        elif not prediction.is_music:
            aside.append(Placed(prediction.path, outcome="no music"))
        elif _is_spoken(prediction.path):
            aside.append(Placed(prediction.path, outcome="spoken"))
        elif not genre or (prediction.unsure and leave_unsure):
            aside.append(Placed(prediction.path, outcome="left"))
        else:
            yield prediction, genre


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
