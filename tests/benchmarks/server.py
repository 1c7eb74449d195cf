"""A Predictor under 1, 4 and 16 threads, and a service of it under as many clients.

    python -m tests.benchmarks.server [REQUESTS [SONG [service]]]

REQUESTS (400) are answered for each number; each sends the bytes of SONG (the sample). Prints wall
time of an answer (median, 99th percentile), answers a second, processor time of an answer, and what
the process has after it: memory beyond that before the first request, threads and descriptors. The
service is that of docs/programs.md: FastAPI in uvicorn, in a process of its own; with ``service``,
it alone is asked.
"""

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from melonnx.infer import Predictor
from melonnx.infer.model.session import MODELS_FOLDER
from tests.benchmarks.process import look, processor_s

THREADS = (1, 4, 16)
SERVICE = Path(__file__).parents[1] / "examples"  # its server.py


def load(what: str, pid: int, ask: Callable[[], object], n_requests: int) -> None:
    """Print a line for each number of threads that ``ask``; ``pid`` does the work."""

    def timed(count: int) -> list[float]:
        seconds = []
        for _ in range(count):
            began = time.perf_counter()
            ask()
            seconds.append(time.perf_counter() - began)
        return seconds

    before = look(pid, 0)
    for threads in THREADS:
        # A task for each thread: those of a hundred thousand requests would be memory, too.
        shares = [len(range(first, n_requests, threads)) for first in range(threads)]
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(timed, [1] * threads))
            began, worked = time.perf_counter(), processor_s(pid)
            seconds = [one for share in pool.map(timed, shares) for one in share]
            took, work = time.perf_counter() - began, processor_s(pid) - worked
        after = look(pid, n_requests)
        more_mb = after.memory_mb - before.memory_mb
        print(
            f"{what:9} {threads:7} {n_requests:8} {1000 * statistics.median(seconds):9.0f} "
            f"{1000 * np.percentile(seconds, 99):6.0f} {n_requests / took:8.1f} "
            f"{1000 * work / n_requests:10.1f} {more_mb:+9.1f} {after.threads:7} "
            f"{after.descriptors:11}",
            flush=True,
        )


def main() -> None:
    """Print the table."""
    n_requests = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    song = Path(sys.argv[2] if len(sys.argv) > 2 else MODELS_FOLDER / "sample.mp3").read_bytes()
    print(
        f"{'':9} {'threads':>7} {'requests':>8} {'median ms':>9} {'99% ms':>6} {'a second':>8} "
        f"{'proc. ms':>10} {'memory MB':>9} {'threads':>7} {'descriptors':>11}",
        flush=True,
    )
    if "service" not in sys.argv[3:]:
        predictor = Predictor(device="cpu", threads=1)
        load("Predictor", os.getpid(), lambda: predictor.predict(song), n_requests)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = [sys.executable, "-m", "uvicorn", "server:app", "--port", str(port)]
    line += ["--log-level", "error", "--app-dir", str(SERVICE)]
    with subprocess.Popen(line) as service:
        try:
            import httpx

            address = f"http://127.0.0.1:{port}"
            with httpx.Client(timeout=600, transport=httpx.HTTPTransport(retries=9)) as client:

                def post() -> None:
                    client.post(f"{address}/genre", content=song).raise_for_status()

                _wait(port)
                load("service", service.pid, post, n_requests)
        finally:
            service.terminate()


def _wait(port: int) -> None:
    for _ in range(600):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit("the service did not start")


if __name__ == "__main__":
    main()
