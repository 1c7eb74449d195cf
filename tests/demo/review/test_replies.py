"""What the page is told, and what it does to decisions and files."""

import json
import os

import pytest

from melonnx.infer.errors import ResultsFileError
from melonnx.infer.results.decisions import Decision, Undo, append, read_decisions
from tests.demo.review.conftest import open_review

pytest.importorskip("mutagen", reason="needs the extra tags")

from melonnx.infer.tags.fields import read_genres, write_genres


def decide(client, name, songs, *genres):
    body = {"id": name * 8, "songs": songs, "genres": genres}
    return client.post("/api/decide", json=body)


def test_unsure_songs_come_first_and_those_that_failed_not_at_all(client):
    listed = client.get("/api/songs").json()
    assert len(listed["ids"]) == 6
    assert [listed["unsure"][row] for row in listed["order"]] == [1, 1, 1, 0, 0, 0]


def test_a_song_starts_where_it_spoke_loudest(client, review):
    told = client.get(f"/api/song/{review.songs.ids[1]}").json()
    assert told["start"] == 2
    assert told["shares"][0] == ["pop", 0.4]
    assert [one[2] for one in told["timeline"]] == ["jazz", "pop"]


def test_a_decision_is_on_disk_once_however_often_it_is_sent(client, review):
    songs = review.songs.ids[:2]
    for _ in range(3):
        assert decide(client, "ab", songs, "rock", "Britpop").status_code == 200
    made = read_decisions(review.ledger.file)
    assert [made[path].genres for path in review.songs.paths[:2]] == [("rock", "Britpop")] * 2
    assert review.ledger.file.read_text().count("\n") == 1
    told = client.get("/api/changes").json()
    assert told["decided"][songs[0]] == {"by": "ab" * 8, "genres": ["rock", "Britpop"]}
    decide(client, "cd", songs[:1])
    for _ in range(2):
        undone = client.post("/api/undo", json={"id": "ef" * 8, "undo": "ab" * 8})
        assert undone.status_code == 200
    told = client.get("/api/changes", params={"lines": told["lines"]}).json()["decided"]
    assert told == {songs[0]: {"by": "cd" * 8, "genres": []}, songs[1]: None}


@pytest.mark.parametrize(
    "wrong",
    [{}, [], {"id": "ab" * 8}, {"id": "../x", "songs": ["@"], "genres": []},
     {"id": "ab" * 8, "songs": [], "genres": ["x"]},
     {"id": "ab" * 8, "songs": ["@"], "genres": [""]},
     {"id": "ab" * 8, "songs": ["@"], "genres": ["a\nb"]},
     {"id": "ab" * 8, "songs": [3], "genres": []},
     {"id": "ab" * 8, "songs": ["@", "unknown"], "genres": ["x"]},
     {"id": "ab" * 8, "songs": ["@"], "genres": ["x" * 101]},
     {"id": "ab" * 8, "songs": ["@"], "genres": list("abcdefghijkl")}],
)  # fmt: skip
def test_what_is_no_decision_is_not_written(client, review, wrong):
    body = json.loads(json.dumps(wrong).replace("@", review.songs.ids[0]))
    assert client.post("/api/decide", json=body).status_code in (400, 404)
    assert not review.ledger.file.exists()


def test_two_pages_and_a_program_see_each_others_decisions(client, review, library):
    other = open_review(library)
    path = review.songs.paths[0]
    other.ledger.add(Decision("1" * 16, (path,), ("jazz",)))
    assert client.get("/api/changes").json()["decided"]
    append(review.ledger.file, [Undo("2" * 16, "1" * 16)])
    assert client.get("/api/changes").json()["decided"] == {review.songs.ids[0]: None}
    assert other.ledger.decided() == {}
    review.ledger.file.unlink()
    review.ledger.file.write_text("")
    assert client.get("/api/changes").json()["lines"] == 0


def test_written_as_planned_and_undone_to_the_byte(client, review, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    paths = [tmp_path / "music" / "album 0" / f"song {number}.wav" for number in range(3)]
    write_genres(paths[0], ["Polka"])
    before = [path.read_bytes() for path in paths]
    ids = [review.songs.ids[review.songs.places[str(path)]] for path in paths]
    decide(client, "ab", ids[:1], "rock", "Britpop")
    decide(client, "cd", ids[1:2], "hiphop")
    decide(client, "ef", ids[2:])
    append(review.ledger.file, [Decision("9" * 16, ("/another/library.mp3",), ("rock",))])
    rows = client.get("/api/plan").json()["rows"]
    told = [(row["name"], row["old"], row["new"], row["outcome"]) for row in rows]
    assert sorted(told) == [
        ("song 0.wav", "Polka", "Rock; Britpop", "tag"), ("song 1.wav", "", "Hip-Hop", "tag"),
    ]  # fmt: skip
    assert [path.read_bytes() for path in paths] == before
    done = client.post("/api/write", json={}).json()
    assert {row["outcome"] for row in done["rows"]} == {"tagged"}
    assert read_genres(paths[0]) == ["Rock; Britpop"]
    assert paths[2].read_bytes() == before[2]
    assert client.get(f"/api/song/{ids[1]}").json()["facts"][3] == "Hip-Hop"
    assert client.get(f"/api/audio/{ids[0]}").status_code == 206  # though the file is a new one
    assert client.post("/api/restore", json={"log": "/etc/passwd"}).status_code == 404
    undone = client.post("/api/restore", json={"log": done["log"]}).json()
    assert undone == {"restored": 2, "failed": 0}
    assert [path.read_bytes() for path in paths] == before


def test_results_that_change_meanwhile_are_not_mixed_up(review, library):
    first = review.song(review.songs.ids[0])
    os.replace(library, library.with_name("old"))  # noqa: PTH105
    library.write_text("{}")
    assert review.song(review.songs.ids[0]) == first
    library.with_name("old").write_text("{}")
    with pytest.raises(ResultsFileError, match="start again"):
        review.song(review.songs.ids[0])


def test_other_files_are_refused_with_a_reason(tmp_path):
    file = tmp_path / "library.jsonl"
    for text, reason in (
        ("", "holds no songs"),
        ("a\nb\n", "is no JSON"),
        ("{}\n", "no prediction"),
    ):
        file.write_text(text)
        with pytest.raises(ResultsFileError, match=reason):
            open_review(file)
    with pytest.raises(ResultsFileError, match="cannot be read"):
        open_review(tmp_path / "none.jsonl")
