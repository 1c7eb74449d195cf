"""Decides song by song which genre and mood its tags get, and writes it where that is asked for."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from melonnx.infer.errors import TagError
from melonnx.infer.groups import DIFFERS
from melonnx.infer.prediction import Prediction
from melonnx.infer.results.replace import remove_strays, replacing
from melonnx.infer.system import real_path
from melonnx.infer.tags.containers.names import ENERGY, GENRE, STYLE, VALENCE
from melonnx.infer.tags.fields import Style, read_fields, write_fields
from melonnx.infer.tags.genre_names import genre_name, is_spoken
from melonnx.infer.tags.log import remember
from melonnx.infer.tags.moods import (
    MOOD_FIELDS,
    MOST,
    distinct,
    further_fields,
    key,
    style_names,
)

__all__ = ["Change", "Rules", "Tagged", "tag_songs"]

_Had = Mapping[str, list[str]]
"""By field, what a song's tags have."""


@dataclass(frozen=True)
class Rules:
    """Which songs get a genre, and how it is spelt."""

    names: Mapping[str, str] = field(default_factory=dict)
    """Genre by label, as in :func:`melonnx.infer.tags.genre_names.genre_name`."""
    overwrite: bool = False
    """Songs that have a genre get another."""
    unsure: bool = False
    """Songs get the genre that the model is not sure of."""
    keep_mtime: bool = False
    """Files keep their time of change."""
    top: int = 1
    """Genres that a song may get: the answer, and the likeliest others."""
    least: float = 0.2
    """The probability, 0 to 1, that each of the others has at least."""
    add: bool = False
    """Songs that have a genre keep it and get those that they lack."""
    style: Style = Style()  # noqa: RUF009
    """How several genres are written."""
    styles: bool = False
    """The genres behind the answer are the styles that are said of the song, not other answers;
    ``MOST`` in all."""
    style_field: bool = False
    """The styles go into a field of their own."""
    mood: bool = False
    """Mood, energy and valence go into theirs."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Those that are read, and may be written."""
        return (GENRE, *[STYLE] * self.style_field, *(MOOD_FIELDS if self.mood else ()))

    def genres(self, prediction: Prediction) -> list[str]:
        """What tags get, the likeliest first; empty where the map has nothing for it.

        All that somebody decided on, whatever ``top`` and ``styles`` are.
        """
        if prediction.decided:
            return distinct(genre_name(label, self.names) for label in prediction.decided)
        if self.styles:
            first = genre_name(prediction.label or "", self.names)
            styles = style_names(prediction, self.names) if first else []
            return distinct([first, *styles])[:MOST]
        others = (
            label
            for label, chance in prediction.probabilities.items()
            if label != prediction.label and chance >= self.least
        )
        labels = [prediction.label or "", *others][: self.top]
        return distinct(genre_name(label, self.names) for label in labels)


class Change(NamedTuple):
    """What becomes of a field besides the genre."""

    field: str
    old: list[str]
    new: list[str]

    def __str__(self) -> str:
        """Like ``MOOD: Sad -> Calm; Mellow``."""
        old = "; ".join(self.old) + " -> " if self.old else ""
        return f"{self.field}: {old}{'; '.join(self.new)}"


@dataclass(frozen=True)
class Tagged:
    """One song, the genre that it has, and what becomes of it."""

    path: str
    old: tuple[str, ...] = ()
    new: str | None = None
    """Several are joined by "; "; None where the model was not asked, or failed, or where other
    fields alone are written."""
    outcome: str = "failed"
    """"tag" (to be written), "tagged" (written), "same", "kept" (it has a genre), "spoken" (its
    genre says that it is an audiobook or podcast), "unsure", "no music", "unnamed" (the map has no
    genre for the label), or "failed"."""
    error: str = ""
    fault: str = ""
    """What failed: "tags", "sound", or "" for the file itself."""
    other_links: bool = False
    """The file has further names (hard links), which keep the old tags."""
    torn: str = ""
    """The two likeliest genres, "Pop or Rock", where the answer is unsure."""
    differs: str = ""
    """What the song is by itself, where its album or other group has another genre."""
    changes: tuple[Change, ...] = ()
    """Of other fields than the genre."""


