"""What a long run leaves behind: memory, threads, descriptors and files. On demand.

python -m tests.benchmarks.soak predict [N]
python -m tests.benchmarks.soak page [MINUTES]

``predict``: N (50,000) predictions in one process, good and bad sources in turn, on one thread
and on four. ``page``: ``melonnx demo`` as a process, and visitors of every kind for so many (20)
minutes. Each answer is compared with what ``Predictor`` said first. Prints a table and a verdict;
the exit code is 1 where a limit is broken. Memory breaks its limit where both its slope over all
samples and its growth from rest to rest do: the page's slope also has what load does to it.
"""

import io
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Event

import numpy as np

from melonnx.infer import Prediction, Predictor
from melonnx.infer.errors import AudioError
from tests.benchmarks.process import Sample, look
from tests.benchmarks.soak_requests import Site, open_site
from tests.benchmarks.soak_visitors import OPTIONS, VISITS, Tally, send_visitors
from tests.conftest import encode, make_song
from tests.demo.running import run_page
from tests.robustness.corpus import CORPUS

_MODEL = "genre-small"
_WARM_UP = 0.2
"""Of all, at the start: until every cache has been filled once."""
_MOST_SLOPE = 1.0
"""MB per 10,000."""
_CHUNK = 500
_REST_S = 80.0
"""The page forgets an answer after 60 s, and lets go of idle threads at the next request."""
_BLOCKS = 20
_KINDS = (
    ("WAV", "PCM_16", 22050, 1), ("WAV", "PCM_24", 44100, 2), ("WAV", "FLOAT", 8000, 1),
    ("WAV", "ULAW", 16000, 1), ("FLAC", "PCM_16", 96000, 2), ("AIFF", "PCM_16", 48000, 2),
    ("OGG", "VORBIS", 44100, 2), ("OGG", "OPUS", 48000, 1), ("MP3", "MPEG_LAYER_III", 44100, 2),
    ("MP3", "MPEG_LAYER_III", 22050, 1), ("AU", "PCM_16", 11025, 1), ("FLAC", "PCM_24", 192000, 1),
)  # fmt: skip

Answer = dict[str, float] | str
"""Probabilities, or the words of the error."""


def slope(samples: list[Sample]) -> tuple[float, float]:
    """MB per 10,000 by least squares, and its standard error.

    Over the means of twenty blocks: one moment's memory is much like the next's.
    """
    values = np.array([(one.done / 10_000, one.memory_mb) for one in samples])
    means = np.array([block.mean(axis=0) for block in np.array_split(values, _BLOCKS)])
    (steep, _), covariance = np.polyfit(means[:, 0], means[:, 1], 1, cov=True)
    return float(steep), float(np.sqrt(covariance[0, 0]))


def report(what: str, samples: list[Sample], before: Sample, after: Sample) -> list[str]:
    """Print what became of a process between two rests; returns the limits that are broken."""
    steep, error = slope(samples)
    most = max(samples, key=lambda one: one.memory_mb).memory_mb
    print(f"\n{after.done:,} {what}; figures are of those after the first {before.done:,}")
    print(f"{'':12} {'start':>8} {'end':>8} {'most':>8}")
    print(f"{'memory, MB':12} {before.memory_mb:8.1f} {after.memory_mb:8.1f} {most:8.1f}")
    for name in ("threads", "descriptors"):
        values = [getattr(one, name) for one in (before, after)]
        print(f"{name:12} {values[0]:8} {values[1]:8} {max(getattr(s, name) for s in samples):8}")
    at_rest = (after.memory_mb - before.memory_mb) / (after.done - before.done) * 10_000
    print(f"slope: {steep:+.2f} MB per 10,000 (standard error {error:.2f})")
    print(f"from start to end: {at_rest:+.2f} MB per 10,000")
    broken = []
    if min(steep, at_rest) > _MOST_SLOPE:
        broken.append(f"memory grows by {steep:.2f} MB per 10,000, {_MOST_SLOPE:g} at most")
    if after.threads > before.threads:
        broken.append(f"threads: {before.threads}, then {after.threads}")
    if after.descriptors > before.descriptors:
        broken.append(f"descriptors: {before.descriptors}, then {after.descriptors}")
    return broken


def predict(n: int) -> list[str]:
    """Predictions in this process."""
    predictor = Predictor(_MODEL, device="cpu", threads=1)
    with TemporaryDirectory() as folder, ThreadPoolExecutor(4) as pool:
        asks = _asks(predictor, Path(folder))
        expected = [ask() for ask in asks]
        is_error = [isinstance(answer, str) for answer in expected]
        print(f"{len(asks)} sources, {sum(is_error)} of them bad", file=sys.stderr)
        rng = np.random.default_rng(0)
        wrong, n_bad, samples = 0, 0, [look(os.getpid(), 0)]
        for number, done in enumerate(range(0, n, _CHUNK)):
            chosen = rng.integers(len(asks), size=min(_CHUNK, n - done)).tolist()
            run = pool.map if number % 2 else map
            answers = list(run(lambda one: asks[one](), chosen))
            wrong += sum(
                not _is_same(got, expected[one]) for got, one in zip(answers, chosen, strict=True)
            )
            n_bad += sum(is_error[one] for one in chosen)
            samples.append(look(os.getpid(), done + len(chosen)))
            print(samples[-1], file=sys.stderr)
    warm = [one for one in samples if one.done >= _WARM_UP * n]
    broken = report("predictions in one process", warm, warm[0], warm[-1])
    print(f"bad sources: {n_bad:,}; answers unlike the first: {wrong}")
    return [*broken, *([f"{wrong} answers are unlike the first"] if wrong else [])]


