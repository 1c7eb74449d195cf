"""Two Dask workers against one: ``python -m tests.benchmarks.cluster MUSIC [SONGS] [ROUNDS]``.

MUSIC is a folder of songs, which are taken again and again until there are SONGS. Prints songs a
second with one worker and with two, in turn, and the ratio of each round.
"""

import statistics
import sys
import time
from itertools import cycle, islice
from pathlib import Path

from melonnx.infer.library.cluster import connect, hear_in_cluster
from melonnx.infer.library.find import find_music
from melonnx.infer.library.workers import Hearing, Job
from melonnx.infer.model.session import find_model

HEARING = Hearing(find_model("genre-small"), "genre-small", "cpu")


def songs_a_second(songs: list[str], workers: int) -> float:
    """With a cluster that is up, without its start."""
    with connect(f"local[{workers}]") as client:
        list(hear_in_cluster(iter([Job(0, songs[0])]), client, HEARING))
        began = time.perf_counter()
        heard = sum(1 for _ in hear_in_cluster(map(Job, range(len(songs)), songs), client, HEARING))
        return heard / (time.perf_counter() - began)


def main() -> None:
    """Measure and print."""
    folder, *numbers = sys.argv[1:]
    n_songs, rounds = (int(number) for number in [*numbers, 600, 3][:2])
    found = map(str, find_music(Path(folder), recursive=True))
    songs = list(islice(cycle(list(found)), n_songs))
    ratios = []
    for _ in range(rounds):
        one, two = songs_a_second(songs, 1), songs_a_second(songs, 2)
        ratios.append(two / one)
        print(f"one worker {one:.1f} songs/s, two {two:.1f}: {ratios[-1]:.2f} times")
    print(f"median {statistics.median(ratios):.2f} times, {n_songs} songs")


if __name__ == "__main__":
    main()
