"""Tables of a teacher's answers are read by song, and bad ones are refused in one line."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from melonnx.train.data.teacher_table import TeacherTableError, read_teacher_table
from tests.train.conftest import write_tones

LABELS = ["pop", "rock"]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Two songs, and a file that is none."""
    folder = tmp_path_factory.mktemp("data")
    for name in ("rock/a.wav", "pop/b.wav"):
        write_tones(folder / name, (300, 0.5))
    (folder / "pop" / "broken.wav").write_text("no music")
    return folder


@pytest.fixture(scope="module")
def songs(root):
    return [root / "rock/a.wav", root / "pop/b.wav", root / "pop/broken.wav"]


def arrays(**changed):
    """Two windows of the first song, one of the second, one of a stranger."""
    values = {
        "path": np.array(["rock/a.wav", "pop/b.wav", "rock/a.wav", "else/c.wav"]),
        "embedding": np.array([[1, 2, 3], [4, 5, 6], [3, 2, 1], [9, 9, 9]], np.float32),
        "probabilities": np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [1, 0]], np.float32),
        "labels": np.array(["rock", "pop"]),
    }
    return {name: value for name, value in (values | changed).items() if value is not None}


def write(folder, **changed):
    path = folder / "teacher.npz"
    np.savez(path, **arrays(**changed))
    return path


def write_parquet(folder):
    values = arrays()
    columns = {name: values[name].tolist() for name in ("path", "embedding", "probabilities")}
    labels = json.dumps(values["labels"].tolist())
    path = folder / "teacher.parquet"
    pq.write_table(pa.table(columns).replace_schema_metadata({"labels": labels}), path)
    return path


@pytest.mark.parametrize("make", [write, write_parquet])
def test_a_songs_rows_are_averaged_and_labels_come_in_our_order(make, songs, root, tmp_path):
    table = read_teacher_table(make(tmp_path), songs, root, LABELS)
    assert table.embeddings.keys() == table.probabilities.keys() == set(songs[:2])
    np.testing.assert_allclose(table.embeddings[songs[0]], [2, 2, 2])
    np.testing.assert_allclose(table.embeddings[songs[1]], [4, 5, 6])
    np.testing.assert_allclose(table.probabilities[songs[0]], [0.2, 0.8], atol=1e-6)


def test_one_kind_of_answers_is_enough_and_paths_may_be_absolute(songs, root, tmp_path):
    path = write(
        tmp_path,
        path=np.array([str(songs[0]), str(songs[1]), "rock/a.wav", "x"]),
        probabilities=None,
        labels=None,
    )
    table = read_teacher_table(path, songs, root, LABELS)
    assert table.probabilities == {}
    np.testing.assert_allclose(table.embeddings[songs[0]], [2, 2, 2])


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"path": None}, "expected rows of path"),
        ({"embedding": None, "probabilities": None}, "expected rows of path"),
        ({"path": np.array(["rock/a.wav"] * 4)}, "lacks 1 of 3 songs, .*/pop/b.wav among them"),
        ({"embedding": np.full((4, 2), np.nan)}, r"embedding of rock/a.wav \(row 0\) is no number"),
        ({"embedding": np.ones((3, 2))}, "expected numbers, a row for each of 4 paths"),
        ({"embedding": np.array([["a"]] * 4)}, "expected numbers"),
        ({"labels": None}, "none too many, pop, rock missing"),
        ({"labels": np.array(["rock", "jazz"])}, "jazz too many, pop missing"),
        ({"probabilities": np.ones((4, 2))}, "probabilities of row 0 do not sum to 1"),
        ({"probabilities": np.array([[2.0, -1]] * 4)}, "do not sum to 1"),
    ],
)
def test_bad_tables_are_one_clear_line(changed, reason, songs, root, tmp_path):
    path = write(tmp_path, **changed)
    with pytest.raises(TeacherTableError, match=reason) as refused:
        read_teacher_table(path, songs, root, LABELS)
    assert "\n" not in str(refused.value)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("name", ["a.npz", "a.parquet"])
def test_what_is_no_table_or_not_there_is_said(name, songs, root, tmp_path):
    path = tmp_path / name
    for content in (None, b"", b"what is this\n" * 20):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(TeacherTableError, match="is no table of a teacher"):
            read_teacher_table(path, songs, root, LABELS)
