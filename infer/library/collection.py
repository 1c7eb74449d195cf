"""Takes songs all the way to their answers: on a screen, in a pipe, in a file."""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Hashable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from melonnx.infer.errors import OutputError
from melonnx.infer.groups import Witness, agree, grouped, witness
from melonnx.infer.library.find import Song, classify_files, expand
from melonnx.infer.prediction import Prediction
from melonnx.infer.predictor import Predictor
from melonnx.infer.results.output import complaints, line_writer, table_writer
from melonnx.infer.results.progress import Progress, show_progress
from melonnx.infer.results.rows import View
from melonnx.infer.wanted import Wanted

if TYPE_CHECKING:
    from melonnx.infer.library.batch import Identify
    from melonnx.infer.library.workers import Answer, End, Hearing, Job
    from melonnx.infer.results.formats import Write

__all__ = [
    "POOL_FROM",
    "Groups",
    "Outcome",
    "Output",
    "classify_few",
    "classify_here",
    "classify_in_processes",
    "summary",
    "usable_cores",
]

POOL_FROM = 8
"""Songs for which worker processes are worth their start of half a second."""
_UNSURE = ("below the bar", "too short", "no music")
"""What makes an answer unsure."""


@dataclass(frozen=True)
class Groups:
    """Songs that belong together, and what may be their answer."""

    key: Callable[[str], Hashable | None]
    """As of ``answer_by_group``."""
    wanted: Wanted


@dataclass(frozen=True)
class Output:
    """Where answers go, and how they look."""

    view: View
    kind: str = "text"
    """"json", "csv", "parquet", "parts" (a folder of Parquet files), "npz", "template"; or "text":
    a table or lines, for stdout."""
    template: str | None = None
    path: Path | None = None
    """None for stdout."""
    groups: "Groups | None" = None
    """Which songs get one answer; None where each has its own."""
    notice: Callable[[Prediction], None] | None = None
    """Is given each answer, too, as it comes."""

    @property
    def is_table(self) -> bool:
        """It is for people's eyes."""
        return self.path is None and self.kind == "text" and sys.stdout.isatty()

    @property
    def has_bar(self) -> bool:
        """A progress bar and what is printed are not on one screen."""
        return self.is_table or self.path is not None or not sys.stdout.isatty()

    @property
    def tells_failures(self) -> bool:
        """A failed song is a row that says why."""
        without = self.kind in ("text", "npz", "template")
        return not without or "{error" in (self.template or "")


@dataclass
class Outcome:
    """What became of the songs."""

    songs: int = 0
    """That were asked for."""
    answered: int = 0
    """Rows, failed ones among them."""
    failed: int = 0
    reasons: Counter[str] = field(default_factory=Counter[str])
    """Songs by why they are unsure or failed."""
    heard: int = 0
    """Not known before."""
    seconds: float = 0.0
    stopped: bool = False
    """By Ctrl-C."""

    @property
    def exit_code(self) -> int:
        """Of the command."""
        return 130 if self.stopped else 1 if self.failed else 0


def classify_here(predictor: Predictor, songs: Sequence[Song], output: Output) -> Outcome:
    """Answer a few songs in this process, to stdout."""
    outcome = Outcome(len(songs))
    with show_progress(len(songs), shown=output.has_bar) as progress:
        predictions = classify_files(predictor, songs)
        if output.groups is not None:
            predictions = _in_groups(predictions, output.groups)
        _write_all(predictions, output, "", len(songs), progress, outcome, advance=True)
    return outcome


def classify_few(paths: Sequence[str]) -> Outcome | None:
    """What ``melonnx classify`` does with a few songs and no option; None where they are more.

    Raises what a :class:`Predictor` raises.
    """
    songs = list(expand(paths))
    if len(songs) >= POOL_FROM:
        return None
    predictor = Predictor()
    view = View(predictor.info.genres, predictor.info.parents)
    return classify_here(predictor, songs, Output(view))


