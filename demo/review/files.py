"""Opens the songs that the results name, and nothing else, whatever is put in their place.

Where a song lies is settled when the page starts, with all links followed. A link that is put
there later, or above it, leads elsewhere, and is refused; so is what is no audio by its bytes.
"""

import os
import stat
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from functools import lru_cache
from typing import BinaryIO

from melonnx.infer.audio import sniff
from melonnx.infer.errors import NoMusicError

__all__ = ["AUDIO_TYPES", "open_song", "settle"]

AUDIO_TYPES = {
    "mpeg": "audio/mpeg",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "mp4": "audio/mp4",
    "riff": "audio/wav",
    "aiff": "audio/aiff",
    "adts": "audio/aac",
    "matroska": "audio/webm",
}
"""By the names of :mod:`melonnx.infer.audio.sniff`."""


def settle(paths: Sequence[str]) -> list[str]:
    """Where each song really lies, now."""
    return [
        os.path.realpath(path) if os.path.islink(path) else _in_real_folder(path)  # noqa: PTH114
        for path in paths
    ]


def open_song(place: str) -> tuple[BinaryIO, str, int]:
    """The file at a place of :func:`settle`, its media type and its size in bytes.

    Raises NoMusicError where it is gone, is reached by a link that was not there, or is no audio.
    """
    with ExitStack() as if_refused:
        try:
            file = if_refused.enter_context(_open(place))
            facts = os.fstat(file.fileno())
            is_there = (
                stat.S_ISREG(facts.st_mode)
                and os.path.realpath(place) == place
                and os.path.samestat(facts, os.lstat(place))
            )
            kind = _kind(place, facts.st_ino, facts.st_mtime_ns, facts.st_size) if is_there else ""
        except (OSError, ValueError):
            raise NoMusicError("the song is not where it was") from None
        if kind not in AUDIO_TYPES:
            raise NoMusicError("there is no song that a browser could play")
        if_refused.pop_all()
        return file, AUDIO_TYPES[kind], facts.st_size


def _open(place: str) -> BinaryIO:
    # Of a pipe, opening would wait for its writer.
    flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(place, os.O_RDONLY | flags), "rb")


@lru_cache(maxsize=64)
def _kind(place: str, _inode: int, _mtime_ns: int, _size: int) -> str:
    """What the bytes are; asked once for each state of a file."""
    with suppress(OSError, ValueError), _open(place) as file:
        file.seek(sniff.after_id3(file))
        kind = sniff.container(file.read(64))
        return kind or "mpeg" * (sniff.find_mpeg_stream(file) is not None)
    return ""


@lru_cache(maxsize=4096)
def _real(folder: str) -> str:
    return os.path.realpath(folder)


def _in_real_folder(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(_real(folder), name)  # noqa: PTH118
