"""Finds music in folders and classifies many files, each on its own."""

import os
import stat
from collections.abc import Iterable, Iterator
from glob import has_magic, iglob
from pathlib import Path

from melonnx.infer.errors import AudioError, NoMusicError
from melonnx.infer.library.playlist import PLAYLIST_SUFFIXES, list_on_stdin, read_playlist
from melonnx.infer.prediction import Prediction
from melonnx.infer.predictor import Predictor
from melonnx.infer.results.places import find_spelt
from melonnx.infer.system import reachable

__all__ = ["AUDIO_SUFFIXES", "Song", "classify_files", "expand", "find_music", "is_passed_over"]

Song = str | Prediction
"""A path, or the failed row of what is none."""

AUDIO_SUFFIXES = frozenset(
    (
        *(".aac", ".aif", ".aifc", ".aiff", ".au", ".caf", ".flac", ".m4a", ".mp2", ".mp3"),
        *(".mp4", ".oga", ".ogg", ".opus", ".snd", ".wav", ".wave", ".webm", ".wma"),
        *(".ac3", ".amr", ".ape", ".dff", ".dsf", ".dts", ".eac3", ".m4b", ".m4r", ".mka", ".mp1"),
        *(".mpc", ".mpga", ".rf64", ".spx", ".tak", ".tta", ".w64", ".weba", ".wv"),
    )
)
"""What is found in folders, by name alone; what it is, the bytes say. Videos (mkv, mov, avi, flv)
are heard where they are named, as a path or by a glob ("Films/*.mkv")."""

_NO_MUSIC_IN = frozenset(
    (
        *("#recycle", "#snapshot", "$recycle.bin", "@eadir", "@recycle", "@recently-snapshot"),
        *(
            "__macosx",
            "lost+found",
            "network trash folder",
            "recycler",
            "system volume information",
        ),
        *("temporary items", "thevolumesettingsfolder"),
    )
)
"""Folders, in small letters, that systems keep for themselves: bins, previews, copies. With hidden
ones (.Trash-1000, .stversions, .AppleDouble) they are passed over."""


def find_music(folder: Path, *, recursive: bool = False) -> list[Path]:
    """The files in ``folder`` with an audio suffix, sorted.

    Left out are hidden files and, below ``folder``, hidden folders and those of the system.

    Raises NoMusicError where there is none.
    """
    songs, failed = _search(folder, recursive=recursive)
    if not songs:
        raise NoMusicError(failed[0].error)
    return [Path(song) for song in songs]


def expand(paths: Iterable[str | os.PathLike[str]], *, recursive: bool = False) -> Iterator[Song]:
    """Replace each folder, glob and playlist by its music, and ``-`` by the paths on stdin.

    Whatever cannot be listed or has none is a failed row. Globs are what no file is called;
    like folders, they find music only, unless they find none. Bins and other folders of the
    system are not entered, even where a shell's ``*`` has named them.
    """
    for path in paths:
        name = os.fspath(path)
        if name == "-":
            listed = list_on_stdin()
            if listed is None:
                yield _failed(name, "stdin is closed")
                continue
            yield from _expand_listed(listed, recursive=recursive)
        elif Path(name).suffix.lower() in PLAYLIST_SUFFIXES and not _is_folder(name):
            try:
                listed = read_playlist(Path(name))
            except OSError as error:
                yield _failed(name, f"cannot be read ({error.strerror})")
                continue
            if not listed:
                yield _failed(name, "is a playlist that names no song")
            yield from _expand_listed(listed, recursive=recursive)
        elif has_magic(name) and not os.path.lexists(name):
            found = sorted(iglob(name, recursive=True), key=_by_parts)
            named = len(name[: min(map(name.find, _magic_in(name)))].split(os.sep)) - 1
            inside = [
                hit
                for hit in found
                if not any(part.lower() in _NO_MUSIC_IN for part in hit.split(os.sep)[named:])
            ]
            music = [hit for hit in inside if _is_music(hit) or _is_folder(hit)]
            yield from _expand_listed(music or inside, recursive=recursive)
            if not inside:
                yield _failed(name, "no file is called so")
        else:
            yield from _expand_listed([name], recursive=recursive)


