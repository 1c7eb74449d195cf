"""What programs read is whole, or the file of the last run is still there."""

import csv
import io
import json
import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from melonnx.infer.errors import ResultsFileError, UnreadableAudioError
from melonnx.infer.prediction import Prediction, Segment
from melonnx.infer.results.formats import open_output, text_writer
from melonnx.infer.results.reading import read_results
from melonnx.infer.results.rows import View, visible
from melonnx.infer.similar.index import read_index

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
    monkeypatch.setattr("melonnx.infer.results.formats._ROWS", 3)
    path = written(tmp_path / "a.parquet", "parquet")
    assert parquet.ParquetFile(path).num_row_groups == 3
    assert parquet.read_table(path).num_rows == len(ROWS)


def test_old_parts_go_and_what_others_wrote_beside_them_stays(tmp_path):
    pytest.importorskip("pyarrow")
    for name in ("part-000000.parquet", "part-000007.parquet", "part-00000-ab.snappy.parquet"):
        (tmp_path / name).write_bytes(b"old")
    written(tmp_path, "parts")
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {"part-000000.parquet", "part-00000-ab.snappy.parquet"}


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


TEXTS = st.one_of(st.text(max_size=9), st.binary(max_size=9).map(os.fsdecode))
"""Of names, and of what errors and warnings say of them: any bytes."""
NAME = TEXTS.filter(lambda name: name and "\0" not in name)
SHARES = st.floats(0, 1)


@st.composite
def rows_of_any_names(draw):
    """Answers and failures; no path twice, as in an output."""
    rows = []
    for name in draw(st.lists(NAME, max_size=6, unique=True)):
        if draw(st.booleans()):
            rows.append(failed(name) if draw(st.booleans()) else replace(failed(name), error="x"))
            continue
        scores = sorted(draw(st.tuples(SHARES, SHARES, SHARES)), reverse=True)
        genres = dict(zip(draw(st.permutations(VIEW.genres)), scores, strict=True))
        label = next(iter(genres))
        finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
        rows.append(
            replace(
                answer(name),
                label=label,
                score=scores[0],
                probabilities=genres,
                unsure=draw(st.booleans()),
                timeline=tuple(Segment(i, i + 1, label, draw(SHARES)) for i in range(2)),
                embedding=np.array(draw(st.tuples(finite, finite)), np.float32),
                duration_s=draw(st.floats(0, 1e9)),
                warnings=tuple(draw(st.lists(TEXTS, max_size=2))),
            )
        )
    return rows


@pytest.fixture(scope="module")
def anywhere(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("melonnx.infer.results.formats.os.fsync", lambda _: None)
        yield tmp_path_factory.mktemp("anywhere")


def refuse(constant):
    raise AssertionError(f"{constant} is no JSON")


@given(rows=rows_of_any_names())
def test_any_rows_read_back_from_json_equal(anywhere, rows):
    path = written(anywhere / "a.jsonl", "json", rows)
    lines = path.read_text("ascii").splitlines()
    found = [json.loads(line, parse_constant=refuse) for line in lines]
    assert [Prediction.from_dict(row) for row in found] == [visible(row, VIEW) for row in rows]
    for row, told in zip(rows, found, strict=True):
        assert told["embedding"] == (None if row.embedding is None else row.embedding.tolist())
    require_results(path, rows, exactly=True)


@given(rows=rows_of_any_names())
def test_any_rows_read_back_from_csv_to_six_digits(anywhere, rows):
    path = written(anywhere / "a.csv", "csv", rows)
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        found = list(csv.DictReader(file, strict=True))
    for row, told in zip(rows, found, strict=True):
        assert None not in told  # no cell too many
        assert (told["path"], told["status"], told["model"]) == (row.path, row.status, row.model)
        assert told["error"] == (row.error or "")
        assert told["warnings"] == "; ".join(row.warnings)
        if row.ok:
            (_, score), (second, _), _ = row.probabilities.items()
            assert (told["label"], told["label_2"]) == (row.label, second)
            assert float(told["score"]) == pytest.approx(score, rel=1e-5, abs=1e-300)
            assert told["unsure"] == str(row.unsure).lower()
        else:
            assert {told[name] for name in ("label", "score", "unsure", "duration_s")} == {""}
    require_results(path, rows, exactly=False)


@given(rows=rows_of_any_names())
def test_any_rows_read_back_from_parquet_equal(anywhere, rows):
    parquet = pytest.importorskip("pyarrow.parquet")
    path = written(anywhere / "a.parquet", "parquet", rows)
    found = parquet.read_table(path).to_pylist()
    for row, told in zip(rows, found, strict=True):
        name = os.fsencode(row.path)
        assert told["path"] == name.decode("utf-8", "replace")
        assert (told["path_bytes"] or told["path"].encode()) == name
        ok = (row.unsure, row.duration_s) if row.ok else (None, None)
        assert (told["label"], told["score"]) == (row.label, row.score)
        assert (told["unsure"], told["duration_s"]) == ok
        assert told["timeline"] == [part.to_dict() for part in row.segments()]
        assert told["embedding"] == (None if row.embedding is None else row.embedding.tolist())
        assert row.warnings or told["warnings"] is None
    require_results(path, rows, exactly=True)


@given(rows=rows_of_any_names())
def test_any_rows_read_back_from_an_index_equal(anywhere, rows):
    index = read_index(written(anywhere / "a.npz", "npz", rows))
    heard = [row for row in rows if row.ok]
    assert index.paths == [row.path for row in heard]
    assert index.labels == [row.label for row in heard]
    assert index.scores.tolist() == [row.score for row in heard]
    assert index.embeddings.tolist() == [row.embedding.tolist() for row in heard]


def require_results(path, rows, *, exactly):
    """The commands that read an output find in it what was written."""
    if not rows:
        with pytest.raises(ResultsFileError, match="holds no predictions"):
            read_results(path)
        return
    near = 0 if exactly else 1e-5
    for row, told in zip(rows, read_results(path), strict=True):
        assert (told.path, told.status, told.label) == (row.path, row.status, row.label)
        assert (told.unsure, told.ok) == (row.unsure, row.ok)
        if row.ok:
            assert told.score == pytest.approx(row.score, rel=near, abs=1e-300)
            assert told.duration_s == pytest.approx(row.duration_s, rel=near, abs=1e-300)
