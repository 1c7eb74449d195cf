"""Runs ``melonnx demo``, or ``review``, as its user does, in a temporary folder of its own."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

__all__ = ["Running", "run_page"]


@dataclass(frozen=True)
class Running:
    """A page that answers."""

    address: str
    process: subprocess.Popen[str]
    temporary: Path
    """What the page writes is in here."""

    @property
    def files(self) -> list[Path]:
        """What lies in its folder for uploads."""
        return [path for path in self.temporary.glob("melonnx-demo-*/**/*") if path.is_file()]

    @property
    def memory_mb(self) -> float:
        """Of the process, resident."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


@contextmanager
def run_page(
    temporary: Path,
    *options: str,
    log: IO[str] | None = None,
    page: str = "demo",
    **variables: str,
) -> Iterator[Running]:
    """Start the page on a free port, and end it as a service is ended.

    ``page``: the command that serves it. ``log``: takes what it says on stderr, which otherwise
    is ours.
    """
    command = shutil.which("melonnx", path=str(Path(sys.executable).parent))
    assert command, "the melonnx command is not installed beside this Python"
    process = subprocess.Popen(
        [command, page, "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        env=os.environ | {"TMPDIR": str(temporary)} | variables,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, "the page has said no address"
        yield Running(address, process, temporary)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=120)
