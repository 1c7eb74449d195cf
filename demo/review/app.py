"""The addresses of the page: its files, and what its script asks for."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from melonnx.demo.review.gate import Gate
from melonnx.demo.review.replies import Refused, Review
from melonnx.infer.errors import MelonnxError

__all__ = ["build_app"]

_HERE = Path(__file__).parent
_FILES = {
    "/": ("page.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    **{
        f"/{name}.js": (f"{name}.js", "text/javascript")
        for name in ("page", "list", "player", "evidence", "map", "judged")
    },
}
_MOST_BYTES = 8 << 20
"""Of what is asked: the ids of 100,000 songs are 2 MB."""


def build_app(
    review: Review,
    token: str,
    port: int,
    host: str = "127.0.0.1",
    auth: tuple[str, str] | None = None,
) -> Starlette:
    """The whole page behind its gate; ``token`` opens it."""
    routes = [Route(path, _file(*file)) for path, file in _FILES.items()]
    routes += [
        Route("/api/songs", _listed(review)),
        Route("/api/song/{id}", _told(lambda asked: review.song(asked.path_params["id"]))),
        Route("/api/audio/{id}", _sound(review)),
        Route("/api/picture/{id}", _drawn(review)),
        Route("/api/map", _told(lambda _: review.map())),
        Route("/api/changes", _told(lambda asked: review.changes(*_since(asked)))),
        Route("/api/decide", _done(review.decide), methods=["POST"]),
        Route("/api/undo", _done(review.undo), methods=["POST"]),
        Route("/api/plan", _told(lambda _: review.plan())),
        Route("/api/write", _done(lambda _: review.write()), methods=["POST"]),
        Route("/api/restore", _done(review.restore), methods=["POST"]),
    ]
    gate = Middleware(Gate, token=token, port=port, host=host, auth=auth)
    return Starlette(routes=routes, middleware=[gate])


def _file(name: str, media_type: str) -> Callable[[Request], Response]:
    def answer(_: Request) -> Response:
        return FileResponse(_HERE / name, media_type=f"{media_type}; charset=utf-8")

    return answer


def _listed(review: Review) -> Callable[[Request], Response]:
    def answer(_: Request) -> Response:
        return Response(review.listed(), media_type="application/json")

    return answer


def _told(reply: Callable[[Request], Any]) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        return _as_json(lambda: reply(request))

    return answer


def _done(reply: Callable[[Any], Any]) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > _MOST_BYTES:
                return JSONResponse({"error": "that is too much at once"}, 413)
        try:
            asked = json.loads(bytes(body) or b"{}")
        except (ValueError, RecursionError):
            asked = None
        if not isinstance(asked, dict):
            return JSONResponse({"error": "that is no JSON object"}, 400)
        return await run_in_threadpool(_as_json, lambda: reply(asked) or {})

    return answer


def _sound(review: Review) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        wanted = request.headers.get("range")
        try:
            sound = review.sound(request.path_params["id"], wanted or "bytes=0-")
        except Refused as error:
            return JSONResponse({"error": str(error)}, error.code)
        last = sound.first + len(sound.data) - 1
        headers = {
            "accept-ranges": "bytes",
            "content-range": f"bytes {sound.first}-{last}/{sound.size}",
        }
        return Response(sound.data, 206, headers, sound.media_type)

    return answer


def _drawn(review: Review) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        dark = request.query_params.get("dark") == "1"
        try:
            picture = review.picture(request.path_params["id"], dark=dark)
        except Refused as error:
            return JSONResponse({"error": str(error)}, error.code)
        return Response(picture, media_type="image/png")

    return answer


def _as_json(reply: Callable[[], Any]) -> Response:
    try:
        return Response(json.dumps(reply()), media_type="application/json")
    except Refused as error:
        return JSONResponse({"error": str(error)}, error.code)
    except MelonnxError as error:
        return JSONResponse({"error": str(error)}, 500)


def _since(request: Request) -> tuple[int, int, int]:
    lines, facts, songs = (
        request.query_params.get(name, "0") for name in ("lines", "facts", "songs")
    )
    if not all(one.isdecimal() and len(one) < 10 for one in (lines, facts, songs)):
        raise Refused(400, "numbers, please")
    return int(lines), int(facts), int(songs)
