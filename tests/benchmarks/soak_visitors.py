"""Visitors of the page, good and bad, and what each must be told."""

import http.client
import itertools
import json
import socket
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from io import BytesIO
from random import Random
from threading import Event, Lock
from typing import Any
from urllib.parse import quote, urlsplit

import numpy as np

from melonnx.demo.actions import TABS
from melonnx.infer import Predictor
from tests.conftest import RATE, encode, make_song

__all__ = ["OPTIONS", "VISITS", "Site", "Tally", "open_site", "send_visitors"]

OPTIONS = ("--keep-minutes", "1", "--max-file-mb", "1", "--max-files", "3", "--max-minutes", "0.2")
"""Of the page: small, so that what is too much is soon made."""

_AT_ONCE = 4
_API = "/gradio_api/"
_JSON = {"content-type": "application/json"}
_FORM = {"content-type": "multipart/form-data; boundary=x"}
_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Song:
    """A good one, and the probabilities that ``Predictor`` finds."""

    name: str
    content: bytes
    expected: dict[str, float]


@dataclass(frozen=True)
class Site:
    """Where the page is, and what is brought to it."""

    host: str
    port: int
    model: str
    functions: dict[str, int]
    """By name, for those that only the browser calls."""
    songs: list[Song]
    no_songs: list[tuple[str, bytes, str]]
    """Name, content, and a part of what the page says."""


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


def open_site(address: str, model: str) -> Site:
    """Make the songs, and ask ``Predictor`` about them."""
    place = urlsplit(address)
    assert place.hostname is not None
    assert place.port is not None
    config = json.loads(_ask(place.hostname, place.port, "GET", "/config")[1])
    predictor = Predictor(model, device="cpu", threads=1)
    songs = []
    for seed, (suffix, format_, subtype, rate, seconds) in enumerate((
        ("wav", "WAV", "PCM_16", RATE, 2.0), ("mp3", "MP3", "MPEG_LAYER_III", 44100, 4.0),
        ("flac", "FLAC", "PCM_16", 48000, 3.0), ("ogg", "OGG", "VORBIS", 44100, 1.0),
        ("aiff", "AIFF", "PCM_16", 32000, 5.0), ("mp3", "MP3", "MPEG_LAYER_III", 22050, 0.7),
    )):  # fmt: skip
        content = encode(make_song(seconds, rate, 1 + seed % 2, seed), rate, format_, subtype)
        expected = predictor.predict(BytesIO(content)).probabilities
        songs.append(Song(f"sóng {seed}.{suffix}", content, expected))
    silence, nan = np.zeros((RATE, 1), np.float32), np.full((RATE, 1), np.nan, np.float32)
    no_songs = [
        ("text.mp3", b"# just some notes\n" * 99, "looks like text"),
        ("zeros.mp3", bytes(10_000), "begins with zeros"),
        ("noise.wav", np.random.default_rng(0).bytes(9000), "is not audio"),
        ("empty.mp3", b"", "0 bytes"),
        ("silence.wav", encode(silence, RATE, "WAV", "PCM_16"), "silence"),
        ("nan.wav", encode(nan, RATE, "WAV", "FLOAT"), "NaN"),
        ("cut.flac", songs[2].content[:30], "cut.flac"),
    ]
    functions = {one["api_name"]: one["id"] for one in config["dependencies"]}
    return Site(place.hostname, place.port, model, functions, songs, no_songs)


def send_visitors(site: Site, tally: Tally, end: Event) -> None:
    """Some at a time, of every kind in turn, until told to end."""
    kinds = list(VISITS.items())
    numbers = itertools.count(tally.n)

    def visit() -> None:
        while not end.is_set():
            number = next(numbers)
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


def _ask(
    host: str, port: int, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, bytes]:
    """Status and body, through a connection of its own."""
    with closing(http.client.HTTPConnection(host, port, timeout=60)) as connection:
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read()


def _get(site: Site, path: str) -> tuple[int, bytes]:
    return _ask(site.host, site.port, "GET", path)