def classify_in_processes(
    songs: Sequence[Song],
    hearing: "Hearing",
    output: Output,
    *,
    workers: int | None = None,
    fresh: bool = False,
    client: Any = None,
    identify: "Identify | None" = None,
    stop: "End | None" = None,
) -> Outcome:
    """Answer any number of songs in worker processes, until Ctrl-C.

    ``client``: of a Dask cluster, whose workers hear instead of processes here. ``identify``: what
    tells that a song is the one that was heard; by default, that of a local file. ``stop``: ends
    the run, in Ctrl-C's place, when something can be read from it; a thread needs one.

    With a path, each song is one row, and a journal beside the output holds what was answered
    (``fresh``: it is emptied first). ``workers``: one for each core by default.

    Raises OutputError and JournalError where the output cannot be written; the journal, in the
    first case, keeps what was answered.
    """
    from melonnx.infer.audio.digest import audio_digest
    from melonnx.infer.library.batch import answer_in_order, match_journal
    from melonnx.infer.library.journal import file_identity, journal_path, model_key, open_journal
    from melonnx.infer.library.workers import hear_in_processes, stop_on_interrupt

    outcome = Outcome()
    identify = identify or file_identity
    with ExitStack() as stack:
        journal = offsets = None
        to_hear = sum(isinstance(song, str) for song in songs)
        if output.path is not None:
            _require_no_device(output.path)
            key = model_key(hearing.model, hearing.heard_by)
            beside = journal_path(output.path)
            keeps = open_journal(beside, key, embedding=hearing.embedding, fresh=fresh)
            journal = stack.enter_context(keeps)
            songs = _once_each(songs)
            offsets = match_journal(songs, journal, identify, audio_digest)
            to_hear = sum(
                isinstance(song, str) and offset < 0
                for song, offset in zip(songs, offsets, strict=True)
            )
        outcome.songs = len(songs)
        processes = min(workers or usable_cores(), to_hear)
        end: End = stop or stack.enter_context(stop_on_interrupt())
        progress = stack.enter_context(show_progress(to_hear, shown=output.has_bar))

        def advance() -> None:
            outcome.heard += 1
            progress.advance()

        def hear(jobs: "Iterator[Job | None]") -> "Generator[Answer, None, None]":
            if client is not None:
                from melonnx.infer.library.cluster import hear_in_cluster

                return hear_in_cluster(jobs, client, hearing, end)
            return hear_in_processes(jobs, processes, hearing, end)

        began = time.monotonic()
        predictions = answer_in_order(
            songs, hear, journal, offsets,
            identify=identify, digest=audio_digest, progress=advance,
        )  # fmt: skip
        answers: Iterator[Prediction] = predictions
        if output.groups is not None:
            again = None
            if journal is not None:  # which holds more than memory does
                kept = journal, offsets
                again = partial(answer_in_order, songs, _hear_nothing, *kept, identify=identify)
            answers = _in_groups(predictions, output.groups, again)
        with closing(predictions):
            _write_all(answers, output, hearing.model_name, len(songs), progress, outcome)
        outcome.seconds = time.monotonic() - began
        outcome.stopped = end.poll()
    return outcome


def _in_groups(
    predictions: Iterator[Prediction],
    groups: Groups,
    again: Callable[[], Iterator[Prediction]] | None = None,
) -> Iterator[Prediction]:
    """The answers of groups, once all songs are heard; ``again`` tells the songs a second time,
    so that they need not be kept.
    """
    key, wanted = groups.key, groups.wanted
    kept: list[Prediction] = []
    witnesses: list[Witness] = []
    for song in predictions:
        witnesses.append(witness(song, key(song.path) if song.ok else None, wanted))
        if again is None:
            kept.append(song)
    songs = iter(kept) if again is None else again()
    for song, verdict in zip(songs, agree(witnesses, wanted), strict=True):
        yield grouped(song, verdict, wanted)


def _hear_nothing(_: "Iterator[Job | None]") -> "Generator[Answer, None, None]":
    yield from ()


