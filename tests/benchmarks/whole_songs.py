"""Whole songs, skimmed and read through: is it the same answer, as surely, and at what price?

    python -m tests.benchmarks.whole_songs COLLECTION [SONGS [FILE [MODEL …]]]

COLLECTION holds folders with a tracks.csv (path, genre, artist). Its clips, of one genre and next
to those of the same artist, are joined end to end to songs of four minutes, 44.1 kHz stereo, and
written by ffmpeg, each way that is skimmed thrice as often as one that is read through. What each
model says of each is a JSON line of FILE; run again with it, the next songs follow. The table at
the end has a line for each way and one for all.
"""

import csv
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from melonnx.infer import Predictor
from melonnx.infer.audio.reader import load_audio, open_audio

RATE, SECONDS = 44100, 240
WAYS = {
    "mp3 128": ("mp3", "-c:a libmp3lame -compression_level 9 -b:a 128k"),
    "mp3 320": ("mp3", "-c:a libmp3lame -compression_level 9 -b:a 320k"),
    "mp3 V2": ("mp3", "-c:a libmp3lame -compression_level 9 -q:a 2"),
    "mp3 V6": ("mp3", "-c:a libmp3lame -compression_level 9 -q:a 6"),
    "flac 16": ("flac", "-c:a flac -sample_fmt s16"),
    "flac 24": ("flac", "-c:a flac -sample_fmt s32"),
    "wav 16": ("wav", "-c:a pcm_s16le"),
    "wav 24, 48 kHz": ("wav", "-c:a pcm_s24le -ar 48000"),
    "m4a": ("m4a", "-c:a aac -b:a 128k"),
    "mp3 V4, no table": ("mp3", "-c:a libmp3lame -compression_level 9 -q:a 4 -write_xing 0"),
    "ogg": ("ogg", "-c:a libvorbis -q:a 4"),
    "opus": ("opus", "-c:a libopus -b:a 96k"),
}
READ_THROUGH = ["m4a", "mp3 V4, no table"]


