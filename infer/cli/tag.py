"""The command ``melonnx tag``."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    Workers,
)
from melonnx.infer.library.song_source import From, Paths, open_songs
from melonnx.infer.results.listing import Line, print_listing, say

if TYPE_CHECKING:
    from melonnx.infer.tags.tagging import Tagged

__all__ = ["app"]

app = typer.Typer()


@app.command()
def tag(
    paths: Paths = None,
    results: From = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write the tags; without, they are only shown.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Songs that have a genre get a new one.")
    ] = False,
    unsure: Annotated[
        bool, typer.Option("--unsure", help="Songs that the model is unsure of get its guess.")
    ] = False,
    names: GenreMap = None,
    top: Annotated[
        int, typer.Option(min=1, help="Genres that a song may get, the likeliest first.")
    ] = 1,
    least: Annotated[
        float,
        typer.Option("--min", min=0, max=1, help="Probability of each genre behind the first."),
    ] = 0.2,
    add: Annotated[
        bool, typer.Option("--add", help="Songs that have a genre keep it, and get what they lack.")
    ] = False,
    separator: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            help='Between genres in ID3v2.3, which has no lists: also "/", "nul", or "first" for '
            "the first only. All other tags get real lists.",
        ),
    ] = "; ",
    id3v24: Annotated[
        bool, typer.Option("--id3v24", help="ID3 tags become version 2.4, which has lists.")
    ] = False,
    keep_mtime: Annotated[
        bool, typer.Option("--keep-mtime", help="Files keep their time of change.")
    ] = False,
    log: Annotated[
        Path | None,
        typer.Option(help="What undoes it; by default a new file in ~/.local/state/melonnx."),
    ] = None,
    undo: Annotated[
        Path | None,
        typer.Option(
            metavar="LOG", help="Make every file of a log that --write named what it was."
        ),
    ] = None,
    styles: Annotated[
        bool,
        typer.Option(
            "--styles", help="Behind the genre the styles that the model is sure of, three in all."
        ),
    ] = False,
    style_field: Annotated[
        bool, typer.Option("--style-field", help="These styles in the field STYLE.")
    ] = False,
    mood: Annotated[
        bool,
        typer.Option("--mood", help="The fields MOOD, ENERGY and VALENCE (0 to 100), too."),
    ] = False,
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
    """Write each song's genre and mood into its tags; shows what it would do until --write.

    mp3, flac, ogg, opus, m4a, wav and aiff; all other tags and the audio stay as they are. A
    song that has a genre, or that the model is unsure of, is left alone, and what does not sound
    like music always is.
    """
    from melonnx.infer.library.choice import Choice
    from melonnx.infer.library.wishes import Wishes
    from melonnx.infer.results.told import require_told
    from melonnx.infer.tags.fields import Style
    from melonnx.infer.tags.genre_names import genre_name, read_genre_map
    from melonnx.infer.tags.log import default_log
    from melonnx.infer.tags.tagging import Rules, tag_songs
    from melonnx.infer.tags.together import group_by

    if undo is not None:
        if paths or results is not None or write:
            raise typer.BadParameter(
                "needs nothing else: the log names the files", param_hint="--undo"
            )
        _undo(undo)
        return
    mapped = read_genre_map(names) if names else {}
    group = None if per is None else group_by(per)
    spell = partial(genre_name, names=mapped)
    songs, hear = open_songs(
        paths, results, recursive=recursive, model=model, device=device, workers=workers,
        wishes=Wishes(genres, mapped, spell, sure, group, styles or style_field), skim=skim,
        track=track, decisions=decisions,
        choice=Choice.asked(longer_than, shorter_than, exclude, paths),
    )  # fmt: skip
    asked = {"style": styles or style_field, "mood": mood}
    if any(asked.values()):
        known = None if results is None else hear([one for one in songs if isinstance(one, str)])
        require_told([name for name in asked if asked[name]], model, results, known)
    if styles and top > 1:
        raise typer.BadParameter("take one", param_hint="--styles, --top")
    if add and overwrite:
        raise typer.BadParameter("take one", param_hint="--add, --overwrite")
    if not separator or any(ord(sign) < 32 for sign in separator):
        raise typer.BadParameter('needs a text, "nul" or "first"', param_hint="--separator")
    _warn_of_separators(mapped)
    style = Style({"nul": "\0", "first": None}.get(separator, separator), id3v24)
    rules = Rules(
        mapped, overwrite, unsure, keep_mtime, top, least, add, style, styles, style_field, mood
    )
    if write:
        log = log or default_log()
    elif log is not None:
        raise typer.BadParameter("is for --write", param_hint="--log")
    has_more = style_field or mood
    _report(tag_songs(songs, hear, rules, log), len(songs), log, has_more=has_more)


def _warn_of_separators(names: Mapping[str, str]) -> None:
    """Navidrome parts a lone genre at these signs; others have it whole."""
    parted = sorted({name for name in names.values() if any(sign in name for sign in "/,;")})
    if parted:
        say(f"some players take {', '.join(map(repr, parted))} for several genres: / , ; part them")


def _report(rows: Iterable["Tagged"], total: int, log: Path | None, *, has_more: bool) -> None:
    """``has_more``: other fields than the genre are written, and shown in a column of their own."""
    from melonnx.infer.tags.summary import Summary

    summary = Summary("new fields" if has_more else "a genre")

    def lines() -> Iterator[Line]:
        for row in rows:
            summary.add(row)
            is_news = row.outcome in {"tag", "tagged"}
            changes = [", ".join(map(str, row.changes)) or "-"] * has_more
            cells = (row.path, "; ".join(row.old) or "-", row.new or "-", *changes, row.outcome)
            yield Line(cells, not is_news, row.error)

    columns = ("song", "genre now", "new genre", *["other fields"] * has_more)
    try:
        print_listing(lines(), columns, total)
    except KeyboardInterrupt:
        say("stopped; the same command goes on")
        raise
    finally:
        for line in summary.lines(sys.argv[1:], log):
            say(line)
    if summary.counts["failed"]:
        raise typer.Exit(1)


def _undo(log: Path) -> None:
    from melonnx.infer.tags.log import restore

    counts: Counter[str] = Counter()
    for row in restore(log):
        counts[row.outcome] += 1
        if row.error:
            say(f"{row.path}: {row.error}")
    said = [f"{counts['restored']} files are what they were"]
    said += [f"{counts['same']} were so already"] * bool(counts["same"])
    said += [f"{counts['failed']} failed"] * bool(counts["failed"])
    say("; ".join(said))
    if counts["failed"]:
        raise typer.Exit(1)
