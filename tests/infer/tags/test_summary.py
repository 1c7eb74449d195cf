"""The last lines of ``melonnx tag`` say what was left, why, and what to type for it."""

from pathlib import Path

from melonnx.infer.prediction import Prediction
from melonnx.infer.tags.fields import read_genres, write_genres
from melonnx.infer.tags.summary import Summary
from melonnx.infer.tags.tagging import Rules, Tagged, tag_songs


def said(*rows, asked=("tag", "My Music"), log=None):
    summary = Summary()
    for row in rows:
        summary.add(row)
    return list(summary.lines(asked, log))


def test_each_reason_has_its_number_and_its_command():
    rows = [
        Tagged("a", new="Pop", outcome="tag"),
        Tagged("b", ("Polka",), outcome="kept"),
        Tagged("c", outcome="unsure", torn="Pop or Rock"),
        Tagged("d", outcome="no music"),
        Tagged("e", ("Podcast",), outcome="spoken"),
        Tagged("f", error="f: x", fault="sound"),
        Tagged("g", error="g: x", fault="tags"),
        Tagged("h", error="h: x"),
    ]
    told = said(*rows)
    assert told[0] == (
        "1 would get a genre (--write does it); 1 keep the genre that they have (--overwrite or "
        "--add); 1 are left alone: audiobooks or podcasts, as their genre says; 1 are left alone: "
        "unsure (--unsure); 1 are left alone: no music; 3 failed (1 that cannot be heard, 1 whose "
        "tags cannot be read or written, 1 that cannot be opened or changed)"
    )
    assert told[1] == "the unsure ones are Pop or Rock (1); --unsure takes the first"
    assert told[2:] == [
        "to write what is shown: melonnx tag 'My Music' --write",
        "to take the unsure ones, too: melonnx tag 'My Music' --unsure --write",
        "to add to the genres that are there: melonnx tag 'My Music' --add --write",
    ]


def test_nothing_is_proposed_that_was_done():
    rows = [Tagged("a", new="Pop", outcome="tagged"), Tagged("b", outcome="no music")]
    told = said(*rows, asked=("tag", "x", "--write"), log=Path("log"))
    assert told == [
        "1 got a genre; 1 are left alone: no music",
        "undo it with: melonnx tag --undo log",
    ]
    assert said() == ["no songs"]


def test_a_podcast_keeps_its_genre_whatever_is_asked_for(make_file, tmp_path):
    path = make_file("mp3")
    write_genres(path, ["Podcast"])
    for rules in (Rules(), Rules(overwrite=True), Rules(add=True)):
        (row,) = tag_songs([str(path)], lambda songs: iter(()), rules, tmp_path / "log")
        assert row.outcome == "spoken"
    assert read_genres(path) == ["Podcast"]


def test_what_failed_says_what_is_wrong(make_file, tmp_path):
    words = tmp_path / "words.mp3"
    words.write_text("only words")
    gone = tmp_path / "gone.mp3"
    good = make_file("mp3")

    def hear(songs):
        return (Prediction(song, status="silent", error=f"{song}: is silent") for song in songs)

    rows = list(tag_songs(list(map(str, (words, gone, good))), hear, Rules()))
    assert [row.fault for row in rows] == ["tags", "", "sound"]
