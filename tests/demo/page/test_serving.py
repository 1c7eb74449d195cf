"""The page as a service: endpoints, limits, and what it must not give away."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from melonnx.infer import Predictor
from melonnx.infer.model.session import MODELS_FOLDER
from tests.conftest import encode, make_song
from tests.demo.running import run_page

pytest.importorskip("gradio", reason="needs the demo extra")
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

ROOT = Path(__file__).parents[3]
SAMPLE = MODELS_FOLDER / "sample.mp3"
KEPT_S = 6
CUT_OFF = 0
"""The server has hung up on what is still being sent."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("service")
    with run_page(
        folder, "--max-queue", "20", "--keep-minutes", str(KEPT_S / 60), "--max-minutes", "0.2"
    ) as running:
        yield running


@pytest.fixture(scope="module")
def client(server):
    return Client(server.address, verbose=False)


def ask(server, path, content=None, **headers):
    """Status and body of a plain request."""
    request = Request(server.address + path, content, headers)
    try:
        with urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, error.read()
    except URLError:
        return CUT_OFF, b""


def post(server, path, values):
    content = json.dumps(values).encode()
    return ask(server, path, content, **{"content-type": "application/json"})


def forged(path):
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}}


def upload(server, name, content):
    body = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="' + name.encode() + b'"'
        b"\r\nContent-Type: audio/mpeg\r\n\r\n" + content + b"\r\n--x--\r\n"
    )
    kind = {"content-type": "multipart/form-data; boundary=x"}
    return ask(server, "/gradio_api/upload", body, **kind)


def test_classify_is_what_the_predictor_says(client):
    answer = client.predict(song=handle_file(SAMPLE), model="genre-small", api_name="/classify")
    expected = Predictor("genre-small").predict(SAMPLE, duration=12)
    assert answer["song"] == "sample.mp3"
    assert answer["label"] == expected.label
    assert answer["probabilities"] == pytest.approx(expected.probabilities, abs=1e-5)
    assert answer["warnings"] == ["long: only the first 0.2 minutes were listened to"]


