"""Kills ``melonnx tag --write`` and its undo at random: is every file old or new, and whole?

python -m tests.robustness.tag_kills [FILES] [KILLS] [SEED]

Makes FILES songs (400 by default) in the seven formats that tag writes, tags them from results
with KILLS SIGKILLs (5), each time with the same log, and undoes it with as many. After each kill
every file must be byte for byte what it was before, or what a quiet run makes of it. Prints how
many were written at each kill, and exits with 1 where a file is neither.
"""

import hashlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from melonnx.infer.prediction import Prediction
from tests.benchmarks.many_files import PROGRAM
from tests.conftest import encode, make_song
from tests.infer.conftest import _SOUNDFILE, KINDS, encode_m4a

Digests = dict[str, str]


def make_songs(folder: Path, n_files: int) -> None:
    """Three seconds in every format, in turn, each with samples of its own."""
    encoded = {
        kind: encode(make_song(3, rate, 2).astype(np.float32), rate, format_, subtype)
        for kind, (rate, format_, subtype) in _SOUNDFILE.items()
    }
    encoded["m4a"] = encode_m4a()
    for number in range(n_files):
        kind = KINDS[number % len(KINDS)]
        (folder / f"{number:04}.{kind}").write_bytes(encoded[kind])


def digests(folder: Path) -> Digests:
    """SHA-256 of every file, hidden ones too, by name."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def run(*arguments: str | Path, folder: Path | None = None, changes: int = 0) -> bool:
    """True where the command was killed: when ``changes`` files of ``folder`` are others.

    False where it came to its end before.
    """
    command = [PROGRAM, *map(str, arguments)]
    began = {} if folder is None else states(folder)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        if folder is not None:
            now = states(folder)
            if sum(now.get(name) != state for name, state in began.items()) >= changes:
                process.kill()
                process.wait()
                return True
        time.sleep(0.005)
    return False


def states(folder: Path) -> dict[str, tuple[int, int]]:
    """What tells by name that another file is in a file's place."""
    found = {}
    for path in folder.iterdir():
        try:
            status = path.stat()
        except FileNotFoundError:  # a copy that has just been renamed
            continue
        found[path.name] = status.st_ino, status.st_mtime_ns
    return found


def killed_often(
    what: str, command: list[str | Path], folder: Path, old: Digests, new: Digests,
    kills: int, rng: random.Random,
) -> int:  # fmt: skip
    """Run ``command`` with kills, then to its end; returns how many files were neither."""
    neither = 0
    for _ in range(kills):
        changes = rng.randint(1, len(old) // kills)
        was_killed = run(*command, folder=folder, changes=changes)
        found = digests(folder)
        strays = found.keys() - old.keys()
        wrong = [name for name in old if found.get(name) not in (old[name], new[name])]
        done = sum(found[name] == new[name] != old[name] for name in old)
        neither += len(wrong)
        ended = "killed" if was_killed else "at its end"
        print(
            f"{what}, {ended}: {done} new, {len(wrong)} neither, {len(strays)} strays", flush=True
        )
    run(*command)
    return neither


def main() -> None:
    """Run it all."""
    n_files, kills, seed = (
        int(text) for text in (*sys.argv[1:], *("400", "5", "0")[len(sys.argv) - 1 :])
    )
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        music, quiet = root / "music", root / "quiet"
        music.mkdir()
        make_songs(music, n_files)
        shutil.copytree(music, quiet)
        old = digests(music)
        for place in (music, quiet):
            rows = [
                Prediction(str(path), label="metal", score=0.9).to_dict()
                for path in sorted(place.iterdir())
            ]
            text = "".join(json.dumps(row) + "\n" for row in rows)
            (root / f"{place.name}.jsonl").write_text(text)
        began = time.monotonic()
        run("tag", "--from", root / "quiet.jsonl", "--write", "--log", root / "quiet.log")
        whole_s = time.monotonic() - began
        new = digests(quiet)
        changed = sum(new[name] != old[name] for name in old)
        print(f"undisturbed: {changed} of {n_files} files tagged in {whole_s:.1f} s", flush=True)
        log = root / "log"
        write = ["tag", "--from", root / "music.jsonl", "--write", "--log", log]
        undo = ["tag", "--undo", log]
        neither = killed_often("tag --write", write, music, old, new, kills, rng)
        tagged = digests(music) == new
        neither += killed_often("tag --undo", undo, music, old, new, kills, rng)
        restored = digests(music) == old
        print(f"after the last tag all are new: {tagged}; after the undo all are old: {restored}")
        if neither or not tagged or not restored:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
