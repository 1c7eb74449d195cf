"""Predictions come back from a file, and what is none says so."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from melonnx.infer.errors import ResultsFileError, UnreadableAudioError
from melonnx.infer.prediction import Prediction
from melonnx.infer.results.formats import open_output
from melonnx.infer.results.reading import open_results, read_results
from melonnx.infer.results.rows import View

SONG = Prediction(
    "Ö\n流.mp3", label="pop", score=0.6, unsure=True, probabilities={"pop": 0.6}, duration_s=30.0,
    model="m 1", music=0.25,
    warnings=("truncated: a; b", "does not sound like music (0.25): speech, noise or effects?"),
)  # fmt: skip
FAILED = Prediction.failed("\udcff.mp3", UnreadableAudioError("\udcff.mp3: is damaged"), "m 1")


def lines(*predictions):
    return "".join(json.dumps(one.to_dict()) + "\n" for one in predictions)


def test_lines_and_an_array_and_stdin_give_the_same(tmp_path, monkeypatch):
    path = tmp_path / "results.jsonl"
    path.write_text(lines(SONG, FAILED))
    assert read_results(path) == [SONG, FAILED]
    path.write_text(json.dumps([SONG.to_dict(), FAILED.to_dict()], indent=1))
    assert read_results(path) == [SONG, FAILED]
    stdin = io.TextIOWrapper(io.BytesIO(lines(SONG, FAILED).encode()))
    monkeypatch.setattr("sys.stdin", stdin)
    assert read_results(Path("-")) == [SONG, FAILED]


@pytest.mark.parametrize("kind", ["csv", "parquet", "json"])
def test_what_classify_writes_is_read_back(tmp_path, kind):
    path = tmp_path / f"results.{kind}"
    view = View(("pop", "rock"))
    with open_output(path, kind, view, "m 1") as write:
        write(SONG)
        write(FAILED)
    song, failed = read_results(path)
    for name in ("path", "status", "error", "label", "score", "unsure", "music", "duration_s"):
        assert getattr(song, name) == getattr(SONG, name)
    assert "; ".join(song.warnings) == "; ".join(SONG.warnings)
    assert not song.is_music
    assert (failed.path, failed.status) == (FAILED.path, "unreadable")
    assert "is damaged" in (failed.error or "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "artist,title\nx,y\n"),
        ("a.csv", "path,label,score\na,pop,x\n"),
        ("a.parquet", "x"),
    ],
)
def test_tables_of_something_else_say_so(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ResultsFileError, match=r"is no (prediction|CSV|Parquet)"):
        read_results(path)


def test_what_an_older_melonnx_wrote_is_read(tmp_path):
    row = Prediction("a.mp3", label="rock", score=0.9).to_dict()
    del row["music"], row["warnings"]
    path = tmp_path / "results.jsonl"
    path.write_text(json.dumps(row) + "\n")
    (song,) = read_results(path)
    assert (song.music, song.warnings, song.is_music) == (None, (), True)


def test_the_last_word_on_a_song_counts(tmp_path):
    path = tmp_path / "results.jsonl"
    again = Prediction(SONG.path, label="rock", score=0.9)
    path.write_text(lines(SONG, FAILED, again))
    assert read_results(path) == [again, FAILED]


def test_a_last_line_that_a_kill_cut_short_is_left_out(tmp_path):
    path = tmp_path / "results.jsonl"
    path.write_text(lines(SONG) + lines(FAILED)[:40])
    assert read_results(path) == [SONG]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no predictions"),
        ("words\n", "line 1: is no JSON"),
        (lines(SONG) + "words\n" + lines(SONG), "line 2: is no JSON"),
        ('{"path": 3}\n', "line 1: is no prediction"),
        ('{"path": "a.mp3", "status": "ok", "label": null}\n', "line 1: is no prediction"),
        ("[[]]", "entry 1: is no prediction"),
        ("[]", "holds no predictions"),
        ("[{", "is no JSON"),
    ],
)
def test_what_is_no_prediction_says_where(tmp_path, text, message):
    path = tmp_path / "results.jsonl"
    path.write_text(text)
    with pytest.raises(ResultsFileError, match=message):
        read_results(path)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(ResultsFileError, match="cannot be read"):
        read_results(tmp_path / "gone")


@pytest.mark.parametrize(
    "change",
    [
        {"duration_s": "x"},
        {"duration_s": float("nan")},
        {"score": "0.5"},
        {"score": float("inf")},
        {"unsure": "no"},
        {"music": "much"},
        {"warnings": {}},
        {"probabilities": [1]},
        {"path": "a\0b.mp3"},
        {"status": 3},
    ],
)
def test_a_value_of_another_kind_is_no_prediction(tmp_path, change):
    path = tmp_path / "results.jsonl"
    path.write_text(lines(SONG) + json.dumps({**SONG.to_dict(), **change}) + "\n")
    with pytest.raises(ResultsFileError, match="line 2: is no prediction"):
        read_results(path)


def test_a_duration_that_is_no_number_is_refused_in_a_table_too(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("path,label,score,duration_s\na.mp3,rock,0.5,nan\n")
    with pytest.raises(ResultsFileError, match="row 1: is no prediction"):
        read_results(path)


def test_a_spreadsheet_s_byte_order_mark_and_capitals_are_taken(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("path,label,score,unsure\na.mp3,rock,0.5,TRUE\n", "utf-8-sig")
    assert [(one.path, one.unsure) for one in read_results(path)] == [("a.mp3", True)]


@pytest.mark.parametrize("data", [b"\xff\n", b"[" * 100_000])
def test_stdin_of_any_bytes_is_no_traceback(monkeypatch, data):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data), "utf-8"))
    with pytest.raises(ResultsFileError, match="is no JSON"):
        read_results(Path("-"))


def test_a_closed_stdin_says_so(monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(ResultsFileError, match="stdin is closed"):
        read_results(Path("-"))


def test_a_table_whose_columns_names_are_damaged_says_so(tmp_path):
    import pyarrow
    from pyarrow.parquet import write_table

    path = tmp_path / "results.parquet"
    write_table(pyarrow.table({"path": ["a"], "label": ["x"]}), path)
    path.write_bytes(path.read_bytes().replace(b"label", b"lab\xc3l"))
    with pytest.raises(ResultsFileError):
        read_results(path)
    write_table(pyarrow.table({"path": ["a"], "path_bytes": [1], "label": ["x"]}), path)
    with pytest.raises(ResultsFileError):
        read_results(path)


def test_rows_are_read_again_from_their_file_when_they_are_asked_for(tmp_path):
    path = tmp_path / "results.jsonl"
    rows = [
        SONG,
        FAILED,
        replace(SONG, path="other.mp3", label="rock", probabilities={"rock": 1.0}),
    ]
    path.write_text("\n".join(json.dumps(row.to_dict()) for row in rows))
    results = open_results(path)
    assert len(results) == 3
    assert list(results.of(["other.mp3", SONG.path])) == [rows[2], SONG]
    assert results.models == {SONG.model}
    assert results.genres == {frozenset(SONG.probabilities), frozenset({"rock"})}
    path.write_text("changed")
    with pytest.raises(ResultsFileError, match="was changed as it was read"):
        list(results)
