"""Decides song by song which genre its tags get, and writes it where that is asked for."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from melonnx.infer.errors import AudioError, TagError
from melonnx.infer.genre_names import genre_name
from melonnx.infer.prediction import Prediction
from melonnx.infer.replace import remove_strays, replacing
from melonnx.infer.tag_log import remember
from melonnx.infer.tags import read_genres, write_genre

__all__ = ["Rules", "Tagged", "tag_songs"]


@dataclass(frozen=True)
class Rules:
    """Which songs get a genre, and how it is spelt."""

    names: Mapping[str, str] = field(default_factory=dict)
    """Genre by label, as in :func:`melonnx.infer.genre_names.genre_name`."""
    overwrite: bool = False
    """Songs that have a genre get another."""
    unsure: bool = False
    """Songs get the genre that the model is not sure of."""
    keep_mtime: bool = False
    """Files keep their time of change."""


@dataclass(frozen=True)
class Tagged:
    """One song, the genre that it has, and what becomes of it."""

    path: str
    old: tuple[str, ...] = ()
    new: str | None = None
    """None where the model was not asked, or failed."""
    outcome: str = "failed"
    """"tag" (to be written), "tagged" (written), "same", "kept" (it has a genre), "unsure",
    "unnamed" (the map has no genre for the label), or "failed"."""
    error: str = ""
    other_links: bool = False
    """The file has further names (hard links), which keep the old tags."""


def tag_songs(
    songs: Iterable[Path | Prediction],
    predict: Callable[[Path], Prediction],
    rules: Rules,
    log: Path | None = None,
) -> Iterator[Tagged]:
    """Give each song the genre that ``predict`` tells; one that fails does not stop the others.

    ``songs`` may hold failed predictions, which become failed rows. Links are followed, and a
    file that is there twice is taken once. ``predict`` is asked only of songs whose genre may
    be written, and may raise AudioError. ``log``: what it takes to undo each change is
    appended here before it is made; without, nothing is written.
    """
    seen: set[Path] = set()
    for song in songs:
        if isinstance(song, Prediction):
            yield Tagged(song.path, error=song.error or "")
            continue
        try:
            path = song.resolve(strict=True)
            if path in seen:
                continue
            if log is not None and not any(path.parent == other.parent for other in seen):
                remove_strays(path.parent)
            seen.add(path)
            yield _tag(song, path, predict, rules, log)
        except AudioError as error:
            yield Tagged(str(song), error=str(error))
        except TagError as error:
            yield Tagged(str(song), error=f"{song}: {error}")
        except (OSError, RuntimeError) as error:  # the latter: a link to itself
            yield Tagged(str(song), error=f"{song}: {getattr(error, 'strerror', None) or error}")


def _tag(
    song: Path,
    path: Path,
    predict: Callable[[Path], Prediction],
    rules: Rules,
    log: Path | None,
) -> Tagged:
    old = tuple(read_genres(path))
    if old and not rules.overwrite:
        return Tagged(str(song), old, outcome="kept")
    prediction = predict(song)
    if not prediction.ok:
        return Tagged(str(song), old, error=prediction.error or "")
    new = genre_name(prediction.label or "", rules.names)
    if prediction.unsure and not rules.unsure:
        outcome = "unsure"
    elif not new:
        outcome = "unnamed"
    elif old == (new,):
        outcome = "same"
    else:
        outcome = "tag"
    if log is None or outcome != "tag":
        return Tagged(str(song), old, new, outcome, other_links=_has_other_links(path))
    other_links = _has_other_links(path)
    mtime_ns = path.stat().st_mtime_ns if rules.keep_mtime else None
    with replacing(path, mtime_ns) as copy:
        write_genre(copy, new)
        remember(log, path, copy)
    return Tagged(str(song), old, new, "tagged", other_links=other_links)


def _has_other_links(path: Path) -> bool:
    return path.stat().st_nlink > 1
