"""Hears a folder's songs in the background, each told as it comes, into a file of results.

It goes on where an earlier run was stopped, however that ended, as ``melonnx classify -o`` does.
"""

import time
from collections.abc import Sequence
from multiprocessing import Pipe
from pathlib import Path
from threading import Thread
from typing import Any

from melonnx.demo.review.songs import Growing
from melonnx.infer.errors import MelonnxError
from melonnx.infer.library.collection import (
    Outcome,
    Output,
    classify_in_processes,
    summary,
)
from melonnx.infer.library.find import Song
from melonnx.infer.library.workers import Hearing
from melonnx.infer.prediction import Prediction
from melonnx.infer.results.listing import say
from melonnx.infer.results.progress import steady_speed
from melonnx.infer.results.rows import View

__all__ = ["FolderHearing"]


class FolderHearing:
    """One run over ``asked``, into the JSON lines ``out``."""

    def __init__(self, asked: Sequence[Song], hearing: Hearing, view: View, out: Path) -> None:
        self.songs = Growing(str(out))
        """That have an answer."""
        self._asked, self._hearing = asked, hearing
        self._output = Output(view, "json", None, out, notice=self._notice)
        self._came = 0
        self._failed = 0
        self._error = ""
        self._is_done = False
        self._began_s = 0.0
        self._stop, self._stopper = Pipe(duplex=False)
        self._thread = Thread(target=self._run, name="hearing", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._began_s = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Returns once the processes have ended and what was heard is in its file."""
        if self._thread.is_alive():
            self._stopper.send_bytes(b"stop")
            self._thread.join()

    def told(self) -> dict[str, Any]:
        """How far it is, as the page is told."""
        speed = steady_speed(self._came, time.monotonic() - self._began_s)
        left = None if speed is None else (len(self._asked) - self._came) / speed
        return {
            "came": self._came,
            "of": len(self._asked),
            "failed": self._failed,
            "left_s": None if left is None or self._is_done else round(left),
            "done": self._is_done,
            "error": self._error,
        }

    def _notice(self, song: Prediction) -> None:
        self.songs.add(song)
        self._came += 1
        self._failed += not song.ok

    def _run(self) -> None:
        try:
            outcome: Outcome = classify_in_processes(
                self._asked, self._hearing, self._output, stop=self._stop
            )
        except MelonnxError as error:
            self._error = str(error)
            say(str(error))
        else:
            say(summary(outcome, self._output.path))
        self._is_done = True
