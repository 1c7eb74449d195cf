"""Node, npm's packages, the built page and Chromium; without them these tests skip and say why."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.site import FLAGS, MODELS, build_site, find_chromium, install_packages, serve

OLDEST_NODE = 20
_AXE = "axe-core@4.11.0"


@pytest.fixture(scope="session")
def node() -> str:
    """The node command."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("needs Node.js: no node on the path")
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    major = int(re.sub(r"^v(\d+)\..*$", r"\1", shown.stdout.strip()))
    if major < OLDEST_NODE:
        pytest.skip(f"needs Node.js {OLDEST_NODE} or newer; this is {shown.stdout.strip()}")
    return program


@pytest.fixture(scope="session")
def packages(node: str, request: pytest.FixtureRequest) -> Path:
    """A folder with onnxruntime-web and onnxruntime-node in its node_modules."""
    if shutil.which("npm") is None:
        pytest.skip("needs npm: it is not on the path")
    try:
        return install_packages(request.config.cache.mkdir("npm"))
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"npm cannot get onnxruntime-web and onnxruntime-node: {error.stderr or error}")


@pytest.fixture(scope="session")
def dist(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page with ``genre-base``, built by its own command."""
    folder = tmp_path_factory.mktemp("web") / "page"
    return build_site(folder, packages, MODELS / "genre-base.wave.onnx")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The system's Chromium; Playwright's own downloads are never asked for.

    For a module only: an event loop runs in this thread as long as Playwright does.
    """
    program = find_chromium()
    if program is None:
        pytest.skip("needs Chromium: no chromium on the path")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe(request: pytest.FixtureRequest) -> str:
    """The text of axe-core, which finds what people with disabilities would stumble over."""
    cache = request.config.cache.mkdir("npm")
    script = cache / _AXE / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        if shutil.which("npm") is None:
            pytest.skip("needs npm: it is not on the path")
        line = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(cache / _AXE), _AXE]
        made = subprocess.run(line, capture_output=True, text=True, check=False, timeout=240)
        if made.returncode:
            pytest.skip(f"npm cannot get {_AXE}: {made.stderr}")
    return script.read_text()


@pytest.fixture(scope="session")
def site(dist: Path) -> Iterator[str]:
    """The address that the page is served at."""
    with serve(dist) as (address, _):
        yield address


@pytest.fixture(scope="session")
def run_js(node: str, packages: Path) -> Callable[..., str]:
    """Run a module's text in Node with arguments; what it printed."""

    def run(program: str, *arguments: Any) -> str:
        line = [node, "--input-type=module", "-e", program, "--", *map(str, arguments)]
        result = subprocess.run(
            line, cwd=packages, capture_output=True, text=True, check=False, timeout=120
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    return run
