"""Visitors of the page, good and bad, and what each must be told."""

import itertools
import json
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from threading import Event, Lock
from urllib.parse import quote

from melonnx.demo.page.actions import TABS
from tests.benchmarks.soak_requests import (
    API,
    FORM,
    Site,
    Song,
    call,
    check,
    connect,
    form,
    get,
    join,
    named,
    post,
    stream,
    upload,
)

__all__ = ["OPTIONS", "VISITS", "Tally", "send_visitors"]

OPTIONS = ("--keep-minutes", "1", "--max-file-mb", "1", "--max-files", "3", "--max-minutes", "0.2")
"""Of the page: small, so that what is too much is soon made."""

_AT_ONCE = 4
_PER_S = 8.0
"""Steady, for what the page holds goes with how many come: each answer waits a minute."""
_TOLERANCE = 1e-5


@dataclass
class Tally:
    """How often each kind of visitor came, and what went wrong first."""

    times: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    first_wrong: dict[str, str] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    @property
    def n(self) -> int:
        """Visits so far."""
        return self.times.total()

    def add(self, name: str, problem: str | None) -> None:
        """Count a visit."""
        with self.lock:
            self.times[name] += 1
            if problem is not None:
                self.wrong[name] += 1
                if self.first_wrong.setdefault(name, problem) == problem:
                    print(f"{name}: {problem}", file=sys.stderr, flush=True)

    def rows(self) -> Iterator[tuple[str, int, int]]:
        """Name, times, times wrong."""
        for name in VISITS:
            yield name, self.times[name], self.wrong[name]


def send_visitors(site: Site, tally: Tally, end: Event) -> None:
    """So many a second, of every kind in turn, until told to end."""
    kinds = list(VISITS.items())
    numbers, began, first = itertools.count(tally.n), time.monotonic(), tally.n

    def visit() -> None:
        while not end.is_set():
            number = next(numbers)
            if end.wait(max(0.0, began + (number - first) / _PER_S - time.monotonic())):
                return
            name, kind = kinds[number % len(kinds)]
            try:
                kind(site, Random(number))
                problem = None
            except Exception as error:
                problem = f"{type(error).__name__}: {error}"
            tally.add(name, problem)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for visitor in [pool.submit(visit) for _ in range(_AT_ONCE)]:
            visitor.result()


def _check_probabilities(song: Song, probabilities: dict[str, float]) -> None:
    worst = max(abs(probabilities[name] - share) for name, share in song.expected.items())
    check(worst <= _TOLERANCE, song.name, "differs by", worst)


def _good_classify(site: Site, random: Random) -> None:
    song = random.choice(site.songs)
    event, sent = call(site, "classify", [upload(site, song.name, song.content), site.model, 90])
    check(event == "complete", event, sent)
    _check_probabilities(song, sent[0]["probabilities"])


def _good_session(site: Site, random: Random) -> None:
    """One visitor, several songs."""
    session = uuid.uuid4().hex
    for song in random.sample(site.songs, 3):
        file = upload(site, song.name, song.content)
        event, sent = call(site, "classify", [file, site.model, 90], session_hash=session)
        check(event == "complete", event, sent)
        _check_probabilities(song, sent[0]["probabilities"])


def _good_open(site: Site, _: Random) -> None:
    """The page itself, as a new visitor's browser fetches it."""
    for path in ("/", "/config", "/theme.css", f"{API}info"):
        status, body = get(site, path)
        check(status == 200 and len(body) > 500, path, status, body)


def _good_show(site: Site, random: Random) -> None:
    """The answer, then the pictures."""
    song = random.choice(site.songs)
    file = upload(site, song.name, song.content)
    messages = stream(site, join(site, "show", [file, site.model, 90, "light wide", False, []]))
    steps = [one for one in messages if one["msg"] == "process_generating"]
    check(len(steps) == 1 + len(TABS), messages)
    first = max(song.expected, key=lambda name: song.expected[name])
    card = steps[0]["output"]["data"][0]
    check(first in card and f"{song.expected[first]:.0%}" in card, song.name, first, card)
    check(messages[-2]["success"], messages[-2])
    for name in TABS.values():
        check(f'alt="{name} of {song.name}" src="data:image/png;base64' in str(messages), name)


def _last(song: Song) -> str:
    """The least likely genre of a song."""
    return min(song.expected, key=lambda name: song.expected[name])


