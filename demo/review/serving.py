"""Runs the page until the process is told to end."""

import contextlib
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from secrets import token_urlsafe

import uvicorn

from melonnx.demo.review.app import build_app
from melonnx.demo.review.facts import FactsReader
from melonnx.demo.review.hearing import FolderHearing
from melonnx.demo.review.ledger import Ledger
from melonnx.demo.review.replies import Review
from melonnx.demo.review.songs import Songs

__all__ = ["serve"]

_PATIENCE_S = 2
"""For answers under way when the server is stopped."""


def serve(
    listener: socket.socket,
    songs: Songs | FolderHearing,
    decisions: Path,
    host: str,
    auth: tuple[str, str] | None,
    model: Path | None,
    announce: Callable[[str], None],
) -> None:
    """Serve ``songs`` at ``listener``, decisions going to ``decisions``.

    ``model`` has heard the songs; None where that is a released one.

    ``announce`` is called with what stands behind the address, once decisions are read; songs that
    are still to be heard come later. Raises ResultsFileError.
    """
    ledger = Ledger(decisions)
    ledger.decided()  # a file of another kind is refused now, not at the first decision
    hearing = songs if isinstance(songs, FolderHearing) else None
    known = songs.songs.songs() if isinstance(songs, FolderHearing) else songs
    review = Review(known, ledger, FactsReader(), hearing, model)
    token = token_urlsafe(24)
    port = listener.getsockname()[1]
    app = build_app(review, token, port, host, auth)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=_PATIENCE_S,
        server_header=False, ws="none", lifespan="off",
    )  # fmt: skip
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    review.open()
    server = uvicorn.Server(config)
    ends = server.shutdown

    async def shutdown(sockets: list[socket.socket] | None = None) -> None:
        review.drop_pictures()  # which nobody will see, and an answer would wait for
        await ends(sockets)

    server.shutdown = shutdown  # type: ignore[method-assign]
    try:
        announce(f"/?token={token}")
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
    finally:
        review.close()
