"""What takes long, in a process of its own, so that keys are answered meanwhile: the picture of
the evidence in a song, and where songs lie on the map.
"""

import multiprocessing
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from threading import Lock, Thread, Timer
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melonnx.demo.review.files import open_song
from melonnx.demo.review.songs import Songs
from melonnx.infer.errors import MelonnxError

__all__ = ["Aside", "Layout", "Overtaken", "Stretch", "draw_evidence", "lay_out", "stretch_about"]

_STRETCH_S = 30.0
_BEFORE_S = 5.0
"""Of the stretch, before the moment that it is about."""
_WIDTH, _HEIGHT, _DPI = 6.4, 1.65, 150.0
_IDLE_S = 90.0
"""After which the process ends: it holds a model."""

_FEW = 10
"""Songs that have too few neighbours for t-SNE."""
_STEPS = 65535
_MEANING = {
    "tsne": "Near songs sound alike; how far two groups lie apart says little. Bright: decided.",
    "pca": "The two directions in which these songs differ most. Bright: decided.",
}

Stretch = tuple[float, float]
"""Begin and length, in seconds."""


class Overtaken(MelonnxError):  # noqa: N818
    """Something newer was asked for before this was begun."""

    def __init__(self) -> None:
        super().__init__("another song is asked for")


class Aside:
    """One process, which does one thing at a time; shared by threads."""

    def __init__(self) -> None:
        self._working = Lock()
        self._newest = 0
        self._process: Any = None
        self._end: Any = None
        self._rest: Timer | None = None

    def run(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """What ``work``, a function of a module, returns.

        Raises Overtaken, and MelonnxError with the reason where there is no result.
        """
        self._newest += 1
        ticket = self._newest
        with self._working:
            if ticket != self._newest:
                raise Overtaken
            if self._rest is not None:
                self._rest.cancel()
            try:
                self._start()
                self._end.send((work, arguments))
                reason, result = self._end.recv()
            except (EOFError, OSError):
                self._forget()
                raise MelonnxError("the process that was to do it has died") from None
            self._rest = Timer(_IDLE_S, self._end_if_idle)
            self._rest.daemon = True
            self._rest.start()
        if reason:
            raise MelonnxError(reason)
        return result

    def stop(self) -> None:
        """End the process, whatever it does."""
        if self._rest is not None:
            self._rest.cancel()
        if self._process is not None:
            self._process.kill()

    def _start(self) -> None:
        if self._process is not None:
            return
        context = multiprocessing.get_context("spawn")
        self._end, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def _end_if_idle(self) -> None:
        if self._working.acquire(blocking=False):
            try:
                self._forget()
            finally:
                self._working.release()

    def _forget(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._end.close()
        self._process = self._end = None


def _work(end: Any) -> None:
    """Runs in the process, until nobody is at the other end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal
    with suppress(EOFError, OSError):
        while True:
            work, arguments = end.recv()
            try:
                answer = "", work(*arguments)
            except MelonnxError as error:
                answer = str(error), None
            except Exception as error:  # out of memory, or our fault: the next may go well
                answer = f"that failed ({type(error).__name__}: {error})", None
            end.send(answer)


def stretch_about(moment_s: float, duration_s: float) -> Stretch:
    """Half a minute of a song, or what it has of it."""
    begin = max(0.0, min(moment_s - _BEFORE_S, duration_s - _STRETCH_S))
    return begin, min(_STRETCH_S, max(duration_s - begin, 1.0))


def draw_evidence(
    model: Path | None, name: str, place: str, stretch: Stretch, genre: str, dark: bool
) -> bytes:
    """A PNG of what speaks for ``genre`` in a stretch of the song at ``place``.

    ``model``: the file of the model called ``name``; None where it is a released one.
    """
    from melonnx.demo.pictures.song import draw_stretch, to_png
    from melonnx.infer.explain.evidence import map_evidence
    from melonnx.infer.explain.examine import examine

    begin, length = stretch
    file, _, _ = open_song(place)
    with file:
        predictor = _predictor(model, name)
        examined = examine(predictor, file, offset=begin, duration=length)
    figure = draw_stretch(
        examined, map_evidence(predictor, examined), genre, begin,
        width=_WIDTH, height=_HEIGHT, dark=dark,
    )  # fmt: skip
    return to_png(figure, _DPI)


@lru_cache(maxsize=1)
def _predictor(model: Path | None, name: str) -> Any:
    from melonnx.infer.model.released import released_models
    from melonnx.infer.model.session import load_model
    from melonnx.infer.predictor import Predictor

    for path in [model] if model is not None else released_models().values():
        info = load_model(path, device="cpu", threads=1).info
        if f"{info.name} {info.version}" == name:
            return Predictor(path, "cpu", 1)
    raise MelonnxError(f"these songs were heard by {name}: melonnx review --model FILE has it")


class Layout:
    """Where songs lie on the map: found once somebody asks, kept for the session."""

    def __init__(self) -> None:
        self._aside = Aside()
        self._lock = Lock()
        self._thread: Thread | None = None
        self._answer: dict[str, Any] | None = None

    def told(self, songs: Songs) -> dict[str, Any]:
        """As the page is told: places, by row, of 65,535 steps a side; or what is waited for."""
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._run, args=(songs,), name="map", daemon=True)
                self._thread.start()
        return self._answer or {"waiting": "Laying the songs out …", "again": True}

    def stop(self) -> None:
        """End what is under way."""
        self._aside.stop()

    def _run(self, songs: Songs) -> None:
        try:
            paths, places, method = self._aside.run(lay_out, Path(songs.name))
        except MelonnxError as error:
            self._answer = {"waiting": f"There is no map: {error}", "again": False}
            self._thread = None  # the next who asks may have more luck
            return
        self._aside.stop()
        steps = np.full((len(songs.paths), 2), -1, np.int64)
        for path, place in zip(paths, np.round(places * _STEPS).astype(int), strict=True):
            if path in songs.places:
                steps[songs.places[path]] = place
        x, y = steps.T.tolist()
        self._answer = {"x": x, "y": y, "meaning": _MEANING[method]}


def lay_out(results: Path) -> tuple[list[str], NDArray[np.float32], str]:
    """Paths of songs, their places [n, 2] from 0 to 1, and how they were found.

    They are kept beside the results, as by ``melonnx map``.
    """
    from melonnx.demo.map.layout import place_kept
    from melonnx.infer.results.decisions import key_of
    from melonnx.infer.similar.index import read_index

    index = read_index(results)
    try:
        places, method = place_kept(index, results, "pca" if len(index.paths) < _FEW else None)
    except ModuleNotFoundError:
        raise MelonnxError('it needs the "map" extra: pip install "melonnx[map]"') from None
    return [key_of(path) for path in index.paths], places, method
