"""The command ``melonnx classify``: one song or a library of them."""

import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from melonnx.infer.cli.options import (
    Device,
    Exclude,
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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from melonnx.infer.library.choice import Choice
    from melonnx.infer.library.collection import Outcome
    from melonnx.infer.library.find import Song

__all__ = ["app"]

app = typer.Typer()


@app.command()
def classify(
    # As text: a Path made of "" is the current folder.
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH",
            help="Audio files, folders, globs in quotes, playlists, URLs such as s3://…; - for "
            "paths on stdin, one a line or NUL-separated.",
        ),
    ],
    recursive: Recursive = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write to FILE (.jsonl, .csv, .parquet, .npz), or Parquet parts into a folder. "
            "Stopped in any way, the same command goes on where it was; run again, it hears what "
            "is new or changed.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV with a header.")] = False,
    as_parquet: Annotated[bool, typer.Option("--parquet", help="Parquet; needs -o.")] = False,
    template: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="TEXT", help=r'A line a song, e.g. "{path}\t{label}\t{score:.2f}".'
        ),
    ] = None,
    top: Annotated[
        int | None, typer.Option(min=1, help="Genres to name: 3 by default, all with --json.")
    ] = None,
    sure: Sure = 90,
    min_score: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Mark answers below it as unsure, in the place of the model's bars."
        ),
    ] = None,
    timeline: Annotated[
        bool, typer.Option("--timeline", help="Tell the genre along the song, in segments.")
    ] = False,
    tags: Annotated[
        bool,
        typer.Option(
            "--tags",
            help="Tell styles, mood, voice, era, energy and valence, too, of a model that knows. "
            "JSON has them always.",
        ),
    ] = False,
    embeddings: Annotated[
        bool,
        typer.Option("--embeddings", help="With them: JSON, .parquet or .npz for melonnx similar."),
    ] = False,
    workers: Workers = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Hear on a Dask cluster, tcp://HOST:PORT or local[2].",
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="With -o: hear all anew.")] = False,
    model: Model = None,
    device: Device = "auto",
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="Threads of the network: all for a few songs, else 1 a process."),
    ] = None,
    skim: Skim = True,
    track: Track = None,
    genres: Genres = None,
    longer_than: LongerThan = None,
    shorter_than: ShorterThan = None,
    exclude: Exclude = None,
    per: PerGroup = None,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="With -o: stay, and hear new and changed songs as they come, until Ctrl-C.",
        ),
    ] = False,
    every: Annotated[
        float,
        typer.Option(min=1, metavar="SECONDS", help="Between two looks of --watch."),
    ] = 10,
    nice: Annotated[
        bool, typer.Option("--nice", help="Run where no other program has work for the processor.")
    ] = False,
    share: Annotated[
        float | None,
        typer.Option(min=0.01, max=1, help="So much of the processor's time, 0.5 for half of it."),
    ] = None,
) -> None:
    """Tell the genre of each song, in the order they were given.

    Prints a table on a terminal, tab-separated lines elsewhere. A file that cannot be
    classified is a row with its error, or a line on stderr, and makes the exit code 1; the
    others go on. Ctrl-C stops; what is done stays (exit code 130).
    """
    kind = _choose_format(output, template, as_json=as_json, as_csv=as_csv, as_parquet=as_parquet)
    if cluster is not None and (output is None or workers is not None):
        raise typer.BadParameter("goes with -o, and not with --workers", param_hint="--cluster")
    embeddings |= kind == "npz"
    if embeddings and kind not in ("json", "parquet", "parts", "npz"):
        raise typer.BadParameter("goes with --json, or -o with .jsonl, .parquet, .npz or a folder")
    if share is not None and cluster is not None:
        raise typer.BadParameter("is of this machine, not of a cluster", param_hint="--share")
    if per is not None and genres is not None and timeline:
        raise typer.BadParameter(
            "of a timeline, the other genres are not known", param_hint="--per, --genres"
        )
    if fresh and output is None:
        raise typer.BadParameter("goes with -o FILE", param_hint="--fresh")
    from melonnx.infer.errors import NoMusicError
    from melonnx.infer.library.choice import Choice, passed_over
    from melonnx.infer.library.collection import (
        POOL_FROM,
        Groups,
        Output,
        classify_here,
        classify_in_processes,
        summary,
        usable_cores,
    )
    from melonnx.infer.library.find import Song, expand
    from melonnx.infer.model.session import find_model, load_model
    from melonnx.infer.prediction import Prediction
    from melonnx.infer.predictor import Predictor
    from melonnx.infer.results.rows import View, parse_template
    from melonnx.infer.system import let_others_first
    from melonnx.infer.wanted import Wanted, read_genre_list

    wishes = None if genres is None else read_genre_list(genres)
    choice = Choice.asked(longer_than, shorter_than, exclude, paths)
    identify = None
    at_urls = any("://" in path and not path.lower().startswith("http") for path in paths)
    if watch and (output is None or at_urls or cluster is not None or "-" in paths):
        raise typer.BadParameter(
            "goes with -o and with files of this machine", param_hint="--watch"
        )
    if nice:
        let_others_first()
    songs: list[Song] = []
    if cluster is None and not at_urls:
        songs = [] if watch else list(expand(paths, recursive=recursive))
    else:
        from melonnx.infer.library import remote_files

        songs, known = remote_files.find_songs(paths, recursive=recursive)
        identify = partial(remote_files.identify, known=known)
    left: Counter[str] = Counter()
    songs = list(choice.of(songs, left))
    if left:
        print(f"melonnx: {passed_over(left)}", file=sys.stderr)
    failed = [song for song in songs if isinstance(song, Prediction)]
    if output is not None and len(failed) == len(songs) and not watch:
        # A disk that is not there must not empty the output of the last run.
        reasons = "; ".join(dict.fromkeys(str(song.error) for song in failed))
        raise NoMusicError(f"{reasons or 'no song was named'}; {output} stays as it is")
    predictor = None
    spread = workers is not None or share is not None
    if output is not None or spread or len(songs) >= POOL_FROM or at_urls:
        info = load_model(model, device=device, threads=1).info  # type: ignore[arg-type]
        info.bars_at(sure)
    else:
        # For groups, all genres are told: which are wanted is asked of them together.
        asked = None if per is not None else wishes
        predictor = Predictor(model, device, threads, skim, sure, track, asked)  # type: ignore[arg-type]
        info = predictor.info
    if tags and not info.heads:
        raise typer.BadParameter(
            f"{info.name} {info.version} tells genres only", param_hint="--tags"
        )
    wanted = None if wishes is None else Wanted.of_model(info, wishes, sure=sure)
    shown = info.genres if wanted is None else wanted.genres
    view = View(
        *(shown, info.parents, top, min_score), timeline=timeline, embedding=embeddings, tags=tags
    )
    if template is not None:
        try:
            parse_template(template, view)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--format") from None
    groups = None
    if per is not None:
        from melonnx.infer.tags.together import group_by

        groups = Groups(group_by(per), wanted or Wanted.of_model(info, sure=sure))
    elif predictor is None and not timeline:
        view = replace(view, wanted=wanted)  # whole answers are kept, restricted when written
    target = Output(view, kind, template, output, groups)
    if predictor is not None:
        outcome = classify_here(predictor, songs, target)
        if outcome.exit_code:
            raise typer.Exit(outcome.exit_code)
        return
    from melonnx.infer.library.workers import Hearing, share_out

    name = f"{info.name} {info.version}"
    told = wanted.genres if wanted is not None and timeline else None
    rest = 0.0
    if share is not None:
        workers, rest = share_out(share, usable_cores(), workers)
    hearing = Hearing(
        find_model(model), name, device, threads or 1, embeddings, skim, sure, track, told, rest
    )
    hear = partial(
        classify_in_processes, hearing=hearing, output=target, workers=workers, identify=identify
    )
    if watch and output is not None:
        _watch(
            partial(expand, paths, recursive=recursive), choice, hear, output, every, fresh=fresh
        )
        return
    with ExitStack() as stack:
        client = None
        if cluster is not None:
            from melonnx.infer.library.cluster import connect

            client = stack.enter_context(connect(cluster))
        outcome = hear(songs, fresh=fresh, client=client)
    is_batch = len(songs) >= POOL_FROM and sys.stderr.isatty()
    if output is not None or outcome.stopped or is_batch:
        print(f"melonnx: {summary(outcome, output)}", file=sys.stderr)
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)


