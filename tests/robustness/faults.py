"""Runs that faults happen to: what breaks them, what they say, and what they leave behind."""

import csv
import os
import re
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

MELONNX = str(Path(sys.executable).with_name("melonnx"))
SONGS = 20
GATED = 7
"""From this song on, hearing waits until the test says go; with bad.mp3, a block of a cluster's
is before it."""
PATIENCE_S = 300
"""For a machine that does much else; where all is well, nothing waits for its end."""

FAULTS = """
import builtins, errno, io, os, sys, time
from itertools import count

jumps = count()
now = time.time
if "CLOCK_SET_BY" in os.environ:  # once, at the gate
    by = float(os.environ["CLOCK_SET_BY"])
    time.time = lambda: now() + by * os.path.exists(os.environ["GATE"])
if "CLOCK_JUMPS" in os.environ:
    decade = 10 * 365 * 86_400
    time.time = lambda: now() + (-decade, 0, decade)[next(jumps) // 7 % 3]
    time.time_ns = lambda: int(time.time() * 1e9)

if "--multiprocessing-fork" in sys.orig_argv:  # a worker of a batch or of a cluster
    from melonnx.infer.predictor import Predictor

    predict = Predictor.predict
    really_open = open

    class Failing(io.FileIO):
        def readinto(self, buffer):
            if self.tell() >= os.path.getsize(self.name) // 2:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return super().readinto(buffer)

    def open_with_faults(path, *how, **more):
        if os.environ.get("UNREAD", "none") in str(path):
            return io.BufferedReader(Failing(path))
        return really_open(path, *how, **more)

    def predict_with_faults(self, path, *how, **more):
        if os.environ.get("SEGFAULT", "none") in path:
            import ctypes
            ctypes.string_at(0)
        if "GATE" in os.environ and "song {GATED:02}" <= os.path.basename(path) < "song z":
            while not os.path.exists(os.environ["GATE"]):
                time.sleep(0.005)
        return predict(self, path, *how, **more)

    builtins.open = open_with_faults
    Predictor.predict = predict_with_faults
""".replace("{GATED:02}", f"{GATED:02}")
"""What the processes of a run import as they start, and which variables make it do what."""


def command(music, output, *more):
    how = () if "--cluster" in more else ("--workers", "2")
    line = (MELONNX, "classify", music, "-o", output, "--model", "genre-small", *how, *more)
    return [str(part) for part in line]


def run(music, output, *more, **how):
    return subprocess.run(
        command(music, output, *more), capture_output=True, text=True, check=False,
        timeout=PATIENCE_S, **how,
    )  # fmt: skip


def content(output):
    if output.is_dir():
        return {path.name: path.read_bytes() for path in output.iterdir()}
    return output.read_bytes()


def finish(music, output, *more, fewer=True):
    """The same command again: it ends as ever, and hears what was not heard."""
    result = run(music, output, *more)
    assert result.returncode == 1, result.stderr
    heard = int(result.stderr.partition("; ")[2].partition(" ")[0])
    assert (heard < SONGS + 1) == fewer, result.stderr
    names = {output.name, f"{output.name}.journal"}
    assert {path.name for path in output.parent.iterdir()} == names
    assert rows(output) == SONGS + 1
    return content(output)


def rows(output):
    """In the journal, each of another file."""
    journal = output.with_name(f"{output.name}.journal")
    if not journal.exists():
        return 0
    lines = journal.read_bytes().splitlines()[1:]
    assert len({line.split(b",")[0] for line in lines}) == len(lines)
    return len(lines)


def wait(until, process):
    end = time.monotonic() + PATIENCE_S
    while not until():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.005)


@contextmanager
def at_the_gate(music, output, environment, *more, **faults):
    """A run that has heard what it may; yields it and what lets it go on."""
    gate = output.parent / "gate"
    line = command(music, output, *more)
    process = subprocess.Popen(
        line, env=environment(GATE=gate, **faults), stderr=subprocess.PIPE, text=True
    )
    try:
        wait(lambda: rows(output) >= GATED + 1, process)  # one is bad.mp3
        yield process, gate.touch
    finally:
        for pid in [*workers(process), process.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.communicate()
        gate.unlink(missing_ok=True)


def workers(process):
    """Of a run, by their process ids."""
    found, unseen = [], [process.pid]
    while unseen:
        pid = unseen.pop()
        with suppress(FileNotFoundError, ProcessLookupError):
            for thread in Path(f"/proc/{pid}/task").iterdir():
                for child in map(int, (thread / "children").read_text().split()):
                    unseen.append(child)
                    if b"--multiprocessing-fork" in Path(f"/proc/{child}/cmdline").read_bytes():
                        found.append(child)
    return found


def state(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def stop(pid):
    os.kill(pid, signal.SIGSTOP)
    end = time.monotonic() + PATIENCE_S
    while state(pid) != "T":
        assert time.monotonic() < end


def ended(process):
    """Exit code and the one line that it said."""
    _, told = process.communicate(timeout=PATIENCE_S)
    assert len(told.splitlines()) == 1, told
    assert told.startswith("melonnx: ")
    return process.returncode, told


def require_same_rows(output, expected):
    """Of two CSV files, but for the last digits."""
    ours, theirs = (
        list(csv.DictReader(text.splitlines())) for text in (output.read_text(), expected.decode())
    )
    for row, other in zip(ours, theirs, strict=True):
        for name in row:
            if "score" in name and row[name]:
                assert float(row[name]) == pytest.approx(float(other[name]), abs=1e-5)
            else:
                assert row[name] == other[name]


def limit_files(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def last_line(result):
    """Before it are only those of songs: an index has no place for what is wrong with one."""
    *others, last = result.stderr.splitlines()
    assert all(re.match(r"melonnx: /.*/(bad\.mp3: is|song \d\d\.wav: short)", x) for x in others)
    return last
