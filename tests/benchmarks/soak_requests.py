"""The page as programs and browsers speak to it: uploads, calls and streams of answers."""

import http.client
import json
import socket
import uuid
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from melonnx.infer import Predictor
from tests.conftest import RATE, encode, make_song

__all__ = [
    "API", "FORM", "Site", "Song", "call", "check", "connect", "form", "get", "join", "named",
    "open_site", "post", "stream", "upload",
]  # fmt: skip

API = "/gradio_api/"
FORM = {"content-type": "multipart/form-data; boundary=x"}
_JSON = {"content-type": "application/json"}


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


def _ask(
    host: str, port: int, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, bytes]:
    """Status and body, through a connection of its own."""
    with closing(http.client.HTTPConnection(host, port, timeout=60)) as connection:
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read()


def get(site: Site, path: str) -> tuple[int, bytes]:
    return _ask(site.host, site.port, "GET", path)


def post(site: Site, path: str, body: Any, **headers: str) -> tuple[int, bytes]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return _ask(site.host, site.port, "POST", API + path, content, **(headers or _JSON))


def form(name: str, content: bytes) -> bytes:
    return (
        f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode() + content + b"\r\n--x--\r\n"  # fmt: skip


def upload(site: Site, name: str, content: bytes) -> dict[str, Any]:
    """What a request calls the file by."""
    status, body = post(site, "upload", form(name, content), **FORM)
    check(status == 200, "upload", status, body)
    return named(json.loads(body)[0]) | {"orig_name": name}


def named(path: str) -> dict[str, Any]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def call(site: Site, name: str, data: list[Any], **more: Any) -> tuple[str, Any]:
    """The event that ends a call, and what came with it."""
    status, body = post(site, f"call/{name}", {"data": data, **more})
    check(status == 200, name, status, body)
    status, told = get(site, f"{API}call/{name}/{json.loads(body)['event_id']}")
    check(status == 200, name, status, told)
    event, _, sent = told.decode().strip().rpartition("\ndata: ")
    return event.rpartition("event: ")[2], json.loads(sent)


def join(site: Site, function: str, data: list[Any]) -> str:
    """Begin as the browser does; the session."""
    session = uuid.uuid4().hex
    asked = {"data": data, "fn_index": site.functions[function], "session_hash": session}
    status, body = post(site, "queue/join", asked)
    check(status == 200, function, status, body)
    return session


def stream(site: Site, session: str) -> list[dict[str, Any]]:
    """All that a session is told."""
    status, told = get(site, f"{API}queue/data?session_hash={session}")
    check(status == 200, session, status, told)
    return [json.loads(line[6:]) for line in told.decode().splitlines() if line[:6] == "data: "]


def check(is_right: bool, *told: Any) -> None:
    if not is_right:
        raise AssertionError(" ".join(map(str, told))[:500])


def connect(site: Site) -> socket.socket:
    return socket.create_connection((site.host, site.port), timeout=30)
