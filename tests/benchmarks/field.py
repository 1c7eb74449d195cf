"""melonnx beside what else tells something of a song, and beside its limits, in one run.

    python -m tests.benchmarks.field ENVIRONMENTS [ROUNDS [SONG …]]

ENVIRONMENTS is a folder with an environment of its own for each; what is not there is left out:

    python3.11 -m venv E/melonnx     && E/melonnx/bin/pip install .
    python3.11 -m venv E/librosa     && E/librosa/bin/pip install librosa onnxruntime
    python3.10 -m venv E/basic-pitch && E/basic-pitch/bin/pip install 'basic-pitch[onnx]' \
        'setuptools<81' 'scipy<1.13'
    python3.7  -m venv E/musicnn     && E/musicnn/bin/pip install musicnn
    python3.11 -m venv E/essentia    && E/essentia/bin/pip install essentia-tensorflow
    python3.11 -m venv E/vibenet     && E/vibenet/bin/pip install vibenet

Each round runs all in turn. Cold: a process from its start to the end of the first answer
(melonnx: the command). Warm: one more answer in a process that has given three. Songs a second:
of as many such processes as there are cores, each on its own. Processor: of a warm answer, with all
threads. Joules, where the processor counts them for whoever may ask (Intel's RAPL; no virtual
machine does): of the machine, over such processes, for a song. Ratios are within a round. Each SONG
(the sample) has a table. Linux.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from melonnx.infer.model.session import MODELS_FOLDER
from tests.benchmarks.install_size import size

PROGRAMS = Path(__file__).parent / "peers"
WARM_UP, TIMES = 3, 12
COUNTERS = sorted(Path("/sys/class/powercap").glob("intel-rapl:[0-9]/energy_uj"))
"""Of each processor of the machine, its memory aside."""
BROUGHT = {"pip", "setuptools", "_distutils_hack", "pkg_resources"}
"""By every environment."""


@dataclass(frozen=True)
class Peer:
    """One program in its environment."""

    name: str
    environment: str
    program: str
    command: tuple[str, ...] = ()
    """What a user types for one song, where it is not the program."""


@dataclass
class Figures:
    """Of a peer, one of each for every round."""

    cold_s: list[float] = field(default_factory=list)
    warm_s: list[float] = field(default_factory=list)
    processor_s: list[float] = field(default_factory=list)
    songs_a_second: list[float] = field(default_factory=list)
    joules: list[float] = field(default_factory=list)
    """Of a song; empty where nothing counts them."""
    peak_mb: list[float] = field(default_factory=list)
    """Of the cold run."""


SMALL = Path(__file__).parents[1] / "models" / "genre-small-1.0.onnx"
"""Of a front end that librosa has, too."""
PEERS = (
    Peer("melonnx", "melonnx", "melonnx_default", ("classify",)),
    Peer("melonnx, small", "melonnx", "melonnx_small", ("classify", "--model", str(SMALL))),
    Peer("librosa, small", "librosa", "librosa_script"),
    Peer("musicnn", "musicnn", "musicnn_tags"),
    Peer("vibenet (feelings)", "vibenet", "vibenet_feelings"),
    Peer("essentia, no network", "essentia", "essentia_front_end"),
    Peer("basic-pitch (notes)", "basic-pitch", "basic_pitch_onnx"),
    Peer("limit: decoding", "melonnx", "decode_only"),
    Peer("limit: network", "melonnx", "network_only"),
)


def start(line: list[str], cores: set[int], output: Path) -> int:
    """Begin a process on ``cores``; returns its number."""
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    to_file = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    files = [
        (os.POSIX_SPAWN_OPEN, 1, str(output), to_file, 0o600),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    try:
        return os.posix_spawn(line[0], line, os.environ, file_actions=files)
    finally:
        os.sched_setaffinity(0, mine)


def finish(process: int, line: list[str]) -> float:
    """Wait for it; its peak memory in MB."""
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(f"failed; run it alone to see why: {' '.join(line)}")
    return usage.ru_maxrss / 1024


def steady_s(output: Path) -> tuple[float, float]:
    """Seconds of an answer, after the first, and those of the processor."""
    seconds, processor = json.loads(output.read_text().splitlines()[-1])
    return statistics.median(seconds[WARM_UP:]), statistics.median(processor[WARM_UP:])


def joules() -> float | None:
    """What the processors have used so far; None where nothing counts it."""
    try:
        return sum(int(counter.read_text()) / 1e6 for counter in COUNTERS) if COUNTERS else None
    except OSError:  # for root only
        return None


def measure(peer: Peer, folder: Path, song: str, figures: Figures, outputs: list[Path]) -> None:
    """One round."""
    binaries, cores = folder / peer.environment / "bin", os.sched_getaffinity(0)
    program = [str(binaries / "python"), str(PROGRAMS / f"{peer.program}.py"), song]
    model = str(SMALL)
    once = [str(binaries / "melonnx"), *peer.command, song] if peer.command else [*program, "1"]
    once += [] if peer.command else [model]
    began = time.perf_counter()
    memory = finish(start(once, cores, outputs[0]), once)
    figures.cold_s.append(time.perf_counter() - began)
    figures.peak_mb.append(memory)
    often = [*program, str(WARM_UP + TIMES), model]
    finish(start(often, cores, outputs[0]), often)
    warm_s, processor_s = steady_s(outputs[0])
    figures.warm_s.append(warm_s)
    figures.processor_s.append(processor_s)
    before = joules()
    started = [
        start(often, {core}, output) for core, output in zip(sorted(cores), outputs, strict=False)
    ]
    for process in started:
        finish(process, often)
    after = joules()
    if before is not None and after is not None and after > before:  # the counter begins anew
        figures.joules.append((after - before) / len(started) / (WARM_UP + TIMES))
    figures.songs_a_second.append(
        sum(1 / steady_s(output)[0] for output in outputs[: len(started)])
    )


def with_ratio(ours: list[float], theirs: list[float], digits: int) -> str:
    """Their median, and in how many of ours it is: least to most of the rounds."""
    ratios = [their / our for our, their in zip(ours, theirs, strict=True)]
    middle = f"{statistics.median(theirs):.{digits}f}"
    return f"{middle:>7} {statistics.median(ratios):6.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def main() -> None:
    """Measure all that is there, in turn, and print."""
    folder = Path(sys.argv[1]).absolute()
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    there = [peer for peer in PEERS if (folder / peer.environment).is_dir()]
    for song in sys.argv[3:] or [str(MODELS_FOLDER / "sample.mp3")]:
        table(there, folder, song, rounds)


def table(there: list[Peer], folder: Path, song: str, rounds: int) -> None:
    """Of one song."""
    figures = {peer: Figures() for peer in there}
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as temporary:
        outputs = [Path(temporary) / str(number) for number in range(cores)]
        for peer in there:  # bytecode, page cache, and what numba and matplotlib keep
            measure(peer, folder, song, Figures(), outputs)
        for _ in range(rounds):
            for peer in there:
                measure(peer, folder, song, figures[peer], outputs)
    ours = figures[there[0]]
    print(f"{song}, {rounds} rounds in turn, {cores} cores; ratios are to the first line's")
    heads = ["cold s", "warm s", "processor s", f"songs/s, {cores} processes", "peak MB"]
    heads += ["joules a song"] * bool(ours.joules) + ["installed MB"]
    print("\t".join(("", *heads)).expandtabs(30))
    for peer, theirs in figures.items():
        (site,) = (folder / peer.environment).glob("lib/python*/site-packages")
        cells = [
            with_ratio(ours.cold_s, theirs.cold_s, 2),
            with_ratio(ours.warm_s, theirs.warm_s, 4),
            with_ratio(ours.processor_s, theirs.processor_s, 4),
            with_ratio(ours.songs_a_second, theirs.songs_a_second, 1),
            with_ratio(ours.peak_mb, theirs.peak_mb, 0),
        ]
        if ours.joules and len(ours.joules) == len(theirs.joules):
            cells.append(with_ratio(ours.joules, theirs.joules, 1))
        installed = sum(size(path) for path in site.iterdir() if path.name not in BROUGHT)
        cells.append(f"{installed / 1e6:.0f}")
        print("\t".join((peer.name, *cells)).expandtabs(30), flush=True)


if __name__ == "__main__":
    main()
