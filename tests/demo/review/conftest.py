"""A page in this process, and somebody who has opened it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.review.made import make_library

pytest.importorskip("starlette", reason="needs the extra demo")

from starlette.testclient import TestClient

from melonnx.demo.review.app import build_app
from melonnx.demo.review.facts import FactsReader
from melonnx.demo.review.ledger import Ledger
from melonnx.demo.review.replies import Review
from melonnx.demo.review.songs import read_songs
from melonnx.infer.results.decisions import decisions_beside

TOKEN = "the token of this session"
PORT = 7870
ADDRESS = f"http://127.0.0.1:{PORT}"


def open_review(results: Path) -> Review:
    songs = read_songs(results)
    return Review(songs, Ledger(decisions_beside(results)), FactsReader())


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return make_library(tmp_path)


@pytest.fixture
def review(library: Path) -> Review:
    made = open_review(library)
    made.open()
    return made


@pytest.fixture
def stranger(review: Review) -> Iterator[TestClient]:
    """Without the token."""
    with TestClient(build_app(review, TOKEN, PORT), ADDRESS, follow_redirects=False) as client:
        yield client


@pytest.fixture
def client(stranger: TestClient) -> TestClient:
    answer = stranger.get("/", params={"token": TOKEN})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    stranger.headers["origin"] = ADDRESS
    return stranger
