"""Runs the page until the process is told to end."""

import contextlib
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from secrets import token_urlsafe

import numpy as np
import uvicorn

from melonnx.demo.review.app import build_app
from melonnx.demo.review.facts import FactsReader
from melonnx.demo.review.ledger import Ledger
from melonnx.demo.review.replies import Review
from melonnx.demo.review.songs import read_songs

__all__ = ["serve"]

_PATIENCE_S = 2
"""For answers under way when the server is stopped."""


def serve(
    listener: socket.socket,
    results: Path,
    decisions: Path,
    host: str,
    auth: tuple[str, str] | None,
    announce: Callable[[str], None],
) -> None:
    """Serve ``results`` at ``listener``, decisions going to ``decisions``.

    ``announce`` is called with what stands behind the address, once songs and decisions are read.
    Raises ResultsFileError.
    """
    songs = read_songs(results)
    ledger = Ledger(decisions)
    ledger.decided()  # a file of another kind is refused now, not at the first decision
    facts = FactsReader(songs.paths, np.argsort(-songs.worth, kind="stable").tolist())
    review = Review(songs, ledger, facts)
    token = token_urlsafe(24)
    port = listener.getsockname()[1]
    app = build_app(review, token, port, host, auth)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=_PATIENCE_S,
        server_header=False, ws="none", lifespan="off",
    )  # fmt: skip
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    review.open()
    announce(f"/?token={token}")
    try:
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])
    finally:
        facts.stop()