def tag_songs(
    songs: Iterable[str | Prediction],
    hear: Callable[[Sequence[str]], Iterator[Prediction]],
    rules: Rules,
    log: Path | None = None,
) -> Iterator[Tagged]:
    """Give each song what ``hear`` tells and ``rules`` want; one that fails does not stop others.

    ``songs`` may hold failed predictions, which become failed rows. Links are followed, and a
    file that is there twice is taken once. ``hear`` is asked once, for those songs of which a
    field may be written, and answers in their order; their rows come last. ``log``: what it takes
    to undo each change is appended here before it is made; without, nothing is written.
    """
    files: dict[Path, str] = {}
    old: dict[str, _Had] = {}
    for song in songs:
        if isinstance(song, Prediction):
            yield Tagged(song.path, error=song.error or "", fault="sound")
            continue
        try:
            path = real_path(song)
            if path in files:
                continue
            files[path] = song
            had = read_fields(path, rules.fields)
        except TagError as error:
            yield Tagged(song, error=f"{song}: {error}", fault="tags")
        except (OSError, RuntimeError, ValueError) as error:  # a link to itself; a NUL
            yield Tagged(song, error=_reason(song, error))
        else:
            if is_spoken(had[GENRE]):
                yield Tagged(song, tuple(had[GENRE]), outcome="spoken")
            elif all(had.values()) and not (rules.overwrite or rules.add):
                yield Tagged(song, tuple(had[GENRE]), outcome="kept")
            else:
                old[song] = had
    if log is not None:
        for folder in {path.parent for path in files}:
            remove_strays(folder)
    for prediction in hear(list(old)):
        song = prediction.path
        try:
            yield _tag(prediction, old[song], rules, log)
        except TagError as error:
            yield Tagged(song, tuple(old[song][GENRE]), error=f"{song}: {error}", fault="tags")
        except OSError as error:
            yield Tagged(song, tuple(old[song][GENRE]), error=_reason(song, error))


def _tag(prediction: Prediction, had: _Had, rules: Rules, log: Path | None) -> Tagged:
    song, old = prediction.path, tuple(had[GENRE])
    if not prediction.ok:
        return Tagged(song, old, error=prediction.error or "", fault="sound")
    if not prediction.is_music:
        return Tagged(song, old, outcome="no music")
    row, genres = _with_genre(Tagged(song, old), prediction, rules)
    changes = _changes(prediction, had, rules)
    if not (genres or changes):
        return row
    path = real_path(song)
    status = path.stat()
    if log is not None:
        fields = {GENRE: genres} if genres else {}
        fields |= {change.field: change.new for change in changes}
        with replacing(path, status.st_mtime_ns if rules.keep_mtime else None) as copy:
            write_fields(copy, fields, rules.style)
            remember(log, path, copy)
    return replace(
        row,
        new="; ".join(genres) if genres else None,
        outcome="tag" if log is None else "tagged",
        other_links=status.st_nlink > 1,
        changes=tuple(changes),
    )


def _with_genre(row: Tagged, prediction: Prediction, rules: Rules) -> tuple[Tagged, list[str]]:
    """What is said of the song's genre, and those that are to be written; none where it keeps what
    it has.
    """
    old = row.old
    if old and not (rules.overwrite or rules.add):
        return replace(row, outcome="kept"), []
    genres = rules.genres(prediction)
    differs = next((one for one in prediction.warnings if one.startswith(DIFFERS)), "")
    if rules.add and genres:
        genres = [*old, *_lacking(genres, old, rules.style)]
    row = replace(row, new="; ".join(genres))
    if prediction.unsure and not rules.unsure:
        others = [label for label in prediction.probabilities if label != prediction.label]
        pair = [prediction.label or "", *others][:2]
        torn = " or ".join(genre_name(label, rules.names) or label for label in pair)
        return replace(row, outcome="unsure", torn=torn), []
    if not genres:
        return replace(row, outcome="unnamed"), []
    row = replace(row, differs=differs)
    if _is_same(old, genres, rules.style):
        return replace(row, outcome="same"), []
    return row, genres


def _changes(prediction: Prediction, had: _Had, rules: Rules) -> list[Change]:
    """Of the other fields: as with the genre, what is there is kept unless asked otherwise."""
    wanted = further_fields(prediction, rules.names, style=rules.style_field, mood=rules.mood)
    found: list[Change] = []
    for name, values in wanted.items():
        old, new = had[name], values
        if old and rules.add and name not in {ENERGY, VALENCE}:
            new = [*old, *_lacking(values, old, rules.style)]
        elif old and not rules.overwrite:
            continue
        if not _is_same(old, new, rules.style):
            found.append(Change(name, old, new))
    return found


def _is_same(old: Sequence[str], new: list[str], style: Style) -> bool:
    return list(old) in (new, [style.join(new)])


def _lacking(genres: Iterable[str], old: Iterable[str], style: Style) -> list[str]:
    """Those that ``old`` has not; it may have several in one text."""
    sign = (style.separator or "").strip() or "\0"
    had = {key(part) for genre in old for part in (genre, *genre.split(sign))}
    return [genre for genre in genres if key(genre) not in had]


def _reason(song: str, error: Exception) -> str:
    return f"{song}: {getattr(error, 'strerror', None) or error}"
