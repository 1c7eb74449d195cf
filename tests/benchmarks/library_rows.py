"""A library of many rows through tag, organize, map and classify --per: seconds and memory.

python -m tests.benchmarks.library_rows [ROWS] [COMMAND…]

Makes ROWS (100,000 by default) mp3 files of three seconds, ten an album, each with a digest of its
own, and what ``melonnx classify -o library.jsonl --embeddings`` would have written of them. Then
runs each command as a user does, and prints its seconds and its largest memory; ``classify`` is
given a library that is known, ``moved`` one whose folders were all renamed.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from melonnx.infer.audio.digest import audio_digest
from melonnx.infer.library.journal import model_key, pack
from melonnx.infer.model.session import find_model, load_model
from melonnx.infer.prediction import Prediction, Segment
from tests.benchmarks.many_files import PROGRAM
from tests.conftest import encode

_SONGS = 120
"""Sounds; the others are copies with other tags and a number at their end."""


def songs(folder: Path, n_rows: int) -> list[Path]:
    """``n_rows`` small mp3s with album and artist, ten an album."""
    from mutagen.id3 import ID3, TALB, TIT2, TPE1

    rng = np.random.default_rng(0)
    audio = [
        encode(rng.normal(0, 0.1, 66150).astype(np.float32), 22050, "MP3") for _ in range(_SONGS)
    ]
    paths = []
    for number in range(n_rows):
        album = number // 10
        path = folder / f"artist {album // 5:05}" / f"album {album:06}" / f"{number % 10:02}.mp3"
        path.parent.mkdir(parents=True, exist_ok=True)
        tags = ID3()
        tags.add(TALB(encoding=3, text=[f"album {album}"]))
        tags.add(TPE1(encoding=3, text=[f"artist {album // 5}"]))
        tags.add(TIT2(encoding=3, text=[f"title {number}"]))
        with path.open("w+b") as file:
            tags.save(file)
            file.seek(0, os.SEEK_END)
            # Each song a digest of its own: a number in bytes that no decoder minds.
            file.write(audio[number % _SONGS] + number.to_bytes(4) * 64)
        paths.append(path)
    return paths


def answers(paths: list[Path]) -> Iterator[Prediction]:
    """What a model with further heads may say of each."""
    info = load_model(find_model(None), device="cpu", threads=1).info
    rng = np.random.default_rng(1)
    words = [word for head in info.heads.values() for word in head.labels]
    for path in paths:
        chances = rng.dirichlet(np.full(len(info.genres), 0.1))
        order = np.argsort(-chances)
        probabilities = {info.genres[i]: float(chances[i]) for i in order}
        label, score = next(iter(probabilities.items()))
        tags = {word: float(rng.random()) for word in words}
        yield Prediction(
            path=str(path), label=label, score=score, unsure=score < 0.6, music=0.99,
            probabilities=probabilities, tags=tags, said=tuple(words[:3]),
            energy=float(rng.random()), valence=float(rng.random()), duration_s=200.0,
            timeline=(Segment(0.0, 100.0, label, score), Segment(100.0, 200.0, label, score)),
            embedding=rng.normal(0, 1, 200).astype(np.float32),
            model=f"{info.name} {info.version}",
        )  # fmt: skip


def run(what: str, *arguments: str | Path) -> None:
    """Time a command, and look at the largest memory that it and its children have had."""
    began = time.monotonic()
    command = ["/usr/bin/time", "-f", "%M %U %S", PROGRAM, *map(str, arguments)]
    with tempfile.TemporaryFile("w+") as out:
        result = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, check=False)
    said = result.stderr.splitlines()
    peak, user, system = said[-1].split()
    print(
        f"{what}: {time.monotonic() - began:.1f} s ({float(user) + float(system):.1f} s of the "
        f"processor), {int(peak) / 1024:.0f} MB at most, exit code {result.returncode}",
        flush=True,
    )
    print("   ", *said[-4:-1], sep="\n    ", flush=True)


def main() -> None:
    """Make the library, and run what is asked for."""
    n_rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    asked = sys.argv[2:] or ["tag", "per", "organize", "by", "map", "classify", "moved"]
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        paths = songs(root / "music", n_rows)
        results = root / "library.jsonl"
        output = root / "known.jsonl"
        hears = ("classify", root / "music", "-r", "-o", output)
        key = model_key(find_model(None), next(answers(paths[:1])).model)
        with results.open("w") as rows, Path(f"{output}.journal").open("w") as journal:
            journal.write(json.dumps({"journal": 1, "model": key}) + "\n")
            for path, answer in zip(paths, answers(paths), strict=True):
                rows.write(json.dumps(answer.to_dict(embedding=True)) + "\n")
                found = path.stat()
                row = [str(path), found.st_size, found.st_mtime_ns, *pack(answer)]
                journal.write(json.dumps([*row, audio_digest(str(path))]) + "\n")
        print(f"{n_rows:,} songs; {results.name} of {results.stat().st_size / 1e6:.0f} MB")
        if "tag" in asked:
            run("tag --from", "tag", "--from", results)
        if "per" in asked:
            run("tag --from --per album", "tag", "--from", results, "--per", "album")
        if "organize" in asked:
            run("organize", "organize", "--from", results, "--to", root / "lists", "--write")
        if "by" in asked:
            by = ("--by", "mood", "--where", "energy>0.1 and not era=80s")
            to = root / "moods"
            run("organize --by mood", "organize", "--from", results, "--to", to, *by, "--write")
        if "map" in asked:
            run("map", "map", results, "-o", root / "map.html")
        if "classify" in asked:
            run("classify, all known", *hears)
            run("classify --per album, all known", *hears, "--per", "album")
        if "moved" in asked:
            (root / "music").rename(root / "moved")
            (root / "music").mkdir()
            for folder in sorted((root / "moved").iterdir()):
                folder.rename(root / "music" / f"The {folder.name}")
            run("classify, all renamed", *hears)


if __name__ == "__main__":
    main()
