"""How many cores one parent process can feed: what it does itself for each song of a library.

python -m tests.benchmarks.parent MUSIC [SONGS] [WORKERS]

SONGS (5,000) hard links to the songs of MUSIC are answered by workers that hear nothing: each has
one answer, made before. So the processor time of this process is the parent's own: find, hand out,
take in, journal, output. Beside it: the workers' processor time a song with the released models, on
the sample clip. A parent that is busy all the time feeds so many cores as the ratio says; a disk
that reads fewer songs a second feeds fewer.
"""

import statistics
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

from melonnx.infer import Predictor
from melonnx.infer.library import workers
from melonnx.infer.library.collection import Output, classify_in_processes
from melonnx.infer.library.find import find_music
from melonnx.infer.library.journal import Packed
from melonnx.infer.library.workers import Hearing, hear_file
from melonnx.infer.model.session import MODELS_FOLDER, find_model
from melonnx.infer.results.rows import View
from tests.benchmarks.many_files import link_songs

MODEL = "genre-small"
SAMPLE = MODELS_FOLDER / "sample.mp3"
ROUNDS = 15


@cache
def answer() -> Packed:
    """Of the sample clip."""
    return hear_file(Predictor(MODEL, "cpu", 1), str(SAMPLE))


def hear_nothing(connection: Any, hearing: Hearing) -> None:
    """What a worker does."""
    packed = answer()
    connection.send(None)
    try:
        while True:
            connection.recv()
            connection.send(packed)
    except EOFError:
        return


def main() -> None:
    """Print the parent's time a song, and beside what."""
    music, n_songs, n_workers = (
        Path(sys.argv[1]),
        int(sys.argv[2]) if len(sys.argv) > 2 else 5000,
        int(sys.argv[3]) if len(sys.argv) > 3 else 2,
    )
    workers._work = hear_nothing
    info = Predictor(MODEL, "cpu", 1).info
    hearing = Hearing(find_model(MODEL), f"{info.name} {info.version}", "cpu")
    with tempfile.TemporaryDirectory() as folder:
        link_songs(music, Path(folder) / "music", n_songs)
        began = time.process_time()
        songs = [str(path) for path in find_music(Path(folder) / "music", recursive=True)]
        output = Output(View(info.genres), "csv", path=Path(folder) / "genres.csv")
        outcome = classify_in_processes(songs, hearing, output, workers=n_workers)
        own = 1000 * (time.process_time() - began) / n_songs
        size = (Path(folder) / "genres.csv.journal").stat().st_size / n_songs
    assert outcome.answered == outcome.heard == n_songs
    print(f"parent: {own:.2f} ms of processor time a song, {size:.0f} bytes of journal")
    for name in ("genre-base", "genre-small"):
        predictor, times = Predictor(name, "cpu", 1), []
        for _ in range(ROUNDS):
            began = time.process_time()
            hear_file(predictor, str(SAMPLE))
            times.append(1000 * (time.process_time() - began))
        one = statistics.median(times)
        print(f"{name}: {one:.1f} ms a song of 30 s; one parent feeds {one / own:.0f} cores")


if __name__ == "__main__":
    main()