def _watch(
    find: "Callable[[], Iterator[Song]]",
    choice: "Choice",
    hear: "Callable[..., Outcome]",
    output: Path,
    every_s: float,
    *,
    fresh: bool,
) -> None:
    """Until Ctrl-C."""
    from melonnx.infer.audio.length import length_s
    from melonnx.infer.library.choice import passed_over
    from melonnx.infer.library.collection import summary
    from melonnx.infer.library.watch import only_watcher, remembered, watch_songs
    from melonnx.infer.results.listing import say

    choice = replace(choice, length=remembered(length_s))
    told: list[str] = []
    anew = iter([fresh])

    def look() -> "list[Song]":
        left: Counter[str] = Counter()
        songs = list(choice.of(find(), left))
        if left and passed_over(left) not in told[-1:]:
            told.append(passed_over(left))
            say(told[-1])
        return songs

    def hear_all(songs: "Sequence[Song]") -> bool:
        outcome = hear(songs, fresh=next(anew, False))
        say(summary(outcome, output))
        if outcome.stopped:
            raise typer.Exit(outcome.exit_code)
        return True

    with only_watcher(output):
        watch_songs(look, hear_all, say, every_s=every_s)


def _choose_format(
    output: Path | None, template: str | None, *, as_json: bool, as_csv: bool, as_parquet: bool
) -> str:
    asked = [
        kind
        for kind, is_asked in (
            *(("json", as_json), ("csv", as_csv), ("parquet", as_parquet)),
            ("template", template is not None),
        )
        if is_asked
    ]
    if len(asked) > 1:
        raise typer.BadParameter("--json, --csv, --parquet and --format: one at a time")
    if asked == ["parquet"] and output is None:
        raise typer.BadParameter("goes with -o FILE", param_hint="--parquet")
    if output is not None and not output.name:
        raise typer.BadParameter(f"{str(output)!r} names no file", param_hint="-o")
    if asked and output is not None and output.is_dir():
        raise typer.BadParameter(f"{output} is a folder, for Parquet parts only", param_hint="-o")
    if asked or output is None:
        return asked[0] if asked else "text"
    from melonnx.infer.results.formats import FORMAT_OF

    if output.is_dir() or not output.suffix:
        return "parts"
    if output.suffix.lower() not in FORMAT_OF:
        raise typer.BadParameter(
            f"{output}: ends in none of {', '.join(FORMAT_OF)}; or say --json, --csv, --parquet "
            "or --format",
            param_hint="-o",
        )
    return FORMAT_OF[output.suffix.lower()]
