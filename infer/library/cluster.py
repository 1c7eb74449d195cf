"""Hears songs on the workers of a Dask cluster, in blocks; a file that kills one costs only itself.

Source of the design: https://distributed.dask.org/en/stable/killed.html, which cannot tell the
killer in a block from its neighbours; here they are heard again one at a time, with nothing else
running, so that whoever is alone when a worker dies was it.
"""

import hashlib
import logging
import re
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from distributed import CancelledError, Client, LocalCluster, get_worker
from distributed import wait as wait_for
from distributed.diagnostics.plugin import WorkerPlugin
from distributed.scheduler import KilledWorker

from melonnx.infer.errors import (
    CrashedError,
    MelonnxError,
    WorkerError,
)
from melonnx.infer.library.journal import Packed, pack
from melonnx.infer.library.workers import Answer, End, Hearing, Job, hear_file
from melonnx.infer.model.session import released_models
from melonnx.infer.prediction import Prediction
from melonnx.infer.predictor import Predictor

__all__ = ["connect", "hear_in_cluster"]

_BLOCK = 8
"""Songs of a task: enough that the scheduler is not what we wait for."""
_AHEAD = 2
"""Blocks in flight for each thread of the cluster."""
_LOOK_S = 0.2
"""Between two looks at Ctrl-C."""
_CONNECT_S = 10
_ANY_PORT = "127.0.0.1:0"
"""Of Dask's pages, which None would put at 8787, with a warning where that is taken."""


@contextmanager
def connect(address: str) -> Iterator[Client]:
    """A client of ``tcp://HOST:PORT``, or of ``local[N]``: N processes here, for the while.

    Raises WorkerError where nobody answers, or ``address`` is neither.
    """
    for name in logging.root.manager.loggerDict:
        if name.partition(".")[0] == "distributed":  # tracebacks of what we tell in a line
            logging.getLogger(name).setLevel(logging.CRITICAL)
    local = re.fullmatch(r"local\[(\d+)\]", address)
    with ExitStack() as stack:
        where: Any = address
        if local:
            where = stack.enter_context(
                LocalCluster(
                    n_workers=int(local[1]), threads_per_worker=1, dashboard_address=_ANY_PORT
                )
            )
        elif not re.fullmatch(r"(tcp|tls|ws|wss|ucx)://.+", address):
            raise WorkerError(f"{address}: is no cluster; say tcp://HOST:PORT or local[N]")
        try:
            client = stack.enter_context(Client(where, timeout=_CONNECT_S))
        except (OSError, ValueError) as error:
            raise WorkerError(f"{address}: no scheduler answers ({error})") from None
        yield client


def hear_in_cluster(
    jobs: Iterator[Job | None], client: Client, hearing: Hearing, stop: End | None = None
) -> Generator[Answer, None, None]:
    """Yield the answers as they come, as ``workers.hear_in_processes`` does.

    A job's path may be a URL. The model travels to each worker that has not the same file. Raises
    WorkerError where the cluster is lost, or its workers are of another version of melonnx.
    """
    with _prepared(client, hearing) as plugin:
        try:
            yield from _Run(client, plugin, hearing, jobs, stop).answers()
        except (OSError, CancelledError) as error:
            raise WorkerError(
                f"the cluster is lost ({type(error).__name__}); the same command goes on"
            ) from None