def _post(site: Site, path: str, body: Any, **headers: str) -> tuple[int, bytes]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return _ask(site.host, site.port, "POST", _API + path, content, **(headers or _JSON))


def _form(name: str, content: bytes) -> bytes:
    return (
        f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode() + content + b"\r\n--x--\r\n"  # fmt: skip


def _upload(site: Site, name: str, content: bytes) -> dict[str, Any]:
    """What a request calls the file by."""
    status, body = _post(site, "upload", _form(name, content), **_FORM)
    _check(status == 200, "upload", status, body)
    return _file(json.loads(body)[0]) | {"orig_name": name}


def _file(path: str) -> dict[str, Any]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def _call(site: Site, name: str, data: list[Any], **more: Any) -> tuple[str, Any]:
    """The event that ends a call, and what came with it."""
    status, body = _post(site, f"call/{name}", {"data": data, **more})
    _check(status == 200, name, status, body)
    status, told = _get(site, f"{_API}call/{name}/{json.loads(body)['event_id']}")
    _check(status == 200, name, status, told)
    event, _, sent = told.decode().strip().rpartition("\ndata: ")
    return event.rpartition("event: ")[2], json.loads(sent)


def _join(site: Site, function: str, data: list[Any]) -> str:
    """Begin as the browser does; the session."""
    session = uuid.uuid4().hex
    asked = {"data": data, "fn_index": site.functions[function], "session_hash": session}
    status, body = _post(site, "queue/join", asked)
    _check(status == 200, function, status, body)
    return session


def _stream(site: Site, session: str) -> list[dict[str, Any]]:
    """All that a session is told."""
    status, told = _get(site, f"{_API}queue/data?session_hash={session}")
    _check(status == 200, session, status, told)
    return [json.loads(line[6:]) for line in told.decode().splitlines() if line[:6] == "data: "]


def _check(is_right: bool, *told: Any) -> None:
    if not is_right:
        raise AssertionError(" ".join(map(str, told))[:500])


def _check_probabilities(song: Song, probabilities: dict[str, float]) -> None:
    worst = max(abs(probabilities[name] - share) for name, share in song.expected.items())
    _check(worst <= _TOLERANCE, song.name, "differs by", worst)


def _good_classify(site: Site, random: Random) -> None:
    song = random.choice(site.songs)
    event, sent = _call(site, "classify", [_upload(site, song.name, song.content), site.model])
    _check(event == "complete", event, sent)
    _check_probabilities(song, sent[0]["probabilities"])


def _good_session(site: Site, random: Random) -> None:
    """One visitor, several songs."""
    session = uuid.uuid4().hex
    for song in random.sample(site.songs, 3):
        file = _upload(site, song.name, song.content)
        event, sent = _call(site, "classify", [file, site.model], session_hash=session)
        _check(event == "complete", event, sent)
        _check_probabilities(song, sent[0]["probabilities"])


def _good_open(site: Site, _: Random) -> None:
    """The page itself, as a new visitor's browser fetches it."""
    for path in ("/", "/config", "/theme.css", f"{_API}info"):
        status, body = _get(site, path)
        _check(status == 200 and len(body) > 500, path, status, body)


def _good_show(site: Site, random: Random) -> None:
    """The answer, then the pictures."""
    song = random.choice(site.songs)
    file = _upload(site, song.name, song.content)
    messages = _stream(site, _join(site, "show", [file, site.model, "light wide", False]))
    steps = [one for one in messages if one["msg"] == "process_generating"]
    _check(len(steps) == 1 + len(TABS), messages)
    first = max(song.expected, key=lambda name: song.expected[name])
    card = steps[0]["output"]["data"][0]
    _check(first in card and f"{song.expected[first]:.0%}" in card, song.name, first, card)
    _check(messages[-2]["success"], messages[-2])
    for name in TABS.values():
        _check(f'alt="{name} of {song.name}" src="data:image/png;base64' in str(messages), name)


def _good_table(site: Site, random: Random) -> None:
    song, (name, content, says) = random.choice(site.songs), random.choice(site.no_songs)
    files = [_upload(site, song.name, song.content), _upload(site, name, content)]
    messages = _stream(site, _join(site, "show_table", [files, site.model]))
    first = max(song.expected, key=lambda name: song.expected[name])
    _check(first in str(messages) and says in str(messages), messages)
    _check(messages[-2]["success"], messages[-2])


def _good_picture(site: Site, random: Random) -> None:
    song = random.choice(site.songs)
    file = _upload(site, song.name, song.content)
    event, sent = _call(site, "picture", [file, random.choice(list(TABS)), site.model, False])
    _check(event == "complete", event, sent)
    status, body = _get(site, f"{_API}file={quote(sent[0]['path'])}")
    _check(status == 200 and body.startswith(b"\x89PNG"), status, body)


def _good_explain(site: Site, random: Random) -> None:
    song = random.choice(site.songs)
    rival = min(song.expected, key=lambda name: song.expected[name])
    file = _upload(site, song.name, song.content)
    event, sent = _call(site, "explain", [file, rival, site.model])
    _check(event == "complete" and sent[0]["rival"] == rival, event, sent)


def _bad_file(site: Site, random: Random) -> None:
    name, content, says = random.choice(site.no_songs)
    event, sent = _call(site, "classify", [_upload(site, name, content), site.model])
    _check(event == "error" and says in sent["error"], event, sent)


def _bad_size(site: Site, random: Random) -> None:
    """More than a file may have, or more than can be: the server may hang up while it is sent."""
    status, body = _post(site, "upload", _form("large.wav", bytes(1_200_000)), **_FORM)
    _check(status == 413, status, body)
    n_bytes = str(random.choice((1 << 30, 1 << 40)))
    status, body = _post(site, "upload", b"", content_length=n_bytes, **_FORM)
    _check(status == 413 and b"too large" in body, status, body)


def _bad_json(site: Site, random: Random) -> None:
    body = random.choice((
        b"{garbage", b"", b"[1, 2]", b"{}", b'{"data": "x"}', b'{"data": {}}', bytes(range(256)),
        b"[" * 100_000, b'{"data": [' + b"9" * 9999 + b"]}", b'{"data": [' * 99,
    ))  # fmt: skip
    status, answer = _post(site, random.choice(("call/classify", "queue/join")), body)
    _check(status in (400, 404, 422) and len(answer) > 9, body[:50], status, answer)


def _bad_shape(site: Site, random: Random) -> None:
    """JSON, but not what the function takes."""
    data = random.choice((
        [], [None], [5, site.model], ["x", site.model], [{"a": 1}, site.model], [[1], [2], [3]],
        [None, {"a": [1]}], [None, "polka"], [float("nan"), site.model], ["\ud800", "\0"],
        [None] * 50, [True, False],
    ))  # fmt: skip
    status, answer = _post(site, "call/classify", {"data": data})
    _check(status == 422 and len(answer) > 9, data, status, answer)


def _bad_name(site: Site, random: Random) -> None:
    """What is not there: endpoints, functions, events, sessions."""
    number = random.choice((-1, 9999, 1 << 70))
    status, answer = _post(
        site, "queue/join", {"data": [], "fn_index": number, "session_hash": uuid.uuid4().hex}
    )
    _check(status in (404, 422), number, status, answer)
    for door in ("call/polka", "call/v2/polka", "run/polka", "api/0", "call/\0"):
        status, answer = _post(site, quote(door), {"data": []})
        _check(status == 404, door, status, answer)
    status, answer = _get(site, f"{_API}call/classify/{uuid.uuid4().hex}")
    _check("404" in f"{status} {answer}", status, answer)
    status, answer = _get(site, f"{_API}queue/data?session_hash={uuid.uuid4().hex}")
    _check("404" in f"{status} {answer}", status, answer)


def _bad_path(site: Site, random: Random) -> None:
    path = random.choice((
        "/etc/passwd", "/tmp/../etc/passwd", "https://example.com/a.mp3", "\0", "", "x" * 5000,
        ["/etc/passwd"], {"path": "/etc/passwd"}, 7,
    ))  # fmt: skip
    status, body = _post(site, "call/classify", {"data": [_file(path), site.model]})
    _check((status, body) == (403, b"no uploaded file"), path, status, body)
    status, body = _get(site, f"{_API}file={quote(str(path))[:2000]}")
    _check(status in (403, 404) and b"root:" not in body, path, status, body)


def _bad_gone(site: Site, random: Random) -> None:
    """A file that is no longer there, and the folder itself."""
    song = random.choice(site.songs)
    file = _upload(site, song.name, song.content)
    path = file["path"].rpartition("/")[0]
    status, body = _post(site, "call/classify", {"data": [_file(path), site.model]})
    _check((status, body) == (403, b"no uploaded file"), path, status, body)
    gone = _file(f"{path}/gone.mp3")
    status, body = _post(site, "call/classify", {"data": [gone, site.model]})
    _check(status == 403 or b"event_id" in body, status, body)


def _bad_model(site: Site, random: Random) -> None:
    song = random.choice(site.songs)
    file = _upload(site, song.name, song.content)
    status, body = _post(site, "call/classify", {"data": [file, "polka"]})
    _check(status == 422 and b"genre-base" in body, status, body)
    event, sent = _call(site, "explain", [file, "polka", site.model])
    _check(event == "error" and "polka" in sent["error"], event, sent)


def _bad_door(site: Site, random: Random) -> None:
    door = random.choice(("process_recording", "vibe-edit", "deep_link", "stream/x", "proxy=x"))
    status, body = _post(site, door, {})
    _check((status, body) == (404, b"not here"), door, status, body)


def _bad_http(site: Site, random: Random) -> None:
    sent = random.choice((b"GARBAGE\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01"))
    with _connect(site) as connection:
        connection.sendall(sent + b"\r\n\r\n")
        answer = connection.recv(100)
    _check(b"400" in answer, answer)


def _lost_upload(site: Site, random: Random) -> None:
    """The connection is lost in the middle of a song."""
    form = _form("half.mp3", random.choice(site.songs).content * 9)
    head = (
        f"POST {_API}upload HTTP/1.1\r\nHost: x\r\nContent-Type: {_FORM['content-type']}\r\n"
        f"Content-Length: {len(form)}\r\n\r\n"
    )
    with _connect(site) as connection:
        connection.sendall(head.encode() + form[: len(form) // 2])


def _lost_body(site: Site, _: Random) -> None:
    with _connect(site) as connection:
        connection.sendall(
            f"POST {_API}call/classify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            'Content-Length: 500\r\n\r\n{"data": ['.encode()
        )


def _lost_answer(site: Site, random: Random) -> None:
    """The browser is closed once the first words have come."""
    song = random.choice(site.songs)
    file = _upload(site, song.name, song.content)
    session = _join(site, "show", [file, site.model, "dark narrow", True])
    with _connect(site) as connection:
        path = f"{_API}queue/data?session_hash={session}"
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        _check(connection.recv(100).startswith(b"HTTP/1.1 200"), "no stream")


def _lost_visitor(site: Site, random: Random) -> None:
    """Asks, and never comes for the answer."""
    song = random.choice(site.songs)
    file = _upload(site, song.name, song.content)
    _join(site, "show", [file, site.model, "light wide", False])


def _lost_interest(site: Site, random: Random) -> None:
    """Asks, and cancels."""
    song = random.choice(site.songs)
    file = _upload(site, song.name, song.content)
    session = uuid.uuid4().hex
    number = site.functions["show"]
    asked = {"data": [file, site.model, "", False], "fn_index": number, "session_hash": session}
    event = json.loads(_post(site, "queue/join", asked)[1])["event_id"]
    asked = {"session_hash": session, "fn_index": number, "event_id": event}
    status, body = _post(site, "cancel", asked)
    _check(status == 200, status, body)


def _connect(site: Site) -> socket.socket:
    return socket.create_connection((site.host, site.port), timeout=30)


VISITS: dict[str, Callable[[Site, Random], None]] = {
    "opens the page": _good_open,
    "/classify": _good_classify,
    "/classify, three songs": _good_session,
    "no audio": _bad_file,
    "the page: answer and pictures": _good_show,
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
