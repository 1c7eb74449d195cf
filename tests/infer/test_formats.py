"""What programs read is whole, or the file of the last run is still there."""

import csv
import io
import json
import os

import numpy as np
import pytest

from melonnx.infer.errors import UnreadableAudioError
from melonnx.infer.formats import open_output, text_writer
from melonnx.infer.index import read_index
from melonnx.infer.prediction import Prediction, Segment
from melonnx.infer.rows import View

NAMES = ["a\nb\r.mp3", 'c,"d".mp3', "caf\udce9.mp3", "naïve \u2028.mp3", "plain.mp3", " e\t.mp3"]
VIEW = View(("rock", "pop", "jazz"), top=2, timeline=True, embedding=True)


def answer(path):
    return Prediction(
        path=path,
        label="rock",
        score=2 / 3,
        probabilities={"rock": 2 / 3, "pop": 1 / 4, "jazz": 1 / 12},
        timeline=(
            Segment(0, 10, "rock", 0.5),
            Segment(10, 20, "rock", 1),
            Segment(20, 21, "pop", 1),
        ),
        embedding=np.array([1 / 3, -1e-9], np.float32),
        duration_s=21.0,
        model="tiny 0",
        warnings=("short: a", "truncated: b"),
    )


def failed(path):
    return Prediction.failed(path, UnreadableAudioError(f"{path}: no"), "tiny 0")


ROWS = [answer(name) for name in NAMES] + [failed("x\udcff.mp3")]


def written(path, kind, rows=ROWS, view=VIEW, template=None):
    with open_output(path, kind, view, "tiny 0", template) as write:
        for row in rows:
            write(row)
    return path


def test_csv_reads_back_with_any_name(tmp_path):
    path = written(tmp_path / "a.csv", "csv")
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == [*NAMES, "x\udcff.mp3"]
    assert (rows[0]["label"], rows[0]["score"], rows[0]["unsure"]) == ("rock", "0.666667", "false")
    assert (rows[0]["label_2"], rows[0]["score_2"]) == ("pop", "0.25")
    assert "label_3" not in rows[0]
    assert rows[0]["timeline"] == "0:00-0:20 rock; 0:20-0:21 pop"
    assert rows[0]["warnings"] == "short: a; truncated: b"
    assert (rows[-1]["status"], rows[-1]["label"]) == ("unreadable", "")
    assert os.fsencode("caf\udce9.mp3") in path.read_bytes()


def test_json_reads_back_with_any_name(tmp_path):
    lines = written(tmp_path / "a.jsonl", "json").read_text("ascii").splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["path"] for row in rows] == [*NAMES, "x\udcff.mp3"]
    assert rows[0]["probabilities"] == {"rock": 2 / 3, "pop": 1 / 4}
    assert rows[0]["timeline"] == [
        {"start_s": 0, "end_s": 20, "label": "rock", "score": 0.75},
        {"start_s": 20, "end_s": 21, "label": "pop", "score": 1},
    ]
    assert rows[-1]["error"] == "x\udcff.mp3: no"


def test_parquet_reads_back_with_any_name(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(written(tmp_path / "a.parquet", "parquet"))
    rows = table.to_pylist()
    assert [row["path"] for row in rows[:2]] == NAMES[:2]
    assert rows[2]["path"] == "caf\ufffd.mp3"
    assert rows[2]["path_bytes"] == b"caf\xe9.mp3"
    assert (rows[0]["path_bytes"], rows[0]["score"], rows[0]["unsure"]) == (None, 2 / 3, False)
    assert rows[0]["timeline"][1] == {"start_s": 20, "end_s": 21, "label": "pop", "score": 1}
    assert (rows[-1]["score"], rows[-1]["embedding"], rows[-1]["timeline"]) == (None, None, [])
    plain = written(tmp_path / "b.parquet", "parquet", view=View(VIEW.genres))
    assert "embedding" not in parquet.read_schema(plain).names
    assert parquet.read_table(plain)["label_3"][0].as_py() == "jazz"


def test_parquet_is_written_in_parts_and_reads_as_one(tmp_path, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("melonnx.infer.formats._ROWS", 3)
    path = written(tmp_path / "a.parquet", "parquet")
    assert parquet.ParquetFile(path).num_row_groups == 3
    assert parquet.read_table(path).num_rows == len(ROWS)


@pytest.mark.parametrize(
    ("name", "kind"), [("a.npz", "npz"), ("a.parquet", "parquet"), ("a.jsonl", "json")]
)
def test_each_index_holds_the_songs_that_were_heard(tmp_path, name, kind):
    if kind == "parquet":
        pytest.importorskip("pyarrow.parquet")
    index = read_index(written(tmp_path / name, kind))
    assert index.paths == NAMES
    assert index.model == "tiny 0"
    assert (index.embeddings == ROWS[0].embedding).all()
    assert read_index(written(tmp_path / name, kind, rows=[])).paths == []


def test_a_template_makes_lines_or_ends_them_with_nul():
    shown = io.StringIO()
    with text_writer(shown, "template", VIEW, "{path}:{label}") as write:
        for row in (ROWS[0], ROWS[-1]):
            write(row)
    assert shown.getvalue() == "a\\nb\\r.mp3:rock\n"
    shown = io.StringIO()
    with text_writer(shown, "template", VIEW, r"{path}{status}\0") as write:
        for row in (ROWS[0], ROWS[-1]):
            write(row)
    assert shown.getvalue() == "a\nb\r.mp3ok\0x\udcff.mp3unreadable\0"


@pytest.mark.parametrize("kind", ["csv", "npz", "parquet"])
def test_what_stops_in_the_middle_leaves_the_last_file_and_nothing_else(tmp_path, kind):
    if kind == "parquet":
        pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.out"
    path.write_text("the last one")

    def rows():
        yield ROWS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        written(path, kind, rows())
    assert [file.name for file in tmp_path.iterdir()] == ["a.out"]
    assert path.read_text() == "the last one"


def test_a_link_is_followed(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "a.csv").symlink_to("there/real.csv")
    written(tmp_path / "a.csv", "csv")
    assert (tmp_path / "a.csv").is_symlink()
    assert (tmp_path / "there" / "real.csv").read_bytes().startswith(b"path,status,")