def _good_ask(site: Site, random: Random) -> None:
    """After so many others that Gradio has forgotten which genres it had offered."""
    song = random.choice(site.songs)
    rival = _last(song)
    file = upload(site, song.name, song.content)
    messages = stream(site, join(site, "ask", [file, site.model, "dark wide", rival, []]))
    (why,) = messages[-2]["output"]["data"]
    check(messages[-2]["success"] and rival in why and "data:image/png" in why, why)


def _good_table(site: Site, random: Random) -> None:
    song, (name, content, says) = random.choice(site.songs), random.choice(site.no_songs)
    files = [upload(site, song.name, song.content), upload(site, name, content)]
    messages = stream(site, join(site, "show_table", [files, site.model, 90, []]))
    first = max(song.expected, key=lambda name: song.expected[name])
    check(first in str(messages) and says in str(messages), messages)
    check(messages[-2]["success"], messages[-2])


def _good_picture(site: Site, random: Random) -> None:
    song = random.choice(site.songs)
    file = upload(site, song.name, song.content)
    stage, rival = random.choice([*TABS, "all"]), random.choice(["", _last(song)])
    event, sent = call(site, "picture", [file, stage, site.model, False, 90, rival])
    check(event == "complete", event, sent)
    status, body = get(site, f"{API}file={quote(sent[0]['path'])}")
    check(status == 200 and body.startswith(b"\x89PNG"), status, body)


def _good_explain(site: Site, random: Random) -> None:
    song = random.choice(site.songs)
    rival = _last(song)
    file = upload(site, song.name, song.content)
    event, sent = call(site, "explain", [file, rival, site.model, 90])
    check(event == "complete" and sent[0]["rival"] == rival, event, sent)


def _bad_file(site: Site, random: Random) -> None:
    name, content, says = random.choice(site.no_songs)
    event, sent = call(site, "classify", [upload(site, name, content), site.model, 90])
    check(event == "error" and says in sent["error"], event, sent)


def _bad_size(site: Site, random: Random) -> None:
    """More than a file may have, or more than can be: the server may hang up while it is sent."""
    status, body = post(site, "upload", form("large.wav", bytes(1_200_000)), **FORM)
    check(status == 413, status, body)
    n_bytes = str(random.choice((1 << 30, 1 << 40)))
    status, body = post(site, "upload", b"", content_length=n_bytes, **FORM)
    check(status == 413 and b"too large" in body, status, body)


def _bad_json(site: Site, random: Random) -> None:
    body = random.choice((
        b"{garbage", b"", b"[1, 2]", b"{}", b'{"data": "x"}', b'{"data": {}}', bytes(range(256)),
        b"[" * 100_000, b'{"data": [' + b"9" * 9999 + b"]}", b'{"data": [' * 99,
    ))  # fmt: skip
    status, answer = post(site, random.choice(("call/classify", "queue/join")), body)
    check(status in (400, 404, 422) and len(answer) > 9, body[:50], status, answer)


def _bad_shape(site: Site, random: Random) -> None:
    """JSON, but not what the function takes."""
    data = random.choice((
        [], [None], [5, site.model, 90], ["x", site.model, 90], [{"a": 1}, site.model, 90],
        [[1], [2], [3]], [None, {"a": [1]}, 90], [None, "polka", 90],
        [float("nan"), site.model, 90], ["\ud800", "\0", 90], [None] * 50, [True, False, True],
    ))  # fmt: skip
    status, answer = post(site, "call/classify", {"data": data})
    check(status == 422 and len(answer) > 9, data, status, answer)


def _bad_name(site: Site, random: Random) -> None:
    """What is not there: endpoints, functions, events, sessions."""
    number = random.choice((-1, 9999, 1 << 70))
    status, answer = post(
        site, "queue/join", {"data": [], "fn_index": number, "session_hash": uuid.uuid4().hex}
    )
    check(status in (404, 422), number, status, answer)
    for door in ("call/polka", "call/v2/polka", "run/polka", "api/0", "call/\0"):
        status, answer = post(site, quote(door), {"data": []})
        check(status == 404, door, status, answer)
    status, answer = get(site, f"{API}call/classify/{uuid.uuid4().hex}")
    check("404" in f"{status} {answer}", status, answer)
    status, answer = get(site, f"{API}queue/data?session_hash={uuid.uuid4().hex}")
    check("404" in f"{status} {answer}", status, answer)


def _bad_path(site: Site, random: Random) -> None:
    path = random.choice((
        "/etc/passwd", "/tmp/../etc/passwd", "https://example.com/a.mp3", "\0", "", "x" * 5000,
        ["/etc/passwd"], {"path": "/etc/passwd"}, 7,
    ))  # fmt: skip
    status, body = post(site, "call/classify", {"data": [named(path), site.model, 90]})
    check((status, body) == (403, b"no uploaded file"), path, status, body)
    status, body = get(site, f"{API}file={quote(str(path))[:2000]}")
    check(status in (403, 404) and b"root:" not in body, path, status, body)


