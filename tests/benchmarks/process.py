"""A process as the system sees it. Linux."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Sample:
    """A process at one moment."""

    done: int
    memory_mb: float
    threads: int
    descriptors: int


def look(pid: int, done: int) -> Sample:
    """As the system sees it."""
    status = Path(f"/proc/{pid}/status").read_text()
    memory, threads = (int(status.split(name)[1].split()[0]) for name in ("VmRSS:", "Threads:"))
    descriptors = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return Sample(done, memory / 1024, threads, descriptors)


def processor_s(pid: int) -> float:
    """Seconds that a process has taken so far, of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
