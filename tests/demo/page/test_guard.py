"""Requests are stopped before Gradio sees them, however they are cut into pieces."""

import asyncio
import json

import pytest

pytest.importorskip("starlette", reason="needs the demo extra")
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from melonnx.demo.page.guard import Guard
from melonnx.demo.page.limits import Limits

LIMITS = Limits(file_mb=1, files=2)


async def echo(scope, receive, send):
    """An app that answers with the body that it was sent."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            body = b"lost"
            break
        body += message["body"]
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def call(
    folder, path, pieces=(b"",), method="POST", root="", app=echo, refuse=lambda *_: None, **headers
):
    """Status, headers and body of the answer to a request that comes in ``pieces``."""
    waiting = [
        {"type": "http.request", "body": piece, "more_body": number < len(pieces) - 1}
        for number, piece in enumerate(pieces)
    ]
    sent = []

    async def receive():
        return waiting.pop(0)

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "path": root + path,
        "root_path": root,
        "method": method,
        "headers": [(name.replace("_", "-").encode(), b"%d" % n) for name, n in headers.items()],
    }
    asyncio.run(Guard(app, LIMITS, folder, refuse)(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], dict(sent[0]["headers"]), body


def test_body_arrives_as_it_was_sent(tmp_path):
    song = {"path": str(tmp_path / "a" / "song.mp3"), "meta": {"_type": "gradio.FileData"}}
    body = json.dumps({"data": [song, None]}).encode()
    status, _, answer = call(tmp_path, "/gradio_api/queue/join", (body[:9], body[9:]))
    assert (status, answer) == (200, body)


@pytest.mark.parametrize("root", ["", "/genre"])
def test_file_from_elsewhere_is_refused_wherever_it_stands(tmp_path, root):
    body = json.dumps({"data": [{"value": [{"path": f"{tmp_path}/../other"}]}]}).encode()
    status, _, _ = call(tmp_path, "/gradio_api/run/x", (body[:20], body[20:]), root=root)
    assert status == 403


@pytest.mark.parametrize("root", ["", "/genre"])
@pytest.mark.parametrize(
    "door", ["file=https://example.com", "file=HTTP://x", "proxy=http://x", "process_recording"]
)
def test_closed_doors_are_closed_for_every_method(tmp_path, door, root):
    for method in ("GET", "HEAD", "POST"):
        assert call(tmp_path, f"/gradio_api/{door}", method=method, root=root)[0] == 404


def test_upload_is_cut_off_where_its_length_was_not_told(tmp_path):
    piece = bytes(1 << 20)
    assert call(tmp_path, "/gradio_api/upload", [piece] * 2)[2] == piece * 2
    assert call(tmp_path, "/gradio_api/upload", [piece] * 4)[2] == b"lost"
    assert call(tmp_path, "/gradio_api/upload", content_length=1 << 22)[0] == 413


def test_no_other_request_is_large(tmp_path):
    pieces = [b"x" * (1 << 19)] * 3
    assert call(tmp_path, "/gradio_api/queue/join", pieces)[0] == 413


def test_what_no_upload_is_cannot_be_sent(tmp_path):
    for path in (tmp_path, f"{tmp_path}/..", "", "\0", 7, ["x"], "/etc/passwd", "x" * 5000):
        body = json.dumps({"path": str(path) if path == tmp_path else path}).encode()
        assert call(tmp_path, "/gradio_api/queue/join", [body])[0] == 403, path


def test_json_that_is_too_deep_is_told_so(tmp_path):
    status, _, answer = call(tmp_path, "/gradio_api/queue/join", [b"[" * 100_000])
    assert (status, answer) == (400, b"the JSON is too deep")


def test_reason_of_a_refusal_stands_where_the_clients_look(tmp_path):
    def refuse(name, asked):
        return 422, f"no {name} with {asked}"

    status, _, answer = call(tmp_path, "/gradio_api/call/x", [b"[1]"], refuse=refuse)
    (told,) = json.loads(answer)["detail"]
    assert (status, told["message"]) == (422, "no call/x with [1]")
    client = pytest.importorskip("gradio_client.utils", reason="needs the demo extra")
    httpx = pytest.importorskip("httpx", reason="needs the demo extra")
    words = client.extract_validation_message(httpx.Response(422, content=answer))
    assert "request: no call/x with [1]" in words


def test_visitor_who_hangs_up_leaves_no_error(tmp_path):
    async def upload(scope, receive, send):
        raise ClientDisconnect

    async def stream(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"lost", "more_body": True})
        raise RuntimeError from HTTPException(404)

    with pytest.raises(IndexError):  # nothing was sent
        call(tmp_path, "/gradio_api/upload", app=upload)
    assert call(tmp_path, "/gradio_api/queue/data", method="GET", app=stream)[2] == b"lost"


def test_faults_of_the_page_are_not_hidden(tmp_path):
    async def broken(scope, receive, send):
        raise RuntimeError("our fault")

    with pytest.raises(RuntimeError, match="our fault"):
        call(tmp_path, "/config", method="GET", app=broken)


def test_answers_say_that_nothing_is_loaded_from_elsewhere(tmp_path):
    _, headers, _ = call(tmp_path, "/", method="GET")
    assert headers[b"content-security-policy"].startswith(b"default-src 'self'")


def test_what_is_too_deep_to_be_looked_through_is_refused(tmp_path):
    body = b'{"a":' * 100_000 + json.dumps({"path": "/etc/passwd"}).encode() + b"}" * 100_000
    assert call(tmp_path, "/gradio_api/queue/join", (body,))[0] == 400
