"""Refuses what the page does not need, and uploads that are too large, before Gradio sees them.

Gradio would also fetch any web address for whoever asks (``file=https://…``, or an address
instead of an uploaded file), run ffmpeg on what is sent to ``process_recording``, and, where a
page is mounted in another app, take any file of the machine for an uploaded one. What is no call
of the page (:mod:`melonnx.demo.page.calls`) is told so.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from melonnx.demo.page.calls import Refusal
from melonnx.demo.page.limits import Limits

__all__ = ["Guard"]

_API = "/gradio_api/"
_UNUSED = (
    *("proxy=", "file=http:", "file=https:", "file/http:", "file/https:", "stream/"),
    *("process_recording", "vibe", "undo-vibe", "dev/", "deep_link", "run-history", "runs"),
    *("custom_component", "component_server", "profiling"),
)
_JSON_BYTES = 1 << 20
_POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'"
)
"""Nothing on the page comes from elsewhere, or goes there. Gradio's own scripts need ``eval``."""


class Guard:
    """ASGI middleware about a Gradio app whose uploads lie in ``folder``.

    ``refuse``: tells why a call, with this JSON, cannot be answered; or None.
    """

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        folder: Path,
        refuse: Callable[[str, Any], Refusal | None],
    ) -> None:
        self._app, self._limits, self._folder = app, limits, folder.resolve()
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with the reason why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        call = path.partition(_API)[2]
        if call.lower().startswith(_UNUSED) or path.startswith("/monitoring"):
            await PlainTextResponse("not here", 404)(scope, receive, send)
            return
        if scope["method"] == "POST":
            most = self._limits.upload_bytes if call.startswith("upload") else _JSON_BYTES
            if _length(scope) > most:
                await _too_large(most)(scope, receive, send)
                return
            if call.startswith("upload"):
                receive = _cut_off(receive, most)
            else:
                body = await _read(receive, most)
                if body is None:
                    await _too_large(most)(scope, receive, send)
                    return
                refusal = self._judge(call, body)
                if refusal is not None:
                    await _told(*refusal)(scope, receive, send)
                    return
                receive = _replay(body, receive)
        await _to_the_end(self._app, scope, receive, _with_policy(send))

    def _judge(self, call: str, body: bytes) -> Refusal | None:
        try:
            asked = json.loads(body)
        except RecursionError:
            return 400, "the JSON is too deep"
        except ValueError:  # a form, or what Gradio will call no JSON
            return None
        if not all(self._is_upload(one) for one in _paths(asked)):
            return 403, "no uploaded file"
        return self._refuse(call, asked)

    def _is_upload(self, path: Any) -> bool:
        try:
            place = Path(path).resolve()
            return place.is_relative_to(self._folder) and not place.is_dir()
        except (TypeError, ValueError, OSError):
            return False


def _length(scope: Scope) -> int:
    value = dict(scope["headers"]).get(b"content-length", b"0")
    return int(value) if value.isdigit() else 0


def _too_large(most: int) -> PlainTextResponse:
    return PlainTextResponse(f"too large: {most >> 20} MB at most", 413)


def _told(status: int, reason: str) -> Response:
    """The refusal of a call, so that Gradio's clients find the reason."""
    if status != 422:
        return PlainTextResponse(reason, status)
    found = {"__type__": "validate", "is_valid": False}
    told = found | {"parameter_name": "request", "message": reason}
    return JSONResponse({"detail": [told]}, status)


async def _read(receive: Receive, most: int) -> bytes | None:
    """The body of a request, None where it is longer than ``most``."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > most:
            return None
        if message["type"] != "http.request" or not message.get("more_body"):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Give ``body`` again, then what else comes."""
    read = False

    async def again() -> Message:
        nonlocal read
        if read:
            return await receive()
        read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _cut_off(receive: Receive, most: int) -> Receive:
    """What a request sends, as a lost connection once it is more than ``most`` bytes."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        return message if taken <= most else {"type": "http.disconnect"}

    return counted


def _paths(asked: Any) -> Iterator[Any]:
    """Every ``path`` of a file in the JSON of a request."""
    pending = [asked]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if value.get("path") is not None:
                yield value["path"]
            pending += value.values()
        elif isinstance(value, list):
            pending += value


async def _to_the_end(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer where somebody is left, and end a stream that ``app`` breaks off, having said why."""
    began = False

    async def sent(message: Message) -> None:
        nonlocal began
        began = True
        await send(message)

    try:
        await app(scope, receive, sent)
    except ClientDisconnect:
        return
    except RuntimeError as error:
        if not began or not isinstance(error.__cause__, HTTPException):
            raise
        await send({"type": "http.response.body", "body": b""})


def _with_policy(send: Send) -> Send:
    """Answers whose page loads nothing from elsewhere."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [
                (b"content-security-policy", _POLICY.encode()),
                (b"x-content-type-options", b"nosniff"),
                (b"referrer-policy", b"no-referrer"),
            ]
            message = {**message, "headers": [*message["headers"], *headers]}
        await send(message)

    return sent