@dataclass
class _Run:
    client: Client
    plugin: str
    hearing: Hearing
    jobs: Iterator[Job | None]
    stop: End | None
    in_flight: dict[Any, list[Job]] = field(default_factory=dict)
    """By future."""
    suspects: deque[Job] = field(default_factory=deque)
    """That were in a block whose worker died."""
    alone: bool = False
    """What is in flight is a suspect, and nothing else."""

    def answers(self) -> Generator[Answer, None, None]:
        """All of them, or those that came before ``stop``."""
        try:
            while True:
                self._hand_out()
                if not self.in_flight:
                    return
                done = self._wait()
                if done is None:
                    return
                for future in done:
                    yield from self._collect(future, self.in_flight.pop(future))
        finally:
            if self.in_flight:
                self.client.cancel(list(self.in_flight))

    def _hand_out(self) -> None:
        if self.suspects:
            if not self.in_flight:
                self.alone = True
                self._submit([self.suspects.popleft()])
            return
        self.alone = self.alone and bool(self.in_flight)
        while len(self.in_flight) < _AHEAD * max(
            1, sum(cast("dict[str, int]", self.client.nthreads()).values())
        ):
            block: list[Job] = []
            for job in islice(self.jobs, _BLOCK):
                if job is None:
                    break
                block.append(job)
            if not block:
                return
            self._submit(block)

    def _submit(self, block: list[Job]) -> None:
        paths = [job.path for job in block]
        embedding = self.hearing.embedding
        future = self.client.submit(_hear_block, self.plugin, paths, embedding, pure=False)
        self.in_flight[future] = block

    def _wait(self) -> set[Any] | None:
        while self.stop is None or not self.stop.poll():
            if self.client.status != "running":
                raise WorkerError("the cluster is lost; the same command goes on")
            try:
                return wait_for(list(self.in_flight), _LOOK_S, "FIRST_COMPLETED").done
            except TimeoutError:
                continue
        return None

    def _collect(self, future: Any, block: list[Job]) -> Iterator[Answer]:
        try:
            packed = future.result()
        except KilledWorker:
            if not self.alone:
                self.suspects += block
                return
            packed = [self._failed(block[0], CrashedError, "two workers died while they heard it")]
        except (CancelledError, OSError):
            raise
        except Exception as error:  # of a worker: out of memory, say
            if not self.alone:
                self.suspects += block
                return
            reason = f"cannot be heard ({type(error).__name__}: {error})"
            packed = [self._failed(block[0], MelonnxError, reason)]
        yield from map(Answer, block, packed)

    def _failed(self, job: Job, kind: type[MelonnxError], reason: str) -> Packed:
        error = kind(f"{job.path}: {reason}")
        return pack(Prediction.failed(job.path, error, self.hearing.model_name))


@contextmanager
def _prepared(client: Client, hearing: Hearing) -> Iterator[str]:
    """Every worker, also one that comes later, has the model; no task is tried twice by itself.

    Yields the name of this run's plugin: others may hear on the same cluster with other models.
    """
    plugin = f"melonnx-{uuid4().hex}"
    left_over = cast("list[str]", client.run_on_scheduler(_enter, plugin, client.id))
    for left in left_over:
        with suppress(ValueError):  # it was killed before it had one
            client.unregister_worker_plugin(left)
    try:
        try:
            client.register_plugin(_Ears(hearing.model.read_bytes(), hearing), name=plugin)
        except Exception as error:  # a worker's own, of any kind
            reason = str(error).partition("\n")[0]
            raise WorkerError(f"the cluster's workers cannot hear: {reason}") from None
        yield plugin
    finally:
        with suppress(OSError, ValueError, KeyError):  # of a cluster that is no more
            client.run_on_scheduler(_leave, plugin)
            client.unregister_worker_plugin(plugin)


def _enter(plugin: str, client: str, dask_scheduler: Any = None) -> list[str]:
    """Runs on the scheduler. Returns the plugins of runs that were killed."""
    if not hasattr(dask_scheduler, "melonnx_runs"):
        dask_scheduler.melonnx_runs = {}
        dask_scheduler.melonnx_before = dask_scheduler.allowed_failures
    runs: dict[str, str] = dask_scheduler.melonnx_runs
    left = [name for name, whose in runs.items() if whose not in dask_scheduler.clients]
    for name in left:
        del runs[name]
    runs[plugin] = client
    dask_scheduler.allowed_failures = 0
    return left


def _leave(plugin: str, dask_scheduler: Any = None) -> None:
    """Runs on the scheduler, which tries tasks again as before once nobody hears."""
    runs: dict[str, str] = dask_scheduler.melonnx_runs
    runs.pop(plugin, None)
    if not runs:
        dask_scheduler.allowed_failures = dask_scheduler.melonnx_before
        del dask_scheduler.melonnx_runs


class _Ears(WorkerPlugin):
    """One ``Predictor`` in each worker process, for all of its threads."""

    def __init__(self, model: bytes, hearing: Hearing) -> None:
        self._model, self._hearing, self._version = model, hearing, version("melonnx")
        self.predictor: Predictor | None = None

    def setup(self, worker: Any) -> None:
        """Open the model: the worker's own where it is the same, else the one that came."""
        if version("melonnx") != self._version:
            raise WorkerError(
                f"melonnx is {version('melonnx')} at {worker.address} and {self._version} here"
            )
        wanted = hashlib.sha256(self._model).hexdigest()
        for path in released_models().values():
            if hashlib.sha256(path.read_bytes()).hexdigest() == wanted:
                break
        else:
            path = Path(worker.local_directory) / f"{wanted}.onnx"
            path.write_bytes(self._model)
        self.predictor = replace(self._hearing, model=path).open_predictor()


def _hear_block(plugin: str, paths: list[str], embedding: bool) -> list[Packed]:
    """Runs on a worker."""
    predictor: Predictor = get_worker().plugins[plugin].predictor  # type: ignore[attr-defined]
    return [hear_file(predictor, path, embedding=embedding) for path in paths]
