"""Finds music in folders and classifies many files, each on its own."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from melonnx.infer.errors import AudioError, MelonnxError, NoMusicError
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
    found = sorted(
        path
        for path in (folder.rglob("*") if recursive else folder.iterdir())
        if path.suffix.lower() in AUDIO_SUFFIXES
        and not path.name.startswith(".")
        and path.is_file()
    )
    if not found:
        hint = "" if recursive else "; --recursive looks in its subfolders too"
        raise NoMusicError(f"{folder}: is a folder without music{hint}")
    return found


def expand(paths: Iterable[Path], *, recursive: bool = False) -> Iterator[Path | Prediction]:
    """Replace each folder by its music; one without any becomes a failed row."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        try:
            yield from find_music(path, recursive=recursive)
        except (NoMusicError, OSError) as error:
            reason = (
                error
                if isinstance(error, MelonnxError)
                else NoMusicError(f"{path}: cannot be listed ({error.strerror})")
            )
            yield Prediction.failed(str(path), reason)


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
