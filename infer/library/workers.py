"""Hears files in worker processes, one file each at a time; a process that dies costs its file.

Processes and not threads: Python's lock leaves two threads little faster than one, and a decoder
that crashes takes its process with it. Each has a session of one thread, so that onnxruntime's
threads do not fight for the cores.
"""

import multiprocessing
import signal
import time
from collections import Counter, deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, NamedTuple

from melonnx.infer.errors import (
    AudioError,
    CrashedError,
    MelonnxError,
    NoMusicError,
    WorkerError,
)
from melonnx.infer.library.journal import Packed, pack
from melonnx.infer.library.remote_files import is_url, open_song
from melonnx.infer.model.metadata import DEFAULT_SURE
from melonnx.infer.prediction import Prediction
from melonnx.infer.predictor import Predictor
from melonnx.infer.system import unless_interrupted

__all__ = [
    "Answer",
    "End",
    "Hearing",
    "Job",
    "hear_file",
    "hear_in_processes",
    "share_out",
    "stop_on_interrupt",
]

End = Any
"""Of a pipe between processes; its class is the system's."""

_TRIES = 2
_FALSE_STARTS = 3
"""Processes in a row that die before they are ready."""
_FAREWELL_S = 1.0


class Job(NamedTuple):
    """A file to be heard."""

    number: int
    path: str


class Answer(NamedTuple):
    """What was heard of it."""

    job: Job
    packed: Packed


@dataclass(frozen=True)
class Hearing:
    """How files are heard: what a worker makes its ``Predictor`` of."""

    model: Path
    model_name: str
    """With its version."""
    device: str = "auto"
    threads: int = 1
    embedding: bool = False
    """Answers keep it."""
    skim: bool = True
    """As of ``Predictor``."""
    sure: int = DEFAULT_SURE
    """As of ``Predictor``."""
    track: int | None = None
    """As of ``Predictor``."""
    genres: tuple[str, ...] | None = None
    """As of ``Predictor``; only where a timeline is to tell no others, since whole answers can be
    restricted later."""
    rest: float = 0.0
    """Seconds that a worker does nothing, for each second that it has heard."""

    def open_predictor(self) -> Predictor:
        """Raises what ``Predictor`` does."""
        device: Any = self.device
        how = self.threads, self.skim, self.sure, self.track, self.genres
        return Predictor(self.model, device, *how)

    @property
    def heard_by(self) -> str:
        """What tells a journal whose answers are these: the model, and what changes them."""
        rate = "" if self.sure == DEFAULT_SURE else f" sure {self.sure}"
        track = "" if self.track is None else f" track {self.track}"
        genres = "" if self.genres is None else f" of {','.join(self.genres)}"
        return self.model_name + " whole" * (not self.skim) + rate + track + genres


@dataclass(eq=False)
class _Worker:
    process: Any
    connection: End
    ready: bool = False
    job: Job | None = None


def hear_in_processes(
    jobs: Iterator[Job | None], workers: int, hearing: Hearing, stop: End | None = None
) -> Generator[Answer, None, None]:
    """Yield the answers as they come.

    ``jobs``: None stands for "not now"; it is asked again after the next answer. ``stop``: ends
    the run when something can be read from it. A file whose process dies is tried once more, in
    a new one; then its answer is a failed one (``crashed``).

    Raises WorkerError where processes die before they are ready.
    """
    again: deque[Job] = deque()
    tries: Counter[int] = Counter()
    false_starts = 0
    ends = [] if stop is None else [stop]
    pool: list[_Worker] = []
    try:
        pool += (_start(hearing) for _ in range(workers))
        while True:
            _hand_out(pool, again, jobs)
            if not any(worker.job for worker in pool):
                return
            waited_for = [worker.connection for worker in pool] + ends
            # Broken off by Ctrl-C, which can then be read from ``stop``.
            ready = unless_interrupted(partial(wait, waited_for), [])
            if stop is not None and stop in ready:
                return
            answers: list[Answer] = []
            for i, worker in enumerate(pool):
                if worker.connection not in ready:
                    continue
                try:
                    packed = worker.connection.recv()
                except (EOFError, OSError):
                    reason = _bury(worker)
                    pool[i] = _start(hearing)
                    false_starts += not worker.ready
                    if false_starts == _FALSE_STARTS:
                        raise WorkerError(
                            f"worker processes end as they start ({reason}); fewer --workers "
                            "need less memory"
                        ) from None
                    if worker.job is None:
                        continue
                    tries[worker.job.number] += worker.ready
                    if tries[worker.job.number] < _TRIES:
                        again.append(worker.job)
                    else:
                        answers.append(_crashed(worker.job, reason, hearing))
                    continue
                if packed is None:
                    worker.ready, false_starts = True, 0
                elif worker.job is not None:
                    answers.append(Answer(worker.job, packed))
                    worker.job = None
            _hand_out(pool, again, jobs)  # before the answers are dealt with: nobody waits
            yield from answers
    finally:
        for worker in pool:
            worker.process.terminate()
        for worker in pool:
            _bury(worker)