def _bad_gone(site: Site, random: Random) -> None:
    """A file that is no longer there, and the folder itself."""
    song = random.choice(site.songs)
    file = upload(site, song.name, song.content)
    path = file["path"].rpartition("/")[0]
    status, body = post(site, "call/classify", {"data": [named(path), site.model, 90]})
    check((status, body) == (403, b"no uploaded file"), path, status, body)
    gone = named(f"{path}/gone.mp3")
    event, sent = call(site, "classify", [gone, site.model, 90])
    check(event == "error" and "no longer here" in str(sent), event, sent)


def _bad_model(site: Site, random: Random) -> None:
    song = random.choice(site.songs)
    file = upload(site, song.name, song.content)
    status, body = post(site, "call/classify", {"data": [file, "polka", 90]})
    check(status == 422 and b"polka" in body, status, body)
    event, sent = call(site, "explain", [file, "polka", site.model, 90])
    check(event == "error" and "polka" in sent["error"], event, sent)


def _bad_door(site: Site, random: Random) -> None:
    door = random.choice(("process_recording", "vibe-edit", "deep_link", "stream/x", "proxy=x"))
    status, body = post(site, door, {})
    check((status, body) == (404, b"not here"), door, status, body)


def _bad_http(site: Site, random: Random) -> None:
    sent = random.choice((b"GARBAGE\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01"))
    with connect(site) as connection:
        connection.sendall(sent + b"\r\n\r\n")
        answer = connection.recv(100)
    check(b"400" in answer, answer)


def _lost_upload(site: Site, random: Random) -> None:
    """The connection is lost in the middle of a song."""
    sent = form("half.mp3", random.choice(site.songs).content * 9)
    head = (
        f"POST {API}upload HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM['content-type']}\r\n"
        f"Content-Length: {len(sent)}\r\n\r\n"
    )
    with connect(site) as connection:
        connection.sendall(head.encode() + sent[: len(sent) // 2])


def _lost_body(site: Site, _: Random) -> None:
    with connect(site) as connection:
        connection.sendall(
            f"POST {API}call/classify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            'Content-Length: 500\r\n\r\n{"data": ['.encode()
        )


def _lost_answer(site: Site, random: Random) -> None:
    """The browser is closed once the first words have come."""
    song = random.choice(site.songs)
    file = upload(site, song.name, song.content)
    session = join(site, "show", [file, site.model, 90, "dark narrow", True, []])
    with connect(site) as connection:
        path = f"{API}queue/data?session_hash={session}"
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        check(connection.recv(100).startswith(b"HTTP/1.1 200"), "no stream")


def _lost_visitor(site: Site, random: Random) -> None:
    """Asks, and never comes for the answer."""
    song = random.choice(site.songs)
    file = upload(site, song.name, song.content)
    join(site, "show", [file, site.model, 90, "light wide", False, []])


def _lost_interest(site: Site, random: Random) -> None:
    """Asks, and cancels."""
    song = random.choice(site.songs)
    file = upload(site, song.name, song.content)
    session = uuid.uuid4().hex
    number = site.functions["show"]
    asked = {
        "data": [file, site.model, 90, "", False, []],
        "fn_index": number,
        "session_hash": session,
    }
    event = json.loads(post(site, "queue/join", asked)[1])["event_id"]
    asked = {"session_hash": session, "fn_index": number, "event_id": event}
    status, body = post(site, "cancel", asked)
    check(status == 200, status, body)


VISITS: dict[str, Callable[[Site, Random], None]] = {
    "opens the page": _good_open,
    "/classify": _good_classify,
    "/classify, three songs": _good_session,
    "no audio": _bad_file,
    "the page: answer and pictures": _good_show,
    "the page: why": _good_ask,
    "too large": _bad_size,
    "no JSON": _bad_json,
    "other JSON": _bad_shape,
    "several songs": _good_table,
    "no such name": _bad_name,
    "forged path": _bad_path,
    "file that is gone": _bad_gone,
    "/picture": _good_picture,
    "no such model, no such genre": _bad_model,
    "shut door": _bad_door,
    "no HTTP": _bad_http,
    "/explain": _good_explain,
    "lost in the upload": _lost_upload,
    "lost in the request": _lost_body,
    "lost in the answer": _lost_answer,
    "never comes back": _lost_visitor,
    "cancels": _lost_interest,
}
