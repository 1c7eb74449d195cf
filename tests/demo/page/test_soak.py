"""The visitors of the soak, once each: all are answered right, and none leaves a traceback."""

from random import Random

import pytest

pytest.importorskip("gradio", reason="needs the demo extra")
from tests.benchmarks.soak_requests import open_site
from tests.benchmarks.soak_visitors import OPTIONS, VISITS
from tests.demo.running import run_page


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    with (tmp_path_factory.mktemp("log") / "log").open("w+", encoding="utf-8") as log:
        yield log


@pytest.fixture(scope="module")
def site(tmp_path_factory, log):
    with run_page(tmp_path_factory.mktemp("soak"), *OPTIONS, log=log) as running:
        yield open_site(running.address, "genre-small")


@pytest.mark.parametrize("name", VISITS)
def test_visitor_is_answered_right_and_leaves_no_traceback(site, log, name):
    log.seek(0, 2)
    for seed in range(2):
        VISITS[name](site, Random(seed))
    VISITS["/classify"](site, Random(0))  # by then, what was said is in the log
    log.seek(0)
    assert "Traceback" not in log.read()
