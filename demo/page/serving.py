"""Serves the page: mounted in any FastAPI app, or alone."""

import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI
from gradio.themes import Default
from gradio.utils import get_upload_folder
from starlette.middleware import Middleware

from melonnx.demo.page.calls import refusal
from melonnx.demo.page.guard import Guard
from melonnx.demo.page.layout import build_page
from melonnx.demo.page.limits import Limits
from melonnx.demo.page.models import Choice
from melonnx.demo.page.upload_folder import is_private, private_folder, swept
from melonnx.demo.page.visitors import forgetting
from melonnx.demo.songs import EXAMPLES

__all__ = ["mount_page", "serve"]

_HERE = Path(__file__).parent
_FONTS = ("ui-sans-serif", "system-ui", "sans-serif")
_MONO = ("ui-monospace", "monospace")
_PATIENCE_S = 2
"""For answers under way when the server is stopped."""


def mount_page(
    app: FastAPI,
    path: str = "/",
    choice: Choice | None = None,
    limits: Limits | None = None,
    auth: tuple[str, str] | None = None,
) -> FastAPI:
    """Put the page into ``app`` at ``path``; returns ``app``.

    ``choice``: the models, by default the released ones. ``auth``: user and password that the
    page asks for. Uploads lie where Gradio keeps those of the whole process (``GRADIO_TEMP_DIR``).
    """
    limits = limits or Limits()
    folder, kept_s = Path(get_upload_folder()), limits.keep_minutes * 60
    page = build_page(choice or Choice(), limits, folder)

    @contextlib.asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(forgetting(page, kept_s))
            if is_private(folder):
                await stack.enter_async_context(swept(folder, kept_s))
            yield

    gr.mount_gradio_app(
        app,
        page,
        path,
        app_kwargs={
            "middleware": [
                Middleware(Guard, limits=limits, folder=folder, refuse=partial(refusal, page))
            ],
            "lifespan": lifespan,
        },
        auth=auth,
        allowed_paths=[str(example.path) for example in EXAMPLES],
        max_file_size=limits.file_bytes,
        show_error=False,
        footer_links=["api", "settings"],
        run_history=False,
        ssr_mode=False,
        mcp_server=False,
        enable_monitoring=False,
        pwa=False,
        theme=Default(primary_hue="blue", neutral_hue="gray", font=_FONTS, font_mono=_MONO),
        css=(_HERE / "page.css").read_text("utf-8"),
        js=(_HERE / "page.js").read_text("utf-8"),
    )
    page.has_launched = True  # else Gradio takes any file of the machine for an uploaded one
    return app


def serve(
    listener: socket.socket,
    choice: Choice,
    limits: Limits,
    auth: tuple[str, str] | None,
    announce: Callable[[], None],
) -> None:
    """Serve the page alone until the process is told to end; then its uploads are removed.

    ``announce`` is called once it answers.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        announce()
        yield

    # uvicorn raises the signal again once it has ended, and the folder must still go
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with private_folder(), contextlib.suppress(KeyboardInterrupt):
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
        mount_page(app, "/", choice, limits, auth)
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=_PATIENCE_S
        )
        uvicorn.Server(config).run(sockets=[listener])