def share_out(share: float, cores: int, workers: int | None = None) -> tuple[int, float]:
    """How many workers there are, and their ``Hearing.rest``, where all of them together take
    ``share`` of the time of ``cores`` cores, above 0 to 1.

    >>> share_out(0.5, 8)
    (4, 0.0)
    >>> share_out(0.25, 2)
    (1, 1.0)
    """
    processors = share * cores
    n_workers = min(workers or cores, max(1, int(processors)))
    return n_workers, max(0.0, n_workers / processors - 1)


def hear_file(predictor: Predictor, path: str, *, embedding: bool = False) -> Packed:
    """The answer for one file, or what is at a URL, whatever becomes of it."""
    if is_url(path):
        return _hear_url(predictor, path, embedding=embedding)
    try:
        return pack(predictor.predict(path), embedding=embedding)
    except AudioError as error:
        reason: MelonnxError = error
    except Exception as error:  # out of memory, or our fault: the other files go on
        reason = MelonnxError(f"{path}: cannot be heard ({type(error).__name__}: {error})")
    info = predictor.info
    return pack(Prediction.failed(path, reason, f"{info.name} {info.version}"))


def _hear_url(predictor: Predictor, url: str, *, embedding: bool) -> Packed:
    reason: MelonnxError
    try:
        with open_song(url) as file:
            return pack(replace(predictor.predict(file), path=url), embedding=embedding)
    except AudioError as error:
        reason = type(error)(str(error).replace("<stream>", url, 1))
    except FileNotFoundError:
        reason = NoMusicError(f"{url}: no such file")
    except Exception as error:  # each file system has its own
        first_line = str(error).partition("\n")[0]
        reason = MelonnxError(f"{url}: cannot be read ({type(error).__name__}: {first_line})")
    info = predictor.info
    return pack(Prediction.failed(url, reason, f"{info.name} {info.version}"))


@contextmanager
def stop_on_interrupt() -> Iterator[End]:
    """Yield what can be read from once Ctrl-C was pressed; the second time, it interrupts."""
    reader, writer = multiprocessing.Pipe(duplex=False)
    before = signal.getsignal(signal.SIGINT)

    def stop(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        writer.send_bytes(b"stop")

    signal.signal(signal.SIGINT, stop)
    try:
        yield reader
    finally:
        signal.signal(signal.SIGINT, before)
        reader.close()
        writer.close()


def _hand_out(pool: list[_Worker], again: deque[Job], jobs: Iterator[Job | None]) -> None:
    for worker in pool:
        if worker.job is None:
            worker.job = again.popleft() if again else next(jobs, None)
            if worker.job is not None:
                with suppress(OSError):  # of one that has died, as reading from it will tell
                    worker.connection.send(worker.job.path)


def _start(hearing: Hearing) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, hearing), daemon=True)
    process.start()
    theirs.close()  # so that its end is told when the process dies
    return _Worker(process, ours)


def _work(connection: End, hearing: Hearing) -> None:
    """Runs in a worker process, until nobody is at the other end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal
    predictor = hearing.open_predictor()
    try:
        connection.send(None)
        while True:
            path = connection.recv()
            began = time.monotonic()
            connection.send(hear_file(predictor, path, embedding=hearing.embedding))
            if hearing.rest:
                time.sleep(hearing.rest * (time.monotonic() - began))
    except (EOFError, OSError):
        return


def _bury(worker: _Worker) -> str:
    """Wait for its end, and say what it died of."""
    worker.connection.close()
    worker.process.join(_FAREWELL_S)
    code = worker.process.exitcode
    if code is None:
        worker.process.kill()
        worker.process.join()
        return "killed"
    try:
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"
    except ValueError:  # one of those that have no name
        return f"signal {-code}"


def _crashed(job: Job, reason: str, hearing: Hearing) -> Answer:
    error = CrashedError(f"{job.path}: two processes died while they heard it ({reason})")
    return Answer(job, pack(Prediction.failed(job.path, error, hearing.model_name)))
