"""Where the songs of results lie, and files whose names are spelt in another Unicode form.

Relative paths begin where the results were made. A Mac writes "é" as two signs, nearly all others
as one.
"""

import os
from functools import lru_cache
from pathlib import Path
from unicodedata import normalize

__all__ = ["find_spelt", "folder_of", "is_url", "located"]


def is_url(path: str) -> bool:
    """Something for fsspec or a web client, not a local path."""
    return "://" in path


def folder_of(path: str) -> str | None:
    """The folder that a relative ``path`` begins at, now; None for any other."""
    if os.path.isabs(path) or is_url(path) or path.startswith("<"):
        return None
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return None


def located(path: str, folder: str | None) -> str:
    """``path`` of results that were made in ``folder``, as it is called here.

    It stays as it is where it leads to a file from here, and to none from there.
    """
    if folder and folder != folder_of(path):
        there = os.path.join(folder, path)
        if os.path.lexists(there) or not os.path.lexists(path):
            path = there
    return path if is_url(path) else find_spelt(path) or path


def find_spelt(path: str) -> str | None:
    """The file whose name is ``path`` but for its Unicode form; None where there is none, or
    where ``path`` itself is there.
    """
    if path.isascii() or os.path.lexists(path):
        return None
    found = ""
    for part in Path(path).parts:
        here = os.path.join(found, part)
        if not os.path.lexists(here):
            folder = found or os.curdir
            try:
                names = _names(folder, os.stat(folder).st_mtime_ns)
            except (OSError, ValueError):  # ValueError: a NUL
                return None
            name = names.get(normalize("NFC", part))
            if name is None:
                return None
            here = os.path.join(found, name)
        found = here
    return found


@lru_cache(maxsize=64)
def _names(folder: str, _mtime_ns: int) -> dict[str, str]:
    """What ``folder`` holds, by its name in NFC; listed anew when its time of change is another."""
    return {normalize("NFC", entry.name): entry.name for entry in os.scandir(folder)}
