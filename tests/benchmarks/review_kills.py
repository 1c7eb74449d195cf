"""Decides on songs through ``melonnx review`` while its server is killed again and again.

    python -m tests.benchmarks.review_kills [DECISIONS] [KILLS]

What is not confirmed is sent again to the next server, with the same id, as the page does, and so
is some of what was. Prints how many decisions are lost, and there twice.
"""

import json
import random
import signal
import sys
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from threading import Timer

import httpx

from melonnx.infer.results.decisions import read_decisions
from tests.demo.review.made import LABELS, make_library
from tests.demo.running import run_page

_SONGS = 100
_LONGEST_S = 1.0
"""Within which a server is killed, once it answers."""


def main() -> None:
    """Print what came of it."""
    decisions, kills = (int(text) for text in (*sys.argv[1:], 500, 20)[:2])
    chance = random.Random(0)
    with TemporaryDirectory() as folder:
        results = make_library(Path(folder), _SONGS, 0.5)
        open_ = [(token_hex(8), chance.randrange(_SONGS)) for _ in range(decisions)]
        wanted = {number: LABELS[at % len(LABELS)] for at, (_, number) in enumerate(open_)}
        labels = {name: LABELS[at % len(LABELS)] for at, (name, _) in enumerate(open_)}
        at = 0
        for turn in range(kills + 1):
            with run_page(Path(folder), str(results), page="review") as running:
                client, ids = _enter(running.address)
                wait_s = chance.random() * _LONGEST_S
                killer = Timer(wait_s, running.process.send_signal, [signal.SIGKILL])
                if turn < kills:
                    killer.start()
                # Each has its part; then it is sent the same again, until it is killed at that.
                last, sent = decisions * (turn + 1) // (kills + 1), 0
                with suppress(httpx.TransportError):
                    while at < last or turn < kills:
                        name, number = open_[at if at < last else sent % last]
                        body = {"id": name, "songs": [ids[number]], "genres": [labels[name]]}
                        client.post("/api/decide", json=body).raise_for_status()
                        at, sent = at + (at < last), sent + 1
                if turn < kills:
                    killer.join()
        file = results.with_name("library.decisions.jsonl")
        lines = [json.loads(line) for line in file.read_text().splitlines() if _is_json(line)]
        found = [line["id"] for line in lines]
        read = read_decisions(file)
        made = {int(Path(path).stem[5:]): one.genres[0] for path, one in read.items()}
        print(f"{decisions} decisions, {kills} kills")
        print(f"lost {len({name for name, _ in open_} - set(found))}")
        print(f"there twice {len(found) - len(set(found))}")
        wrong = sum(made[number] != genre for number, genre in wanted.items())
        print(f"songs that are not what was decided last {wrong}")


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _enter(address: str) -> tuple[httpx.Client, dict[int, str]]:
    base = address.partition("/?")[0]
    headers = {"origin": base}
    client = httpx.Client(base_url=base, headers=headers, follow_redirects=True, timeout=30)
    client.get(address).raise_for_status()
    listed = client.get("/api/songs").json()
    numbers = [int(name[5:-4]) for name in listed["names"]]
    return client, dict(zip(numbers, listed["ids"], strict=True))


if __name__ == "__main__":
    main()