def page(minutes: float) -> list[str]:
    """Visitors of the page."""
    with (
        TemporaryDirectory() as folder,
        open(Path(folder, "log"), "w+", encoding="utf-8") as log,
    ):
        temporary = Path(folder, "temporary")
        temporary.mkdir()
        with run_page(temporary, *OPTIONS, log=log) as running:
            site, tally = open_site(running.address, _MODEL), Tally()
            there = set(temporary.rglob("*"))  # the runtime's own
            pid = running.process.pid
            samples: list[Sample] = []
            _visit(site, tally, pid, _WARM_UP * minutes * 60, samples)
            before = look(pid, tally.n)
            warm_up = len(samples)
            _visit(site, tally, pid, (1 - _WARM_UP) * minutes * 60, samples)
            after = look(pid, tally.n)
            left = _left_after(running.files, lambda: running.files)
        left += set(temporary.rglob("*")) - there
        log.seek(0)
        said = log.read()
    broken = report("visits of the page", samples[warm_up:], before, after)
    print(f"{'visit':34} {'times':>7} {'wrong':>6}")
    for name, times, wrong in tally.rows():
        print(f"{name:34} {times:7} {wrong:6}")
    print(f"files left: {len(left)}; log: {len(said.splitlines())} lines")
    broken += [f"{name}: {words}" for name, words in tally.first_wrong.items()]
    if left:
        broken.append(f"files are left: {left[:3]}")
    if "Traceback" in said or "Exception" in said:
        broken.append("the log has a traceback:\n" + said[said.find("Traceback") :][:3000])
    return broken


def _visit(site: Site, tally: Tally, pid: int, seconds: float, samples: list[Sample]) -> None:
    """Send visitors for so long, then let the page rest."""
    end = Event()
    with ThreadPoolExecutor(1) as pool:
        visitors = pool.submit(send_visitors, site, tally, end)
        until = time.monotonic() + seconds
        while time.monotonic() < until and not visitors.done():
            time.sleep(1)
            samples.append(look(pid, tally.n))
            if len(samples) % 30 == 0:
                print(samples[-1], file=sys.stderr, flush=True)
        end.set()
        visitors.result()
    time.sleep(_REST_S)
    VISITS["/classify"](site, Random(0))


def _left_after(found: list[Path], find: Callable[[], list[Path]]) -> list[Path]:
    """What is still there once the page has had the time to remove it."""
    end = time.monotonic() + 150
    while found and time.monotonic() < end:
        time.sleep(1)
        found = find()
    return found


def _asks(predictor: Predictor, folder: Path) -> list[Callable[[], Answer]]:
    """Good and bad sources, as paths, bytes, streams and arrays."""
    asks: list[Callable[[], Answer]] = []
    for seed, (kind, seconds) in enumerate((k, s) for k in _KINDS for s in (0.4, 1.7, 3.2)):
        format_, subtype, rate, channels = kind
        samples = make_song(seconds, rate, channels, seed)
        content = encode(samples, rate, format_, subtype)
        path = folder / f"{seed}.song"
        path.write_bytes(content)
        ways: list[Callable[[], Prediction]] = [
            partial(predictor.predict, path),
            partial(predictor.predict, content),
            lambda content=content: predictor.predict(io.BytesIO(content)),
            partial(predictor.predict_array, samples, rate),
        ]
        asks.append(partial(_in_words, ways[seed % len(ways)]))
    for entry in CORPUS:
        if entry.status != "ok":
            path = folder / os.fsdecode(entry.name)
            entry.make(path)
            asks.append(partial(_in_words, partial(predictor.predict, path)))
            if path.is_file():
                asks.append(partial(_in_words, partial(predictor.predict, path.read_bytes())))
    return asks


def _in_words(ask: Callable[[], Prediction]) -> Answer:
    try:
        return ask().probabilities
    except AudioError as error:
        return f"{error.status}: {error}"


def _is_same(answer: Answer, expected: Answer) -> bool:
    if isinstance(answer, str) or isinstance(expected, str):
        return answer == expected
    return answer.keys() == expected.keys() and all(
        abs(answer[name] - expected[name]) < 1e-6 for name in expected
    )


def main() -> None:
    """Run one of the two and print the verdict."""
    what, *amount = sys.argv[1:] or [""]
    if what == "predict":
        broken = predict(int(amount[0]) if amount else 50_000)
    elif what == "page":
        broken = page(float(amount[0]) if amount else 20)
    else:
        sys.exit(__doc__)
    print("\n".join(f"FAILED: {one}" for one in broken) or "passed")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
