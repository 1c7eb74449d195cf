"""Many songs on all cores with one Predictor.

python threads.py SONG...
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

from melonnx.infer import MelonnxError, Predictor

predictor = Predictor(threads=1)  # a core for each song, not all cores for one


def genre(path: str) -> str:
    """A line for the song."""
    try:
        song = predictor.predict(path)
    except MelonnxError as error:  # this song only; its message names it
        return str(error)
    return f"{path}: {song.label} {song.score:.0%}"


with ThreadPoolExecutor(os.cpu_count()) as pool:
    for line in pool.map(genre, sys.argv[1:]):
        print(line)
