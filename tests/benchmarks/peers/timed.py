"""Times one peer in its own environment: ``python PEER.py SONG TIMES``.

The last line is JSON: the seconds of each answer, and those of the processor.
Runs on Python 3.7 too, and needs nothing but what the peer needs.
"""

import json
import sys
import time


def report(answer):
    """Call ``answer(path)`` as often as asked and print what each call took."""
    song, times = sys.argv[1], int(sys.argv[2])
    seconds, processor = [], []
    for _ in range(times):
        began, worked = time.perf_counter(), time.process_time()
        answer(song)
        seconds.append(time.perf_counter() - began)
        processor.append(time.process_time() - worked)
    print("\n" + json.dumps([seconds, processor]))