def test_example_of_the_readme_prints_what_stands_below_it(tmp_path, monkeypatch, capsys):
    text = (ROOT / "README.md").read_text("utf-8")
    found = re.search(r"^```py\n(.*?)^```\n\n```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    monkeypatch.chdir(ROOT)
    with run_page(tmp_path) as running:
        exec(found[1].replace("http://127.0.0.1:7860", running.address), {})
    assert capsys.readouterr().out == found[2]


def test_picture_is_a_png_and_explain_tells_places(client):
    picture = client.predict(
        song=handle_file(SAMPLE), stage="evidence", model="genre-small", dark=True,
        api_name="/picture",
    )  # fmt: skip
    assert Path(picture).read_bytes().startswith(b"\x89PNG")
    against = client.predict(
        song=handle_file(SAMPLE), stage="evidence", model="genre-small", dark=True,
        against="blues", api_name="/picture",
    )  # fmt: skip
    assert Path(against).read_bytes() != Path(picture).read_bytes()
    whole = client.predict(
        song=handle_file(SAMPLE), stage="all", model="genre-small", api_name="/picture"
    )
    assert Path(whole).name == "all.png"
    why = client.predict(
        song=handle_file(SAMPLE), against="blues", model="genre-small", api_name="/explain"
    )
    assert why["rival"] == "blues"
    assert why["song"] == "sample.mp3"
    assert {"start_s", "end_s", "band"} <= why["spoke_for"][0].keys()


def test_what_is_wrong_is_said_without_a_place(client, server, tmp_path):
    song = tmp_path / "song.mp3"
    song.write_text("no music" * 100)
    with pytest.raises(AppError, match=r"^song\.mp3: is not audio") as told:
        client.predict(song=handle_file(song), api_name="/classify")
    assert str(server.temporary) not in str(told.value)
    with pytest.raises(AppError, match="polka"):
        client.predict(song=handle_file(SAMPLE), against="polka", api_name="/explain")
    with pytest.raises(AppError, match="polka"):
        client.predict(song=handle_file(SAMPLE), against="polka", api_name="/picture")


def test_no_file_outside_its_folder_can_be_read(server):
    secret = server.temporary / "secret.txt"
    secret.write_text("secret")
    inside = next(server.temporary.glob("melonnx-demo-*"))
    for path in (
        secret,
        "/etc/passwd",
        f"{inside}/../secret.txt",
        f"{inside}/%2e%2e/secret.txt",
        "..%2f..%2fsecret.txt",
        "file:///etc/passwd",
        "https://example.com/",
        "HTTP://127.0.0.1:1/",
    ):
        for route in ("file=", "file/", "proxy="):
            status, body = ask(server, f"/gradio_api/{route}{path}")
            assert status in (400, 403, 404), (route, path)
            assert b"secret" not in body.replace(b"secret.txt", b"")
    for path in ("/static/../../../../../../etc/passwd", "/assets/..%2f..%2f..%2f..%2fetc/passwd"):
        assert ask(server, path)[0] in (400, 403, 404)


def test_forged_files_are_refused(server):
    outside = (SAMPLE, "/etc/passwd", "https://example.com/song.mp3", "\0", ["/etc/passwd"])
    for path in outside:
        values = {"data": [forged(path), "genre-small", 90]}
        for route in ("/gradio_api/call/classify", "/gradio_api/queue/join"):
            status, body = post(server, route, values | {"fn_index": 0, "session_hash": "x"})
            assert (status, body) == (403, b"no uploaded file"), path
    assert not [path for path in server.files if path.name == "passwd"]


def test_uploads_stay_in_the_folder_and_below_the_limit(server):
    status, body = upload(server, "../../escaped.mp3", b"x")
    assert status == 200
    assert Path(json.loads(body)[0]).name == "escaped.mp3"
    assert not list(server.temporary.glob("**/../escaped.mp3"))
    assert not (server.temporary / "escaped.mp3").exists()
    status, _ = upload(server, "large.mp3", bytes(60_000_000))
    assert status in (413, CUT_OFF)
    assert all(path.stat().st_size < 50_000_000 for path in server.files)
    assert post(server, "/gradio_api/call/classify", {"data": ["x" * 2_000_000]})[0] in (
        413, CUT_OFF
    )  # fmt: skip


def test_doors_that_the_page_does_not_need_are_shut(server):
    for path in ("process_recording", "vibe-edit", "run-history/connect", "deep_link"):
        assert ask(server, f"/gradio_api/{path}", b"{}")[0] == 404
    assert ask(server, "/monitoring")[0] == 404
    assert ask(server, "/monitoring/summary")[0] == 404


def classify(server, song):
    """What a visitor of its own gets: "ok", or the words of a refusal."""
    (path,) = json.loads(upload(server, song.name, song.read_bytes())[1])
    status, asked = post(
        server, "/gradio_api/call/classify", {"data": [forged(path), "genre-small", 90]}
    )
    if status != 200:
        return asked.decode()
    event = json.loads(asked)["event_id"]
    told = ask(server, f"/gradio_api/call/classify/{event}")[1].decode().strip()
    data = told.rpartition("data: ")[2]
    return json.loads(data)[0]["status"] if "event: complete" in told else data


def test_fifty_at_once_are_answered_or_refused_and_leave_nothing(server, tmp_path):
    songs = []
    for number in range(50):
        songs.append(tmp_path / f"{number}.wav")
        songs[-1].write_bytes(encode(make_song(3, 22050, seed=number), 22050, "WAV"))

    def storm():
        with ThreadPoolExecutor(50) as pool:
            return list(pool.map(partial(classify, server), songs))

    storm()
    before = server.memory_mb
    answers = storm()
    refused = [answer for answer in answers if answer != "ok"]
    assert len(answers) - len(refused) >= 20
    assert all("ueue is full" in answer for answer in refused), refused
    assert classify(server, songs[0]) == "ok"
    assert server.memory_mb < before + 25
    end = time.monotonic() + 4 * KEPT_S
    while server.files and time.monotonic() < end:
        time.sleep(0.2)
    assert not server.files
