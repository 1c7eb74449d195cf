"""Lets in who opened the page by its own address, from this machine or with the password.

The address has a token, which the browser keeps as a cookie from then on. The Host that is asked
for must be ours: a foreign name that leads to 127.0.0.1 (DNS rebinding) is none. What changes
something must come from the page itself.
"""

import base64
import ipaddress
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from secrets import compare_digest
from urllib.parse import parse_qs, urlsplit

from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Gate", "is_loopback"]

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_NAMES = {"localhost", "127.0.0.1", "::1"}


class Gate:
    """ASGI middleware about the page's app.

    ``auth``: user and password; with them every address of this machine may be asked for, by its
    number or as ``host``; without, only the loopback's.
    """

    def __init__(
        self,
        app: ASGIApp,
        token: str,
        port: int,
        host: str = "127.0.0.1",
        auth: tuple[str, str] | None = None,
    ) -> None:
        self._app, self._token, self._port, self._auth = app, token, port, auth
        self._host = host.lower()
        self._cookie = f"melonnx_review_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with the reason why not."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = {
            name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]
        }
        answer = self._judge(scope, headers)
        if answer is None:
            await self._app(scope, receive, _with_headers(send))
        else:
            await answer(scope, receive, _with_headers(send))

    def _judge(self, scope: Scope, headers: Mapping[str, str]) -> Response | None:
        if not self._is_ours(headers.get("host", "")):
            return PlainTextResponse("this page is not called so", 421)
        if self._auth is not None and not self._has_password(headers.get("authorization", "")):
            wanted = {"www-authenticate": 'Basic realm="melonnx review", charset="UTF-8"'}
            return PlainTextResponse("a password is needed", 401, wanted)
        if scope["method"] == "GET" and scope["path"] == "/":
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
            if given and self._is_token(given):
                return self._let_in()
        if not self._is_token(self._kept(headers.get("cookie", ""))):
            return PlainTextResponse(
                "open the address that melonnx review has printed, with its token", 403
            )
        if not self._is_same_origin(scope["method"], headers):
            return PlainTextResponse("only the page itself may ask this", 403)
        return None

    def _let_in(self) -> Response:
        """On to the address without the token, which then stands in no history."""
        answer = RedirectResponse("/", 303)
        answer.set_cookie(self._cookie, self._token, httponly=True, samesite="strict", path="/")
        return answer

    def _is_token(self, given: str) -> bool:
        return compare_digest(given.encode(), self._token.encode())

    def _kept(self, cookies: str) -> str:
        try:
            found = SimpleCookie(cookies).get(self._cookie)
        except CookieError:
            return ""
        return found.value if found else ""

    def _is_ours(self, host: str) -> bool:
        try:
            asked = urlsplit(f"//{host}")
            name, port = (asked.hostname or "").lower(), asked.port or 80
        except ValueError:
            return False
        if port != self._port or asked.username is not None or asked.path:
            return False
        return name in _NAMES or (self._auth is not None and (name == self._host or _is_ip(name)))

    def _is_same_origin(self, method: str, headers: Mapping[str, str]) -> bool:
        site = headers.get("sec-fetch-site")
        if site is not None and site not in ("same-origin", "none"):
            return False
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != headers["host"].lower():
            return False
        if method in ("GET", "HEAD"):
            return True
        is_json = headers.get("content-type", "").partition(";")[0] == "application/json"
        return method == "POST" and is_json and origin is not None

    def _has_password(self, given: str) -> bool:
        assert self._auth is not None
        kind, _, code = given.partition(" ")
        try:
            said = base64.b64decode(code, validate=True) if kind.lower() == "basic" else b""
        except ValueError:
            return False
        return compare_digest(said, ":".join(self._auth).encode())


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    return host == "localhost" or (_is_ip(host) and ipaddress.ip_address(host).is_loopback)


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            ours = [(name.encode(), text.encode()) for name, text in _HEADERS.items()]
            message = {**message, "headers": [*message["headers"], *ours]}
        await send(message)

    return sent
