"""Where the songs of results lie, and files whose names are spelt in another Unicode form.

Relative paths begin where the results were made. A Mac writes "é" as two signs, nearly all others
as one. Where no file is called so, one may be whose name differs by a slip.
"""

import os
from functools import lru_cache
from pathlib import Path
from unicodedata import normalize

__all__ = ["find_spelt", "folder_of", "is_url", "located", "with_near_file"]

_GONE = ": no such file"
_SLIP = 2
"""Letters beside each other that are other ones, too many or too few."""


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


def with_near_file(error: str) -> str:
    """What is said of a song that is not there, and the file beside that may have been meant: of
    another ending, or of a name that differs by a slip. Anything else is given back as it is.
    """
    path = error.removesuffix(_GONE)
    if path == error or is_url(path):
        return error
    folder, name = os.path.split(path)
    try:
        names = _names(folder or os.curdir, os.stat(folder or os.curdir).st_mtime_ns)
    except (OSError, ValueError):
        return error
    near = min((one for one in names if one != name and _is_near(name, one)), default="")
    return f"{error}, did you mean {names[near]}?" if near else error


def _is_near(name: str, other: str) -> bool:
    """A number is no slip: of "track 1" and "track 2" neither stands for the other."""
    one, two = name.casefold(), other.casefold()
    if os.path.splitext(one)[0] == os.path.splitext(two)[0]:
        return True
    begin = _in_common(one, two)
    one, two = one[begin:], two[begin:]
    end = _in_common(one[::-1], two[::-1])
    one, two = one[: len(one) - end], two[: len(two) - end]
    slip = max(len(one), len(two))
    alike = len(os.path.splitext(name)[0]) - slip
    return slip <= _SLIP < alike and not any(map(str.isdigit, one + two))


def _in_common(one: str, two: str) -> int:
    """Letters at the beginning of both."""
    pairs = enumerate(zip(one, two, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(two)))


@lru_cache(maxsize=64)
def _names(folder: str, _mtime_ns: int) -> dict[str, str]:
    """What ``folder`` holds, by its name in NFC; listed anew when its time of change is another."""
    return {normalize("NFC", entry.name): entry.name for entry in os.scandir(folder)}
