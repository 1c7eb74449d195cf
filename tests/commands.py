"""Runs the installed command, a process each time, from one that has done the imports already.

Most of what a short command takes is Python's imports, the same each time. Here a process that has
them waits for command lines and forks: what it forks runs the installed script to its end, with
streams, folder, environment and exit code of its own. What this cannot show, an environment that is
read when Python starts, or what is imported at all, takes a process from nothing.
"""

import gc
import importlib
import io
import json
import os
import runpy
import shutil
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock

__all__ = ["Commands"]

_READ_AT_START = (
    *("PYTHON", "LANG", "LC_", "LD_", "MALLOC_", "OMP_", "OPENBLAS_", "ORT_"),
    *("FORCE_", "GITHUB_", "NO_COLOR", "PY_", "TERM", "TTY_"),
)
"""Beginnings of the variables that are read by what is imported here already."""


_IMPORTED = (
    *("csv", "email.message", "importlib.metadata", "zipfile", "zoneinfo", "tomllib"),
    *("mutagen.flac", "mutagen.id3", "mutagen.mp4", "numpy.fft", "onnxruntime", "pydantic"),
    *("rich.columns", "rich.markdown", "rich.table", "soundfile", "soxr", "typer.rich_utils"),
    *(
        f"melonnx.infer.{name}"
        for name in (
            *("audio.decoders.libsndfile", "audio.decoders.mpeg", "audio.joined", "cli.group"),
            *("library.collection", "library.wishes", "results.formats", "tags.tagging"),
        )
    ),
)
"""What most commands import when they are under way."""


class Commands:
    """The installed command beside this Python; ``close`` ends what waits."""

    def __init__(self) -> None:
        command = shutil.which("melonnx", path=str(Path(sys.executable).parent))
        assert command, "the melonnx command is not installed beside this Python"
        self.command = command
        self._lock = Lock()
        self._environment: dict[str, str] = {}
        self._waiting: tuple[subprocess.Popen, socket.socket] | None = None

    def __call__(self, *arguments: str | Path, **how) -> subprocess.CompletedProcess[str]:
        """Run it as ``subprocess.run`` would, and capture what it says."""
        line = [self.command, *map(str, arguments)]
        environment = {**(how.get("env") or os.environ)}
        with self._lock:
            if hasattr(socket, "send_fds") and not set(how) - {"cwd", "env"}:
                self._start()
                if _same_start(environment, self._environment):
                    return self._forked(line, str(how.get("cwd") or Path.cwd()), environment)
        return subprocess.run(line, capture_output=True, text=True, check=False, **how)

    def _start(self) -> None:
        if self._waiting is None:
            ours, theirs = socket.socketpair()
            number = str(theirs.fileno())
            # -P: as of an installed script, the folder of this file is not on the path.
            process = subprocess.Popen(
                [sys.executable, "-P", __file__, number],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,  # what is forked takes Python's streams to be pipes
                stderr=subprocess.PIPE,
            )
            theirs.close()
            self._environment = dict(os.environ)
            self._waiting = process, ours

    def _forked(
        self, line: list[str], folder: str, environment: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        assert self._waiting is not None
        asked = json.dumps([line, folder, environment]).encode()
        (out, out_end), (errors, errors_end) = os.pipe(), os.pipe()
        _, way = self._waiting
        socket.send_fds(way, [len(asked).to_bytes(8)], [0, out_end, errors_end])
        way.sendall(asked)
        os.close(out_end)
        os.close(errors_end)
        with ThreadPoolExecutor(2) as threads:
            said = list(threads.map(_read, (out, errors)))
        code = int.from_bytes(_received(way, 4), signed=True)
        return subprocess.CompletedProcess(line, code, *said)

    def close(self) -> None:
        """End what waits for command lines."""
        if self._waiting is not None:
            process, way = self._waiting
            way.close()
            process.communicate()
            self._waiting = None


def _same_start(one: dict[str, str], other: dict[str, str]) -> bool:
    return all(
        one.get(name) == other.get(name)
        for name in one.keys() | other.keys()
        if name.startswith(_READ_AT_START)
    )


def _read(descriptor: int) -> str:
    with io.TextIOWrapper(os.fdopen(descriptor, "rb")) as file:
        return file.read()


def _received(way: socket.socket, n_bytes: int) -> bytes:
    data = b""
    while len(data) < n_bytes:
        part = way.recv(n_bytes - len(data))
        if not part:
            raise EOFError("the process that waits for command lines has ended")
        data += part
    return data


def _serve(way: socket.socket) -> tuple[list[str], str, dict[str, str]] | None:
    """Answer with exit codes until there is nobody to ask; what is forked gets its own task."""
    while True:
        size, descriptors, _, _ = socket.recv_fds(way, 8, 3)
        if not size:
            return None
        task = json.loads(_received(way, int.from_bytes(size)))
        child = os.fork()
        if not child:
            way.close()
            for number, descriptor in enumerate(descriptors):
                os.dup2(descriptor, number)
                os.close(descriptor)
            return task
        for descriptor in descriptors:
            os.close(descriptor)
        _, status = os.waitpid(child, 0)
        way.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, signed=True))


def _import_what_commands_do() -> None:
    from melonnx.infer.cli.registry import COMMANDS

    modules = [command.module for command in COMMANDS.values()]
    for module in (*filter(_is_ours, modules), *_IMPORTED):
        with suppress(ModuleNotFoundError):  # an extra may be missing here
            importlib.import_module(module)
    gc.freeze()  # what is collected is written to, and would be copied for each that is forked


def _is_ours(module: str) -> bool:
    return module.startswith("melonnx.infer.")


if __name__ == "__main__":
    _import_what_commands_do()
    _task = _serve(socket.socket(fileno=int(sys.argv[1])))
    if _task is not None:
        sys.argv, _folder, _environment = _task
        os.chdir(_folder)
        os.environ.clear()
        os.environ.update(_environment)
        sys.path.insert(0, str(Path(sys.argv[0]).parent))
        runpy.run_path(sys.argv[0], run_name="__main__")
