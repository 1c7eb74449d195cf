"""The examples do what they say, from a stranger's side."""

import asyncio
import importlib.util
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from melonnx.infer import Predictor
from tests.conftest import RATE, encode, make_song

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def server():
    pytest.importorskip("fastapi")
    spec = importlib.util.spec_from_file_location("server", HERE / "server.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def client(server):
    from fastapi.testclient import TestClient

    with TestClient(server.app) as client:
        yield client


def test_an_upload_is_answered_as_the_library_answers(client):
    song = encode(make_song(12), RATE, "FLAC")
    reply = client.post("/genre", content=song)
    expected = Predictor().predict(song)
    assert (reply.status_code, reply.json()["label"]) == (200, expected.label)
    assert reply.json()["probabilities"] == pytest.approx(expected.probabilities, abs=1e-6)


def test_uploads_at_once_share_the_predictor(client):
    songs = [encode(make_song(11, seed=seed), RATE, "WAV") for seed in range(4)]

    def label(song):
        return client.post("/genre", content=song).json()["score"]

    alone = [label(song) for song in songs]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(label, songs * 2)) == pytest.approx(alone * 2, abs=1e-6)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"only words\n" * 99, "unreadable"),
        (b"", "empty"),
        (encode(make_song(12) * 0, RATE, "WAV"), "silent"),
    ],
    ids=["text", "nothing", "silence"],
)
def test_what_is_no_music_is_422_with_the_status_word(client, body, status):
    reply = client.post("/genre", content=body)
    assert reply.status_code == 422
    assert reply.json()["detail"]["status"] == status
    assert reply.json()["detail"]["error"].startswith("<bytes>: ")


def test_an_upload_over_the_limit_is_not_read_on(server, monkeypatch):
    monkeypatch.setattr(server, "limit", 10_000)
    read, sent = [], []

    async def receive():
        read.append(4000)
        return {"type": "http.request", "body": bytes(4000), "more_body": True}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": "/genre",
        "raw_path": b"/genre", "query_string": b"", "headers": [],
    }  # fmt: skip
    asyncio.run(server.app(scope, receive, send))
    assert sum(read) == 12_000  # of an upload without end
    assert sent[0]["status"] == 413
    assert json.loads(sent[1]["body"])["detail"] == {
        "status": "too_large",
        "error": "over 10000 bytes",
    }


def test_threads_print_a_line_for_each_song_in_order(tmp_path):
    paths = [tmp_path / f"{number}.wav" for number in range(5)]
    for number, path in enumerate(paths):
        path.write_bytes(encode(make_song(4, seed=number), RATE, "WAV"))
    paths[2].write_text("only words\n" * 99)
    result = subprocess.run(
        [sys.executable, HERE / "threads.py", *paths],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = result.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == list(map(str, paths))
    assert lines[2].endswith("is not audio: it looks like text")
    predictor = Predictor()
    for path, line in zip(paths, lines, strict=True):
        if path != paths[2]:
            song = predictor.predict(path)
            assert line == f"{path}: {song.label} {song.score:.0%}"


def test_the_docs_show_the_server_as_it_is():
    _, _, code = (HERE / "server.py").read_text().partition('"""\n\n')
    assert f"```python\n{code}```" in (HERE.parents[1] / "docs" / "programs.md").read_text("utf-8")
    assert len(code.splitlines()) <= 25