def clips(collection: Path, turn: int) -> Iterator[Path]:
    """All of them, genre by genre; artists in another order each ``turn``."""
    rows: list[tuple[str, float, str, Path]] = []
    for table in sorted(collection.glob("*/tracks.csv")):
        with open(table, newline="", encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                path = table.parent / row["path"]
                chance = np.random.default_rng([turn, *row["artist"].encode()]).random()
                rows.append((row["genre"], chance, row["path"], path))
    return (path for *_, path in sorted(rows))


def songs(collection: Path, turn: int) -> list[list[Path]]:
    """The clips of each song, the songs in chance order."""
    made: list[list[Path]] = [[]]
    seconds = 0.0
    for clip in clips(collection, turn):
        made[-1].append(clip)
        seconds += soundfile.info(clip).duration
        if seconds >= SECONDS:
            made.append([])
            seconds = 0.0
    return [made[i] for i in np.random.default_rng(turn).permutation(len(made) - 1)]


def join(song: list[Path]) -> np.ndarray:
    """Float32 (samples, 2): the right channel is the left one, a little quieter."""
    mono = np.concatenate([load_audio(clip, RATE) for clip in song])[: RATE * SECONDS, None]
    return mono * np.array([1, 0.8], np.float32)


def encode(song: np.ndarray, path: Path, how: str) -> None:
    """Write ``song`` as ffmpeg does."""
    whole = path.with_name("whole.wav")
    soundfile.write(whole, song, RATE, "PCM_24")
    said = ["ffmpeg", "-nostdin", "-loglevel", "error", "-i", whole, *how.split(), path]
    subprocess.run(said, check=True)
    whole.unlink()


def compare(path: Path, whole: Predictor, skimming: Predictor) -> dict[str, Any]:
    """Both answers to one song, and their processor seconds."""
    found: dict[str, Any] = {}
    answers: list[dict[str, float]] = []
    for name, one in (("whole", whole), ("skim", skimming)):
        began = time.process_time()
        answer = one.predict(path)
        found[name] = {
            "seconds": time.process_time() - began,
            "label": answer.label,
            "score": answer.score,
            "sure": not answer.unsure,
        }
        answers.append(answer.probabilities)
    # Of the score, which is of one label, and of the genres' probabilities, which are finer.
    found["difference"] = max(abs(answers[0][genre] - answers[1][genre]) for genre in answers[0])
    found["skimmed"] = found["difference"] > 0  # what is read through twice is equal to the bit
    return found


def decode_s(path: Path) -> float:
    """Processor seconds of decoding all of it, at its own rate, mixed to mono."""
    began = time.process_time()
    with open_audio(path, None) as reader:
        for _ in reader:
            pass
    return time.process_time() - began


def row(name: str, found: list[dict[str, Any]]) -> str:
    """A line of the table."""
    sure = [one for one in found if one["whole"]["sure"]]
    same = sum(one["whole"]["label"] == one["skim"]["label"] for one in found)
    sure_same = sum(one["whole"]["label"] == one["skim"]["label"] for one in sure)
    as_sure = sum(one["whole"]["sure"] == one["skim"]["sure"] for one in found)
    scores = [abs(one["whole"]["score"] - one["skim"]["score"]) for one in found]
    times = [one["whole"]["seconds"] / one["skim"]["seconds"] for one in found]
    against = [one["decode"] / one["skim"]["seconds"] for one in found]
    skimmed = sum(one["skimmed"] for one in found)
    return (
        f"{name:28} {len(found):4} {skimmed:4} {same:4} {sure_same:4} of {len(sure):3} "
        f"{as_sure:4} {np.mean(scores):8.4f} {max(scores):7.4f} "
        f"{np.mean([one['difference'] for one in found]):7.4f} "
        f"{np.median(times):6.2f} {np.median(against):6.2f}"
    )


def hear(song: list[Path], way: str, pairs: dict[str, tuple[Predictor, Predictor]]) -> list[dict]:
    """What each model says of a song that is written in one way."""
    suffix, how = WAYS[way]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"song.{suffix}"
        encode(join(song), path, how)
        decoding = decode_s(path)
        known = {"way": way, "decode": decoding}
        return [{**known, "model": name, **compare(path, *pair)} for name, pair in pairs.items()]


def main() -> None:
    """Print the table."""
    collection, n_songs = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 380
    log = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    rows: list[dict[str, Any]] = []
    if log is not None and log.exists():
        rows = [json.loads(line) for line in log.read_text().splitlines()]
    models = sys.argv[4:] or ["genre-base", "genre-small"]
    done = len(rows) // len(models)
    pairs = {
        name: (Predictor(name, "cpu", 1, skim=False), Predictor(name, "cpu", 1, skim=True))
        for name in models
    }
    ways = itertools.cycle([way for way in WAYS if way not in READ_THROUGH] * 3 + READ_THROUGH)
    turns = itertools.chain.from_iterable(songs(collection, i) for i in itertools.count())
    for song, way in itertools.islice(zip(turns, ways, strict=False), done, n_songs):
        found = hear(song, way, pairs)
        rows += found
        if log is not None:
            with log.open("a") as file:
                file.writelines(json.dumps(one) + "\n" for one in found)
    print(
        f"{'':28} songs skimmed, same label, of sure ones, as sure; difference of the score "
        "(mean, most), of any probability (mean); whole / skim, decoding / skim (processor time)"
    )
    for name in models:
        own = [one for one in rows if one["model"] == name]
        for way in WAYS:
            if some := [one for one in own if one["way"] == way]:
                print(row(f"{name} {way}", some))
        print(row(f"{name} skimmed", [one for one in own if one["skimmed"]]))
        print(row(f"{name} all", own))


if __name__ == "__main__":
    main()