def _expand_listed(names: Iterable[str], *, recursive: bool) -> Iterator[Song]:
    for name in names:
        if not name:
            yield Prediction.failed("", NoMusicError("an empty path names no file"))
        elif name.lower().startswith(("http://", "https://")):
            yield _failed(name, "is on the web; only files can be heard: download it first")
        elif _is_folder(name):
            if Path(name).name.lower() in _NO_MUSIC_IN:  # tagging there would change a bin's copies
                yield _failed(name, "is a folder of the system, passed over; name files in it")
                continue
            songs, failed = _search(Path(name), recursive=recursive)
            yield from songs
            yield from failed
        else:
            yield find_spelt(name) or str(Path(name))


def _search(folder: Path, *, recursive: bool) -> tuple[list[str], list[Prediction]]:
    """The music, sorted, and a row for each folder that cannot be listed; never neither.

    Links to folders are followed, but no folder is searched twice.
    """
    songs: list[str] = []
    failed: list[Prediction] = []
    prefix = "" if folder == Path() else os.path.join(folder, "")
    seen: set[tuple[int, int]] = set()
    unseen, links = [""], list[str]()
    while unseen or links:
        inside = unseen.pop() if unseen else links.pop(0)
        place = reachable(os.path.join(folder, inside))
        try:
            status = os.stat(place)
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            # Entries and strings: a Path for each file takes ten times as long.
            with os.scandir(place) as entries:
                for entry in entries:
                    if recursive and _leads_to_folder(entry):
                        if is_passed_over(entry.name):
                            continue
                        below = links if entry.is_symlink() else unseen
                        below.append(f"{inside}{entry.name}{os.sep}")
                    elif _is_music(entry.name) and _is_file(entry):
                        songs.append(f"{prefix}{inside}{entry.name}")
        except OSError as error:
            place = str(error.filename).removesuffix(os.sep)
            failed.append(_failed(place, f"cannot be listed ({error.strerror})"))
        links.sort()  # which of several names a folder gets, is no matter of chance
    if not songs and not failed:
        hint = "" if recursive else "; --recursive looks in its subfolders too"
        failed.append(_failed(str(folder), f"is a folder without music{hint}"))
    return sorted(songs, key=_by_parts), sorted(failed, key=lambda row: _by_parts(row.path))


def _magic_in(name: str) -> list[str]:
    return [sign for sign in "*?[" if sign in name]


def is_passed_over(name: str) -> bool:
    """A folder of this name is hidden, or the system's own."""
    return (name.startswith(".") and name.strip(".") != "") or name.lower() in _NO_MUSIC_IN


def _failed(name: str, reason: str) -> Prediction:
    return Prediction.failed(name, NoMusicError(f"{name}: {reason}"))


def _by_parts(name: str) -> list[str]:
    """A folder's files stand together, as they do where paths are compared."""
    return name.split(os.sep)


def _is_music(name: str) -> bool:
    """By its suffix; hidden files are none."""
    name = name.rpartition(os.sep)[2]
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in AUDIO_SUFFIXES


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, or into what is locked
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Not a pipe, nor a link that leads nowhere; what is locked says so when it is opened."""
    try:
        return entry.is_file()
    except OSError as error:
        return isinstance(error, PermissionError)


def _is_folder(name: str) -> bool:
    """What cannot be known of it, whoever opens it will say."""
    try:
        return stat.S_ISDIR(os.stat(reachable(name)).st_mode)
    except (OSError, ValueError):
        return False


def classify_files(predictor: Predictor, paths: Iterable[Song | Path]) -> Iterator[Prediction]:
    """Classify each path in turn; one that fails is a row that says why, and the rest go on."""
    for path in paths:
        if isinstance(path, Prediction):
            yield path
            continue
        try:
            yield predictor.predict(path)
        except AudioError as error:
            info = predictor.info
            yield Prediction.failed(str(path), error, f"{info.name} {info.version}")
