"""The page inside another application: the example that is shown, run."""

import importlib.util
import json
from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="needs the demo extra")
from fastapi.testclient import TestClient

from melonnx.infer import Predictor
from melonnx.infer.model.session import MODELS_FOLDER

EXAMPLE = Path(__file__).parents[2] / "examples" / "page_in_app.py"
SAMPLE = MODELS_FOLDER / "sample.mp3"
API = "/genre/gradio_api"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        spec = importlib.util.spec_from_file_location("fastapi_app", EXAMPLE)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        with TestClient(module.app) as client:
            yield client


def classify(client, file):
    """The last event of the answer of ``/classify``: its kind, and what came with it."""
    asked = client.post(f"{API}/call/classify", json={"data": [file, "genre-small", 90]})
    if asked.status_code != 200:
        return asked.status_code, asked.text
    told = client.get(f"{API}/call/classify/{asked.json()['event_id']}").text
    *_, event, data = told.strip().split("\n")
    return event.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_application_keeps_its_own_pages_beside_the_page(client):
    assert client.get("/health").json() == "well"
    page = client.get("/genre/")
    assert page.status_code == 200
    assert "<title>melonnx</title>" in page.text or "melonnx" in page.text
    assert "content-security-policy" in page.headers
    assert "content-security-policy" not in client.get("/health").headers


def test_mounted_page_classifies(client):
    uploaded = client.post(
        f"{API}/upload", files={"files": ("song.mp3", SAMPLE.read_bytes())}
    ).json()[0]
    event, (answer,) = classify(client, {"path": uploaded, "meta": {"_type": "gradio.FileData"}})
    assert event == "complete"
    assert answer["label"] == Predictor("genre-small").predict(SAMPLE).label
    assert answer["song"] == "song.mp3"


def test_mounted_page_reads_no_file_of_the_machine(client, monkeypatch):
    forged = {"path": str(SAMPLE), "meta": {"_type": "gradio.FileData"}}
    assert classify(client, forged) == (403, "no uploaded file")
    monkeypatch.setattr("melonnx.demo.page.guard.Guard._is_upload", lambda *_: True)
    event, _ = classify(client, forged)
    assert event == "error"
    assert client.get(f"{API}/file={EXAMPLE}").status_code == 403


def test_its_limits_are_the_applications(client):
    large = client.post(f"{API}/upload", files={"files": ("song.mp3", bytes(21 << 20))})
    assert large.status_code == 413
