"""Where the songs of results lie, and files whose names are spelt in another Unicode form.

Relative paths begin where the results were made. A Mac writes "é" as two signs, nearly all others
as one.
"""

import os
from pathlib import Path
from unicodedata import normalize

__all__ = ["find_spelt", "folder_of", "is_url", "located"]


def is_url(path: str) -> bool:
    """Something for fsspec or a web client, not a local path."""
    return "://" in path


def folder_of(path: str) -> str | None:
    """The folder that a relative ``path`` begins at, now; None for any other."""
    if Path(path).is_absolute() or is_url(path) or path.startswith("<"):
        return None
    try:
        return str(Path.cwd())
    except OSError:  # it was removed
        return None


def located(path: str, folder: str | None) -> str:
    """``path`` of results that were made in ``folder``, as it is called here.

    It stays as it is where it leads to a file from here, and to none from there.
    """
    if folder and folder != folder_of(path):
        there = str(Path(folder) / path)
        if os.path.lexists(there) or not os.path.lexists(path):
            path = there
    return path if is_url(path) else find_spelt(path) or path


def find_spelt(path: str) -> str | None:
    """The file whose name is ``path`` but for its Unicode form; None where there is none, or
    where ``path`` itself is there.
    """
    if path.isascii() or os.path.lexists(path):
        return None
    found = Path()
    for part in Path(path).parts:
        here = found / part
        if not os.path.lexists(here):
            wanted = normalize("NFC", part)
            try:
                same = [
                    entry for entry in found.iterdir() if normalize("NFC", entry.name) == wanted
                ]
            except (OSError, ValueError):  # ValueError: a NUL
                return None
            if not same:
                return None
            here = same[0]
        found = here
    return str(found)
