"""Nobody else reads or changes anything, and nobody reads what is not in the results."""

import os
import shutil
import sys

import pytest
from starlette.testclient import TestClient

from melonnx.demo.review.app import build_app
from melonnx.demo.review.gate import is_loopback
from tests.demo.review.conftest import ADDRESS, PORT, TOKEN, open_review

PATHS = ("/", "/page.js", "/api/songs", "/api/changes", "/api/plan", "/api/audio/x", "/nothing")
PATHS += ("/map.js", "/api/map", "/api/picture/x")


@pytest.mark.parametrize("path", PATHS)
def test_without_the_token_there_is_nothing(stranger, path):
    for cookie in ("", f"melonnx_review_{PORT}=another", f"melonnx_review_{PORT + 1}={TOKEN}"):
        answer = stranger.get(path, headers={"cookie": cookie} if cookie else {})
        assert answer.status_code == 403
        assert "rock" not in answer.text
    assert stranger.get("/", params={"token": "another"}).status_code == 403
    assert stranger.get("/api/songs", params={"token": TOKEN}).status_code == 403


def test_the_token_opens_the_page_and_leaves_the_address(client):
    page = client.get("/")
    assert (page.status_code, "<h1>Review</h1>" in page.text) == (200, True)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert client.get("/api/songs").json()["labels"] == ["rock", "pop", "jazz", "folk"]


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1:80",
             f"127.0.0.1.evil.example:{PORT}", f"user@127.0.0.1:{PORT}", "",
             f"192.168.1.2:{PORT}", "[::1"],
)  # fmt: skip
def test_a_foreign_name_for_this_machine_is_refused(client, host):
    assert client.get("/api/songs", headers={"host": host}).status_code == 421


def test_only_the_page_itself_changes_something(client, review, library):
    body = {"id": "0" * 16, "songs": review.songs.ids[:1], "genres": ["rock"]}
    foreign = [
        {"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"}, {"content-type": "text/plain"},
        {"origin": f"http://127.0.0.1:{PORT + 1}"},
    ]  # fmt: skip
    for headers in foreign:
        assert client.post("/api/decide", json=body, headers=headers).status_code == 403
    del client.headers["origin"]
    assert client.post("/api/decide", json=body).status_code == 403
    assert client.get("/api/songs", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.put("/api/decide", json=body, headers={"origin": ADDRESS}).status_code == 403
    assert not library.with_name("library.decisions.jsonl").exists()


def test_with_a_password_other_machines_may_ask(review):
    app = build_app(review, TOKEN, PORT, "music.home", ("me", "sécret"))
    with TestClient(app, f"http://192.168.1.2:{PORT}", follow_redirects=False) as client:
        assert client.get("/", params={"token": TOKEN}).status_code == 401
        wrong = client.get("/", params={"token": TOKEN}, auth=("me", "secret"))
        assert wrong.status_code == 401
        client.auth = ("me", "sécret")
        assert client.get("/").status_code == 403
        assert client.get("/", params={"token": TOKEN}).status_code == 303
        assert client.get("/api/songs").status_code == 200
        names = {f"music.home:{PORT}": 200, f"evil.example:{PORT}": 421}
        for host, status in names.items():
            assert client.get("/api/songs", headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "0", "-1", "0" * 16, "",
     "library.jsonl", "%00", "." * 300],
)  # fmt: skip
@pytest.mark.parametrize("what", ["audio", "song", "picture"])
def test_a_song_is_asked_for_by_its_id_and_by_nothing_else(client, name, what):
    answer = client.get(f"/api/{what}/{name}")
    assert answer.status_code == 404
    assert "root:" not in answer.text


def test_ids_of_another_session_lead_nowhere(client, library):
    other = open_review(library)
    assert not set(other.songs.ids) & set(client.get("/api/songs").json()["ids"])
    assert client.get(f"/api/audio/{other.songs.ids[0]}").status_code == 404


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
@pytest.mark.parametrize("swap", ["song", "folder", "hidden", "pipe", "directory", "text"])
def test_what_is_put_in_a_songs_place_is_not_read(client, review, tmp_path, swap):
    secret = tmp_path / "secret"
    secret.mkdir()
    song = tmp_path / "music" / "album 0" / "song 0.wav"
    shutil.copy(song, secret / song.name)  # also where it is audio: it is another file
    address = f"/api/audio/{review.songs.ids[review.songs.places[str(song)]]}"
    assert client.get(address).status_code == 206
    if swap == "folder":
        song.parent.rename(tmp_path / "moved")
        song.parent.symlink_to(secret)
    else:
        song.unlink()
        if swap == "song":
            song.symlink_to(secret / song.name)
        elif swap == "hidden":
            song.symlink_to("/etc/passwd")
        elif swap == "pipe":
            os.mkfifo(song)
        elif swap == "directory":
            song.mkdir()
        else:
            song.write_text("root:x:0:0\n" * 100)
    answer = client.get(address)
    assert (answer.status_code, b"RIFF" in answer.content, b"root:" in answer.content) == (
        404, False, False,
    )  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
def test_links_that_were_there_are_followed(tmp_path):
    from tests.demo.review.made import make_library

    results = make_library(tmp_path)
    (tmp_path / "music").rename(tmp_path / "disk")
    (tmp_path / "music").symlink_to("disk")
    review = open_review(results)
    review.open()
    assert review.sound(review.songs.ids[0], None).data[:4] == b"RIFF"


def test_ranges_are_bounded(client, review):
    address = f"/api/audio/{review.songs.ids[0]}"
    size = 44 + 2 * 8000 * 4
    whole = client.get(address)
    assert (whole.status_code, whole.headers["content-type"]) == (206, "audio/wav")
    assert whole.headers["content-range"] == f"bytes 0-{size - 1}/{size}"
    part = client.get(address, headers={"range": "bytes=10-19"})
    assert (part.content, part.headers["content-range"]) == (
        whole.content[10:20], f"bytes 10-19/{size}",
    )  # fmt: skip
    over = client.get(address, headers={"range": f"bytes={size - 5}-{size * 9}"})
    assert over.content == whole.content[-5:]
    for wrong in ("bytes=0-1,5-6", f"bytes={size}-", "bytes=9-3", "bytes=-5", "seconds=1-2", "x"):
        assert client.get(address, headers={"range": wrong}).status_code == 416


def test_which_addresses_only_this_machine_reaches():
    assert all(map(is_loopback, ("127.0.0.1", "localhost", "::1", "127.8.8.8")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.2", "example.org", "")))
