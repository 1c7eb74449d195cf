"""Decides song by song which genre its tags get, and writes it where that is asked for."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from melonnx.infer.errors import TagError
from melonnx.infer.groups import DIFFERS
from melonnx.infer.prediction import Prediction
from melonnx.infer.results.replace import remove_strays, replacing
from melonnx.infer.tags.fields import Style, read_genres, write_genres
from melonnx.infer.tags.genre_names import genre_name, is_spoken
from melonnx.infer.tags.log import remember

__all__ = ["Rules", "Tagged", "tag_songs"]


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

    def genres(self, prediction: Prediction) -> list[str]:
        """What tags get, the likeliest first; empty where the map has nothing for it."""
        others = (
            label
            for label, chance in prediction.probabilities.items()
            if label != prediction.label and chance >= self.least
        )
        labels = [prediction.label or "", *others][: self.top]
        return _distinct(genre_name(label, self.names) for label in labels)


@dataclass(frozen=True)
class Tagged:
    """One song, the genre that it has, and what becomes of it."""

    path: str
    old: tuple[str, ...] = ()
    new: str | None = None
    """Several are joined by "; "; None where the model was not asked, or failed."""
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


def tag_songs(
    songs: Iterable[str | Prediction],
    hear: Callable[[Sequence[str]], Iterator[Prediction]],
    rules: Rules,
    log: Path | None = None,
) -> Iterator[Tagged]:
    """Give each song the genre that ``hear`` tells; one that fails does not stop the others.

    ``songs`` may hold failed predictions, which become failed rows. Links are followed, and a
    file that is there twice is taken once. ``hear`` is asked once, for those songs whose genre
    may be written, and answers in their order; their rows come last. ``log``: what it takes to
    undo each change is appended here before it is made; without, nothing is written.
    """
    files: dict[Path, str] = {}
    old: dict[str, tuple[str, ...]] = {}
    for song in songs:
        if isinstance(song, Prediction):
            yield Tagged(song.path, error=song.error or "", fault="sound")
            continue
        try:
            path = Path(song).resolve(strict=True)
            if path in files:
                continue
            files[path] = song
            genres = tuple(read_genres(path))
        except TagError as error:
            yield Tagged(song, error=f"{song}: {error}", fault="tags")
        except (OSError, RuntimeError, ValueError) as error:  # a link to itself; a NUL
            yield Tagged(song, error=_reason(song, error))
        else:
            if is_spoken(genres):
                yield Tagged(song, genres, outcome="spoken")
            elif genres and not (rules.overwrite or rules.add):
                yield Tagged(song, genres, outcome="kept")
            else:
                old[song] = genres
    if log is not None:
        for folder in {path.parent for path in files}:
            remove_strays(folder)
    for prediction in hear(list(old)):
        song = prediction.path
        try:
            yield _tag(prediction, old[song], rules, log)
        except TagError as error:
            yield Tagged(song, old[song], error=f"{song}: {error}", fault="tags")
        except OSError as error:
            yield Tagged(song, old[song], error=_reason(song, error))


def _tag(prediction: Prediction, old: tuple[str, ...], rules: Rules, log: Path | None) -> Tagged:
    song = prediction.path
    if not prediction.ok:
        return Tagged(song, old, error=prediction.error or "", fault="sound")
    genres = rules.genres(prediction)
    differs = next((one for one in prediction.warnings if one.startswith(DIFFERS)), "")
    if rules.add and genres:
        genres = [*old, *_lacking(genres, old, rules.style)]
    new = "; ".join(genres)
    if not prediction.is_music:
        return Tagged(song, old, outcome="no music")
    if prediction.unsure and not rules.unsure:
        others = [label for label in prediction.probabilities if label != prediction.label]
        pair = [prediction.label or "", *others][:2]
        torn = " or ".join(genre_name(label, rules.names) or label for label in pair)
        return Tagged(song, old, new, "unsure", torn=torn)
    if not genres:
        return Tagged(song, old, new, "unnamed")
    if old in {tuple(genres), (rules.style.join(genres),)}:
        return Tagged(song, old, new, "same", differs=differs)
    path = Path(song).resolve(strict=True)
    status = path.stat()
    if log is not None:
        with replacing(path, status.st_mtime_ns if rules.keep_mtime else None) as copy:
            write_genres(copy, genres, rules.style)
            remember(log, path, copy)
    outcome = "tag" if log is None else "tagged"
    other_links = status.st_nlink > 1
    return Tagged(song, old, new, outcome, other_links=other_links, differs=differs)


def _distinct(genres: Iterable[str]) -> list[str]:
    """Each once, whatever its spelling; without empty ones."""
    found: dict[str, str] = {}
    for genre in genres:
        if genre:
            found.setdefault(_key(genre), genre)
    return list(found.values())


def _lacking(genres: Iterable[str], old: Iterable[str], style: Style) -> list[str]:
    """Those that ``old`` has not; it may have several in one text."""
    sign = (style.separator or "").strip() or "\0"
    had = {_key(part) for genre in old for part in (genre, *genre.split(sign))}
    return [genre for genre in genres if _key(genre) not in had]


def _key(genre: str) -> str:
    """One for "Hip Hop", "hip-hop" and "HipHop"."""
    return "".join(filter(str.isalnum, genre.casefold())) or genre


def _reason(song: str, error: Exception) -> str:
    return f"{song}: {getattr(error, 'strerror', None) or error}"
