"""Builds the static page as its reader does, serves it from this machine, and opens Chromium."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

__all__ = ["FLAGS", "MODELS", "PAGE", "build_site", "find_chromium", "install_packages", "serve"]

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "demo" / "web"
MODELS = ROOT / "models"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str | None:
    """The system's Chromium; None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def install_packages(cache: Path) -> Path:
    """The folder below ``cache`` with the page's npm packages and onnxruntime-node beside them.

    Installed once for each version. Raises CalledProcessError and TimeoutExpired where npm
    cannot get them.
    """
    wanted = json.loads((PAGE / "package.json").read_text())
    version = wanted["dependencies"]["onnxruntime-web"]
    place = cache / f"onnxruntime-{version}"
    if not place.exists():
        fresh = Path(mkdtemp(dir=cache))
        wanted["dependencies"]["onnxruntime-node"] = version
        (fresh / "package.json").write_text(json.dumps(wanted))
        shutil.copy(PAGE / ".npmrc", fresh)
        _run(["npm", "install", "--no-audit", "--no-fund"], fresh, timeout=240)
        try:
            fresh.rename(place)
        except OSError:  # another process was first
            if not place.exists():
                raise
            shutil.rmtree(fresh)
    return place


def build_site(folder: Path, packages: Path, model: Path) -> Path:
    """``npm run build`` in a copy of the page's folder; returns its ``dist``."""
    shutil.copytree(PAGE, folder, ignore=shutil.ignore_patterns("dist", "node_modules"))
    (folder / "node_modules").symlink_to(packages / "node_modules")
    _run(["npm", "run", "build", "--", str(model)], folder, timeout=60)
    return folder / "dist"


@contextmanager
def serve(folder: Path) -> Iterator[tuple[str, Sequence[str]]]:
    """Serve ``folder`` as ``python -m http.server`` does: its address, and the paths asked for."""
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _run(command: list[str], folder: Path, timeout: int) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=timeout)
