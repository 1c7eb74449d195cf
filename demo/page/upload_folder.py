"""The folder of the page's uploads: private, swept, and gone when the page is."""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

__all__ = ["is_private", "private_folder", "sweep", "swept"]

_PREFIX = "melonnx-demo-"
_EMPTY = 10
"""Times as old is a folder that goes: an upload of what was there before goes into it again."""


@contextmanager
def private_folder() -> Iterator[Path]:
    """A new folder that only this user can read, for Gradio's files; removed at the end.

    Gradio finds it through the environment, whenever it looks: build the page inside.
    """
    given = os.environ.get("GRADIO_TEMP_DIR")
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=given)).resolve()
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    try:
        yield folder
    finally:
        if given is None:
            del os.environ["GRADIO_TEMP_DIR"]
        else:
            os.environ["GRADIO_TEMP_DIR"] = given
        shutil.rmtree(folder, ignore_errors=True)


def is_private(folder: Path) -> bool:
    """It is one of :func:`private_folder`, and nobody else's files are in it."""
    return folder.name.startswith(_PREFIX)


def sweep(folder: Path, older_than_s: float) -> None:
    """Remove the files that were last written so long ago, and the folders left empty."""
    oldest = time.time() - older_than_s
    long_empty = time.time() - _EMPTY * older_than_s
    for place, _, names in os.walk(folder, topdown=False):
        for name in names:
            file = Path(place, name)
            try:
                if file.lstat().st_mtime < oldest:
                    file.unlink()
            except OSError:  # a request has just taken it away
                continue
        try:
            if Path(place) != folder and Path(place).stat().st_mtime < long_empty:
                Path(place).rmdir()
        except OSError:  # not empty, or gone already
            continue


@asynccontextmanager
async def swept(folder: Path, older_than_s: float) -> AsyncIterator[None]:
    """Sweep ``folder`` again and again meanwhile."""

    async def often() -> None:
        while True:
            await asyncio.sleep(min(60.0, older_than_s / 2))
            await asyncio.to_thread(sweep, folder, older_than_s)

    task: asyncio.Task[Any] = asyncio.create_task(often())
    try:
        yield
    finally:
        task.cancel()