def summary(outcome: Outcome, path: Path | None) -> str:
    """One line on how a long run ended."""
    where = "" if path is None else f" in {path}"
    songs = f"{outcome.answered:,} song" + "s" * (outcome.answered != 1)
    if outcome.stopped:
        songs = f"stopped at {outcome.answered:,} of {outcome.songs:,} songs"
    parts = [songs + where]
    speed = outcome.heard / outcome.seconds if outcome.seconds else 0.0
    parts.append(f"{outcome.heard:,} heard now ({speed:.1f} a second)")
    parts += _counts(outcome)
    if outcome.stopped and path is not None:
        parts.append("the same command goes on")
    return "; ".join(parts)


def _counts(outcome: Outcome) -> Iterator[str]:
    """How many are sure, unsure and failed, and why."""
    unsure = [one for one in outcome.reasons.items() if one[0] in _UNSURE]
    failed = [one for one in outcome.reasons.items() if one[0] not in _UNSURE]
    n_unsure = sum(count for _, count in unsure)
    yield f"{outcome.answered - outcome.failed - n_unsure:,} sure"
    for name, total, kinds in (("unsure", n_unsure, unsure), ("failed", outcome.failed, failed)):
        told = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds, key=_falling))
        yield f"{total:,} {name}" + (f" ({told})" if told else "")


def _falling(one: tuple[str, int]) -> tuple[int, str]:
    return -one[1], one[0]


def _why(prediction: Prediction) -> str | None:
    """What the answer is counted as; None where it is sure."""
    if not prediction.ok:
        return prediction.status.replace("_", " ")
    if not prediction.unsure:
        return None
    below, short, no_music = _UNSURE
    return no_music if not prediction.is_music else short if prediction.is_short else below


def _write_all(
    predictions: Iterator[Prediction],
    output: Output,
    model: str,
    total: int,
    progress: Progress,
    outcome: Outcome,
    *,
    advance: bool = False,
) -> None:
    with _open(output, model, total, progress) as write:
        for prediction in predictions:
            outcome.answered += 1
            outcome.failed += not prediction.ok
            if why := _why(prediction.shown(min_score=output.view.min_score)):
                outcome.reasons[why] += 1
            if not output.is_table and (output.path is None or not output.tells_failures):
                for line in complaints(prediction):
                    progress.say(line)
            write(prediction)
            if output.notice is not None:
                output.notice(prediction)
            if advance:
                progress.advance()


@contextmanager
def _open(output: Output, model: str, total: int, progress: Progress) -> "Iterator[Write]":
    if output.path is None:
        with _stdout(output, total, progress) as write:
            yield write
        return
    from melonnx.infer.results.formats import open_output

    try:
        with open_output(output.path, output.kind, output.view, model, output.template) as write:
            yield write
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"{output.path}: cannot be written ({reason}); what was heard is kept in its journal"
        ) from None


def _require_no_device(path: Path) -> None:
    """A file would be put in its place: as root, in that of /dev/null."""
    if path.exists() and not path.is_dir() and not path.is_file():
        raise OutputError(f"{path}: is a device or a pipe; without -o, answers go to stdout")


@contextmanager
def _stdout(output: Output, total: int, progress: Progress) -> "Iterator[Write]":
    if output.is_table:
        with table_writer(output.view, total, progress) as write:
            yield write
        return
    if output.kind == "text":
        lines = line_writer(sys.stdout, output.view)
    else:
        from melonnx.infer.results.formats import text_writer

        lines = text_writer(sys.stdout, output.kind, output.view, output.template)
    with lines as write:

        def write_now(prediction: Prediction) -> None:
            write(prediction)
            sys.stdout.flush()  # whoever reads the pipe has it as it comes

        yield write_now


def _once_each(songs: Sequence[Song]) -> list[Song]:
    """A file that several arguments name is one row."""
    seen: dict[str, Song] = {}
    for song in songs:
        name = song.path if isinstance(song, Prediction) else song
        seen.setdefault(name if "://" in name else os.path.abspath(name), song)
    return list(seen.values())


def usable_cores() -> int:
    """Processor cores that this process may use, which may be fewer than there are."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
