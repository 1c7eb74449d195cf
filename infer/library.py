"""Finds music in folders and classifies many files, each on its own."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from melonnx.infer.errors import AudioError, NoMusicError
from melonnx.infer.prediction import Prediction
from melonnx.infer.predictor import Predictor

__all__ = ["AUDIO_SUFFIXES", "classify_files", "expand", "find_music"]

AUDIO_SUFFIXES = frozenset(
    (
        *(".aac", ".aif", ".aifc", ".aiff", ".au", ".caf", ".flac", ".m4a", ".mp2", ".mp3"),
        *(".mp4", ".oga", ".ogg", ".opus", ".snd", ".wav", ".wave", ".webm", ".wma"),
    )
)


def find_music(folder: Path, *, recursive: bool = False) -> list[Path]:
    """The files in ``folder`` with an audio suffix, sorted; hidden ones are left out.

    Raises NoMusicError where there is none.
    """
    songs, failed = _search(folder, recursive=recursive)
    if not songs:
        raise NoMusicError(failed[0].error)
    return songs


def expand(
    paths: Iterable[str | os.PathLike[str]], *, recursive: bool = False
) -> Iterator[Path | Prediction]:
    """Replace each folder by its music; what cannot be listed or has none is a failed row."""
    for path in paths:
        if not os.fspath(path):
            yield Prediction.failed("", NoMusicError("an empty path names no file"))
        elif _is_folder(Path(path)):
            songs, failed = _search(Path(path), recursive=recursive)
            yield from songs
            yield from failed
        else:
            yield Path(path)


def _search(folder: Path, *, recursive: bool) -> tuple[list[Path], list[Prediction]]:
    """The music, sorted, and a row for each folder that cannot be listed; never neither."""
    songs: list[Path] = []
    failed: list[Prediction] = []

    def fail(error: OSError) -> None:
        reason = NoMusicError(f"{error.filename}: cannot be listed ({error.strerror})")
        failed.append(Prediction.failed(error.filename, reason))

    for place, _, names in os.walk(folder, onerror=fail):
        paths = (Path(place, name) for name in names if not name.startswith("."))
        songs += [path for path in paths if path.suffix.lower() in AUDIO_SUFFIXES if _is_file(path)]
        if not recursive:
            break
    if not songs and not failed:
        hint = "" if recursive else "; --recursive looks in its subfolders too"
        reason = NoMusicError(f"{folder}: is a folder without music{hint}")
        failed.append(Prediction.failed(str(folder), reason))
    return sorted(songs), failed


def _is_file(path: Path) -> bool:
    """Not a pipe, nor a link that leads nowhere; what is locked says so when it is opened."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError as error:
        return isinstance(error, PermissionError)


def _is_folder(path: Path) -> bool:
    """What cannot be known of it, whoever opens it will say."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def classify_files(
    predictor: Predictor, paths: Iterable[Path | Prediction], *, top: int | None = None
) -> Iterator[Prediction]:
    """Classify each path in turn; one that fails is a row that says why, and the rest go on."""
    for path in paths:
        if isinstance(path, Prediction):
            yield path
            continue
        try:
            yield predictor.predict(path, top=top)
        except AudioError as error:
            info = predictor.info
            yield Prediction.failed(str(path), error, f"{info.name} {info.version}")
