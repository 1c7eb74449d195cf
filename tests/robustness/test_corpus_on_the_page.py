"""Every odd file that a browser can send gets its answer or one clear line; the page lives on."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from melonnx.infer.model.session import MODELS_FOLDER
from tests.demo.running import run_page
from tests.robustness.corpus import CORPUS

pytest.importorskip("gradio", reason="needs the demo extra")

MOST_BYTES = 50 << 20
"""The page's limit for a file."""
JSON = {"content-type": "application/json"}
FORM = {"content-type": "multipart/form-data; boundary=x"}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with run_page(tmp_path_factory.mktemp("page"), "--max-queue", "100") as running:
        yield running


def ask(page, path, content, headers):
    """Status and body."""
    try:
        request = Request(f"{page.address}/gradio_api/{path}", content, headers)
        with urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def browser_name(name):
    """As browsers write it into a form (HTML standard, "multipart/form-data")."""
    escapes = {ord("\n"): "%0A", ord("\r"): "%0D", ord('"'): "%22"}
    return name.decode("utf-8", "replace").translate(escapes)


def send(page, path, name):
    """What a visitor gets for a file: the answer, or the line that says why there is none."""
    disposition = f'Content-Disposition: form-data; name="files"; filename="{name}"\r\n'
    head = f"--x\r\n{disposition}Content-Type: audio/mpeg\r\n\r\n".encode()
    status, told = ask(page, "upload", head + path.read_bytes() + b"\r\n--x--\r\n", FORM)
    if status != 200:
        return told
    song = {"path": json.loads(told)[0], "meta": {"_type": "gradio.FileData"}, "orig_name": name}
    asked = json.dumps({"data": [song, "genre-small", 90]}).encode()
    status, told = ask(page, "call/classify", asked, JSON)
    if status != 200:
        return told
    event = json.loads(told)["event_id"]
    _, told = ask(page, f"call/classify/{event}", None, {})
    said = json.loads(told.strip().rpartition("data: ")[2])
    return said[0] if "event: complete" in told else said


def test_each_upload_is_answered_or_refused_in_a_line(page, corpus):
    files = [
        (entry, path)
        for entry in CORPUS
        if (path := corpus / os.fsdecode(entry.name)).is_file() and path.stat().st_size < MOST_BYTES
    ]
    assert len(files) > 50
    with ThreadPoolExecutor(4) as visitors:
        sent = [
            visitors.submit(send, page, path, browser_name(entry.name)) for entry, path in files
        ]
    for (entry, _), future in zip(files, sent, strict=True):
        told = future.result()
        name = os.fsdecode(entry.name)
        if entry.status == "ok":
            assert isinstance(told, dict), (name, told)
            assert told["status"] == "ok"
            assert entry.says in " ".join(told["warnings"]), name
            if entry.seconds is not None:
                assert told["duration_s"] == pytest.approx(entry.seconds, abs=0.2)
        else:
            line = told if isinstance(told, str) else told["error"]
            assert entry.says in line, name
            assert "\n" not in line
        assert str(page.temporary) not in str(told)
    assert page.process.poll() is None
    sample = MODELS_FOLDER / "sample.mp3"
    assert send(page, sample, sample.name)["status"] == "ok"


def test_what_is_above_the_limit_is_refused_in_a_line(page, corpus):
    """The ten hours, by their first bytes."""
    path = page.temporary / "ten_hours.wav"
    with (corpus / "ten_hours.wav").open("rb") as song:
        path.write_bytes(song.read(MOST_BYTES + 4096))
    assert "exceeded maximum allowed size" in (told := send(page, path, path.name))
    assert "\n" not in told
    assert page.process.poll() is None
