"""Where a command's songs come from: files to listen to, or predictions made before."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from melonnx.infer.results.listing import say

if TYPE_CHECKING:
    from collections.abc import Generator

    from melonnx.infer.library.choice import Choice
    from melonnx.infer.library.wishes import Wishes
    from melonnx.infer.library.workers import Answer, Job
    from melonnx.infer.model.metadata import ModelInfo
    from melonnx.infer.prediction import Prediction
    from melonnx.infer.results.decisions import Decision
    from melonnx.infer.results.reading import Results

_Song = TypeVar("_Song", bound="str | Prediction")

__all__ = ["From", "Paths", "open_songs"]

Paths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PATH", help="Audio files, folders, globs in quotes, playlists; - for stdin."
    ),
]
From = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="RESULTS",
        help="Instead of PATH: what melonnx classify -o wrote (.jsonl, .csv, .parquet), or - for "
        "JSON lines on stdin. Nothing is heard again.",
    ),
]


def open_songs(
    paths: list[str] | None,
    results: Path | None,
    *,
    recursive: bool,
    model: Path | None,
    device: str,
    workers: int | None,
    wishes: "Wishes",
    skim: bool,
    track: int | None,
    choice: "Choice",
    decisions: Path | None = None,
) -> "tuple[list[str | Prediction], Callable[[Sequence[str | Prediction]], Iterator[Prediction]]]":
    """The songs, failed ones among them, and what tells the predictions of any of them, in order.

    No model is loaded before a song is to be heard, unless ``wishes`` need one. Raises
    ResultsFileError, UnknownGenreError, and typer.BadParameter unless there is one source; that of
    predictions made before has no other bars than those it was made with. What was decided, in
    ``decisions`` or beside ``results``, is not heard, and is as it was decided.
    """
    if bool(paths) == (results is not None):
        raise typer.BadParameter("give files, or --from RESULTS", param_hint="PATH")
    if results is not None and wishes.sure != 90 and not (wishes.genres or wishes.group):
        raise typer.BadParameter(
            "what is unsure in RESULTS was told then: say it to melonnx classify",
            param_hint="--sure",
        )
    about_hearing = ["--track"] * (track is not None) + ["--whole"] * (not skim)
    if results is not None and about_hearing:
        raise typer.BadParameter("nothing is heard again", param_hint=", ".join(about_hearing))
    if results is not None:
        return _from_results(results, model, wishes, choice, _decided(results, decisions))

    from melonnx.infer.library.find import expand

    songs = list(_chosen(expand(paths or [], recursive=recursive), choice))
    wanted = None
    if wishes.need_a_model:
        from melonnx.infer.model.session import load_model

        wanted = wishes.of_model(load_model(model, device="cpu", threads=1).info)
    hear = partial(
        _hear,
        model=model,
        device=device,
        workers=workers,
        skim=skim,
        sure=wishes.sure,
        track=track,
    )

    def answers(asked: "Sequence[str | Prediction]") -> "Iterator[Prediction]":
        return wishes.answers(hear(asked), wanted) if wanted else hear(asked)

    made = _decided(None, decisions)
    return songs, (lambda asked: _but_decided(asked, made, answers)) if made else answers


def _decided(results: Path | None, decisions: Path | None) -> "dict[str, Decision]":
    """What was decided, and where nothing is said of it, beside the results."""
    from melonnx.infer.results.decisions import decisions_file, read_decisions

    decisions = decisions_file(results, decisions)
    if decisions is None:
        return {}
    made = read_decisions(decisions)
    say(f"{len(made):,} songs are as {decisions} has them")
    return made


def _but_decided(
    songs: "Sequence[str | Prediction]",
    made: "dict[str, Decision]",
    answers: "Callable[[Sequence[str | Prediction]], Iterator[Prediction]]",
) -> "Iterator[Prediction]":
    """In the order of ``songs``; those that were decided are not heard."""
    from melonnx.infer.prediction import Prediction
    from melonnx.infer.results.decisions import as_decided, key_of

    def is_decided(song: "str | Prediction") -> bool:
        return key_of(song if isinstance(song, str) else song.path) in made

    heard = answers([song for song in songs if not is_decided(song)])
    for song in songs:
        if is_decided(song):
            yield as_decided(Prediction(song) if isinstance(song, str) else song, made)
        else:
            yield next(heard)


def _from_results(
    results: Path,
    model: Path | None,
    wishes: "Wishes",
    choice: "Choice",
    made: "dict[str, Decision]",
) -> "tuple[list[str | Prediction], Callable[[Sequence[str | Prediction]], Iterator[Prediction]]]":
    """Predictions that were made before, as they are wished for now, few of them in memory."""
    from melonnx.infer.library.wishes import model_that_made
    from melonnx.infer.results.decisions import as_decided
    from melonnx.infer.results.reading import open_results

    rows = open_results(results)
    songs = [row.path if row.ok else row for row in _chosen(rows, choice)]
    info = model_that_made(rows.models, model) if wishes.need_a_model else None
    answer = _as_wished(rows, [one for one in songs if isinstance(one, str)], info, wishes)

    def hear(asked: "Sequence[str | Prediction]") -> "Iterator[Prediction]":
        known = rows.of(song for song in asked if isinstance(song, str))
        return (
            as_decided(answer(next(known)), made) if isinstance(song, str) else song
            for song in asked
        )

    return songs, hear


def _chosen(songs: "Iterable[_Song]", choice: "Choice") -> "Iterator[_Song]":
    """Those that are wanted; of the others, a line says how many."""
    from melonnx.infer.library.choice import passed_over

    left: Counter[str] = Counter()
    yield from choice.of(songs, left)
    if left:
        say(passed_over(left))


def _as_wished(
    rows: "Results", songs: "list[str]", info: "ModelInfo | None", wishes: "Wishes"
) -> "Callable[[Prediction], Prediction]":
    """What makes of a prediction that was made before what is wished for now."""
    if info is None:
        if wishes.genres is None and wishes.group is None:
            return lambda row: row
        from melonnx.infer.errors import ResultsFileError

        made_by = ", ".join(sorted(name or "an unknown model" for name in rows.models))
        raise ResultsFileError(
            "--genres and --per need the file of the model that made the results "
            f"({made_by}): give it with --model"
        )
    wanted = wishes.of_model(info)
    if rows.genres - {frozenset(info.genres)}:  # some rows are not whole
        if wishes.genres is not None or wishes.group is not None:
            for row in rows:
                if row.ok:
                    wanted.require_all(row)
        elif not wanted.changes_nothing:
            say(
                "these results do not hold all probabilities, so those of genres with one name do "
                "not add up; .jsonl holds all"
            )
        return lambda row: row
    if wishes.group is None:
        return wanted.answer
    from melonnx.infer.groups import agree, grouped, witness

    witnesses = [witness(row, wishes.group(row.path), wanted) for row in rows.of(songs)]
    verdicts = dict(zip(songs, agree(witnesses, wanted), strict=True))
    return lambda row: grouped(row, verdicts[row.path], wanted)


def _hear(
    songs: "Sequence[str | Prediction]",
    *,
    model: Path | None,
    device: str,
    workers: int | None,
    skim: bool,
    sure: int,
    track: int | None,
) -> "Iterator[Prediction]":
    """Raises KeyboardInterrupt after the last answer where Ctrl-C has stopped it."""
    if not songs:
        return
    from melonnx.infer.library.collection import POOL_FROM, usable_cores

    if workers is None and len(songs) < POOL_FROM:
        from melonnx.infer.library.find import classify_files
        from melonnx.infer.predictor import Predictor

        predictor = Predictor(model, device, skim=skim, sure=sure, track=track)  # type: ignore[arg-type]
        yield from classify_files(predictor, songs)
        return
    from melonnx.infer.library.batch import answer_in_order
    from melonnx.infer.library.workers import Hearing, hear_in_processes, stop_on_interrupt
    from melonnx.infer.model.session import find_model, load_model

    info = load_model(model, device=device, threads=1).info  # type: ignore[arg-type]
    info.bars_at(sure)
    hearing = Hearing(
        find_model(model),
        f"{info.name} {info.version}",
        device,
        skim=skim,
        sure=sure,
        track=track,
    )
    processes = min(workers or usable_cores(), len(songs))
    with stop_on_interrupt() as stop:

        def hear(jobs: "Iterator[Job | None]") -> "Generator[Answer, None, None]":
            return hear_in_processes(jobs, processes, hearing, stop)

        with closing(answer_in_order(songs, hear)) as predictions:
            yield from predictions
        if stop.poll():
            raise KeyboardInterrupt
