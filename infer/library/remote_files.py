"""Finds and opens music wherever fsspec reaches: s3://, gs://, http://, memory://, file://."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from melonnx.infer.errors import NoMusicError
from melonnx.infer.library.find import AUDIO_SUFFIXES, Song, expand, is_passed_over
from melonnx.infer.library.journal import Identity, file_identity
from melonnx.infer.library.playlist import list_on_stdin
from melonnx.infer.prediction import Prediction

__all__ = ["find_songs", "identify", "is_url", "open_song"]


def is_url(path: str) -> bool:
    """Something for fsspec, not a local path."""
    return "://" in path


def find_songs(
    paths: Iterable[str], *, recursive: bool = False
) -> tuple[list[Song], dict[str, Identity]]:
    """Replace folders, globs and playlists by their music, local and remote.

    Returns the songs in order, and of the remote ones what tells that they have not changed. A
    remote file is told by its suffix where it is in a folder, and taken as it is where it is
    named. What cannot be listed is a failed row. Needs fsspec (ModuleNotFoundError).
    """
    songs: list[Song] = []
    known: dict[str, Identity] = {}
    for path in _with_listed(paths):
        if not is_url(path):
            local = expand([path], recursive=recursive)
            # Absolute: a worker may stand in another folder.
            songs += (
                str(Path(song).absolute()) if isinstance(song, str) else song for song in local
            )
            continue
        try:
            found = list(_listed(path, recursive=recursive))
        except Exception as error:  # each file system has its own
            if isinstance(error, ModuleNotFoundError) and error.name == "fsspec":
                raise
            reason = str(error).partition("\n")[0] or type(error).__name__
            failed = NoMusicError(f"{path}: cannot be listed ({reason})")
            songs.append(Prediction.failed(path, failed))
            continue
        songs += (song for song, _ in found)
        known |= {song: identity for song, identity in found if isinstance(song, str) and identity}
    return songs, known


def _with_listed(paths: Iterable[str]) -> Iterator[str]:
    """``paths``, with those on stdin in place of "-"."""
    for path in paths:
        listed = list_on_stdin() if path == "-" else None
        yield from [path] if listed is None else listed


def identify(song: str, known: Mapping[str, Identity]) -> Identity:
    """What tells that a song is the one that was heard; a remote one, as it was when listed."""
    return known.get(song) or file_identity(song)


def open_song(url: str) -> BinaryIO:
    """A seekable stream of its bytes. Raises what its file system does, mostly OSError."""
    import fsspec

    return cast("BinaryIO", fsspec.open(url, "rb").open())


def _listed(url: str, *, recursive: bool) -> Iterator[tuple[Song, Identity | None]]:
    import fsspec

    files, place = fsspec.core.url_to_fs(url)
    if _is_glob(place):
        infos: Mapping[str, Any] = files.glob(place, detail=True)
    elif files.isdir(place):
        depth = None if recursive else 1
        infos = files.find(place, maxdepth=depth, detail=True)
    else:
        found = files.info(place)
        yield url, _identity(url, found)
        return
    songs = {
        name: info
        for name, info in sorted(infos.items())
        if info["type"] == "file"
        and PurePosixPath(name).suffix.lower() in AUDIO_SUFFIXES
        and not any(map(is_passed_over, _below(name, place)))
    }
    for name, info in songs.items():
        whole = files.unstrip_protocol(name)
        yield whole, _identity(whole, info)
    if not songs:
        hint = "" if recursive else "; --recursive looks in its subfolders too"
        yield Prediction.failed(url, NoMusicError(f"{url}: holds no music{hint}")), None


def _below(name: str, place: str) -> tuple[str, ...]:
    """The folders between a place, or the start of a glob, and a file there."""
    root = (
        re.split(r"[*?\[]", place, maxsplit=1)[0].rpartition("/")[0] if _is_glob(place) else place
    )
    return PurePosixPath(name.removeprefix(root)).parent.parts


def _is_glob(place: str) -> bool:
    return any(sign in place for sign in "*?[")


def _identity(url: str, info: Mapping[str, Any]) -> Identity:
    """By size and time of change; where a store tells no time, by its checksum."""
    size = info.get("size")
    for name in ("mtime", "LastModified", "last_modified", "updated", "created"):
        time = info.get(name)
        if isinstance(time, datetime):
            time = time.timestamp()
        if isinstance(time, int | float):
            return Identity(url, -1 if size is None else size, round(time * 1e9))
    tag = str(info.get("ETag") or info.get("md5Hash") or "").encode()
    changed = int.from_bytes(hashlib.sha256(tag).digest()[:7]) if tag else 0
    return Identity(url, -1 if size is None else size, changed)
