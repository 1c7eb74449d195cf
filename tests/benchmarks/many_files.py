"""A library of many files: memory while it is heard, start-up when it is known, journal size.

python -m tests.benchmarks.many_files MUSIC [SONGS] [KNOWN]

Hears SONGS hard links to the songs of MUSIC (5,000 by default) with genre-small, and watches the
memory of the command and of its workers. Then runs the command once more on KNOWN songs (100,000)
whose journal is full, and says how long finding and matching them takes, and the whole.
"""

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from melonnx.infer.library.find import find_music

PROGRAM = str(Path(sys.executable).parent / "melonnx")


def melonnx(output: Path, root: Path) -> list[str]:
    """The command on all songs of ``root``."""
    return [
        *(PROGRAM, "classify", str(root / "music"), "--recursive"),
        *("--model", "genre-small", "-o", str(output)),
    ]


def link_songs(music: Path, folder: Path, n_songs: int) -> list[Path]:
    """``n_songs`` names, hundred a folder, for the songs of ``music``; copies where links fail."""
    songs = itertools.cycle(find_music(music, recursive=True))
    links = []
    originals: dict[Path, Path] = {}
    for i, song in zip(range(n_songs), songs, strict=False):
        link = folder / f"{i // 100:04}" / f"{i % 100:02} {song.stem}{song.suffix}"
        link.parent.mkdir(parents=True, exist_ok=True)
        if song not in originals:
            link.write_bytes(song.read_bytes())
            originals[song] = link
        else:
            try:
                os.link(originals[song], link)
            except OSError:  # more links than a file may have
                link.write_bytes(song.read_bytes())
        links.append(link)
    return links


def memory_mb(pid: int) -> float:
    """Resident memory of a process that is there."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def children(pid: int) -> list[int]:
    """The processes that it has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def hear(root: Path, n_songs: int) -> None:
    """Hear them all, and print memory as the journal grows."""
    output = root / "genres.csv"
    journal = root / "genres.csv.journal"
    began = time.monotonic()
    process = subprocess.Popen(melonnx(output, root), stderr=subprocess.PIPE, text=True)
    seen: list[tuple[int, float, float]] = []
    n_rows, at = 0, 0
    while process.poll() is None:
        time.sleep(0.5)
        if journal.exists():
            with journal.open("rb") as file:
                file.seek(at)
                new = file.read()
            n_rows, at = n_rows + new.count(b"\n"), at + len(new)
        try:
            workers = [memory_mb(child) for child in children(process.pid)]
            seen.append((n_rows, memory_mb(process.pid), max(workers, default=0)))
        except (OSError, ValueError, IndexError):  # it has just ended
            continue
    seconds = time.monotonic() - began
    assert process.stderr is not None
    print(process.stderr.read().strip(), f"exit code {process.returncode}, {seconds:.1f} s")
    steps = [step for step in (1000, n_songs // 4, n_songs // 2, n_songs) if step >= 1000]
    for step in sorted(set(steps)):
        rows, own, worker = min(seen, key=lambda sample: abs(sample[0] - step))
        print(f"at {rows:7,} songs: command {own:.0f} MB, largest worker {worker:.0f} MB")
    late = [sample for sample in seen if sample[0] >= 1000]
    for name, column in (("command", 1), ("worker", 2)):
        sizes = [sample[column] for sample in late if sample[column]]
        print(f"{name}, song 1,000 to the end: {min(sizes):.0f} to {max(sizes):.0f} MB")
    print(f"journal: {journal.stat().st_size / n_songs:.0f} bytes a song")


def known(root: Path, n_songs: int, music: Path) -> None:
    """Time a run on songs that a journal holds already."""
    links = link_songs(music, root / "music", n_songs)
    output = root / "genres.csv"
    journal = root / "genres.csv.journal"
    with journal.open() as lines:
        header = next(lines)
        row = next(row for row in map(json.loads, lines) if row[3] == "ok")
    with journal.open("w") as file:
        file.write(header)
        for link in links:
            found = link.stat()
            changed = [str(link.absolute()), found.st_size, found.st_mtime_ns, *row[3:]]
            file.write(json.dumps(changed, separators=(",", ":")) + "\n")
    new = root / "music" / "zzz.mp3"
    new.write_bytes(links[0].read_bytes())
    began = time.monotonic()
    process = subprocess.Popen(melonnx(output, root), stderr=subprocess.PIPE, text=True)
    size, first_s, peak = journal.stat().st_size, 0.0, 0.0
    part_s = 0.0
    while process.poll() is None:
        time.sleep(0.05)
        try:
            peak = max(peak, memory_mb(process.pid))
        except (OSError, ValueError, IndexError):
            continue
        if not part_s and (root / ".part-genres.csv").exists():
            part_s = time.monotonic() - began
        if not first_s and journal.stat().st_size > size:
            first_s = time.monotonic() - began
    seconds = time.monotonic() - began
    assert process.stderr is not None
    print(process.stderr.read().strip())
    print(
        f"{n_songs:,} known songs and a new one: found and matched after {part_s:.1f} s, the new "
        f"one heard after {first_s:.1f} s, all written after {seconds:.1f} s; {peak:.0f} MB at "
        f"most; journal of {size / 1e6:.1f} MB"
    )


def main() -> None:
    """Run both parts."""
    music = Path(sys.argv[1])
    n_songs = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
    n_known = int(sys.argv[3]) if len(sys.argv) > 3 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        link_songs(music, Path(folder) / "music", n_songs)
        hear(Path(folder), n_songs)
        known(Path(folder), n_known, music)


if __name__ == "__main__":
    main()
