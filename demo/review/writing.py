"""Writes decided genres into the songs' tags: shown first, with a log that undoes it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from melonnx.infer.errors import MelonnxError
from melonnx.infer.prediction import Prediction
from melonnx.infer.results.decisions import Decision, as_decided

__all__ = ["Change", "Restored", "plan", "require_tags", "undo", "write"]


@dataclass(frozen=True)
class Change:
    """What becomes of one song's tags."""

    path: str
    old: tuple[str, ...]
    new: str
    outcome: str
    """As in :class:`melonnx.infer.tags.tagging.Tagged`."""
    error: str


@dataclass(frozen=True)
class Restored:
    """What an undo came to."""

    paths: tuple[str, ...]
    failed: int


def plan(decisions: Mapping[str, Decision]) -> list[Change]:
    """What :func:`write` would do; needs mutagen (ModuleNotFoundError)."""
    return list(_changes(decisions, None))


def write(decisions: Mapping[str, Decision]) -> tuple[list[Change], Path]:
    """Write every decided song's genres, in place of those that it has.

    Returns what was done, and the log that undoes it. Needs mutagen (ModuleNotFoundError). Raises
    TagError where there is no home for the log.
    """
    from melonnx.infer.tags.log import default_log

    log = default_log()
    return list(_changes(decisions, log)), log


def undo(log: Path) -> Restored:
    """Make every file of ``log`` what it was. Raises ResultsFileError."""
    from melonnx.infer.tags.log import restore

    rows = list(restore(log))
    failed = sum(row.outcome == "failed" for row in rows)
    return Restored(tuple(row.path for row in rows), failed)


def require_tags() -> None:
    """Raises MissingExtraError's cause in words, where mutagen is not there."""
    try:
        import mutagen  # noqa: F401
    except ModuleNotFoundError:
        raise MelonnxError(
            'writing needs the "tags" extra: pip install "melonnx[tags]"; your decisions stay'
        ) from None


def _changes(decisions: Mapping[str, Decision], log: Path | None) -> Iterator[Change]:
    from melonnx.infer.tags.tagging import Rules, tag_songs

    def hear(songs: Sequence[str | Prediction]) -> Iterator[Prediction]:
        for song in songs:
            yield as_decided(Prediction(song) if isinstance(song, str) else song, decisions)

    songs = [song for song, decision in decisions.items() if decision.genres]
    for row in tag_songs(songs, hear, Rules(overwrite=True), log):
        yield Change(row.path, row.old, row.new or "", row.outcome, row.error)
