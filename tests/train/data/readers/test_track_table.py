"""The table's columns are read where they are there, and refused where they make no sense."""

from pathlib import Path

import pytest

from melonnx.train.data.readers.track_table import (
    TableRow,
    read_also,
    read_track_table,
    skipped_rows,
)
from melonnx.train.data.tracks import DataSetError


def test_columns_that_are_there_are_read(tmp_path):
    assert read_track_table(tmp_path, None) == {}
    table = tmp_path / "tracks.csv"
    (tmp_path / "rock").mkdir()
    (tmp_path / "rock/a.mp3").touch()
    table.write_text("path,artist\nrock/a.mp3,x\n")
    assert read_track_table(tmp_path, None) == {"rock/a.mp3": TableRow("x")}
    table.write_text("path,artist,source,also\nrock/a.mp3,x, one ,pop;punk\n")
    row = read_track_table(tmp_path, None)["rock/a.mp3"]
    assert row == TableRow("x", also="pop;punk", source="one")


def test_a_row_that_is_too_short_is_of_no_file(tmp_path):
    (tmp_path / "a.mp3").touch()
    (tmp_path / "tracks.csv").write_text("artist,source,path\nx,one,a.mp3\ny,one\n")
    rows = read_track_table(tmp_path, None)
    assert rows["a.mp3"] == TableRow("x", source="one")
    assert skipped_rows(tmp_path, rows) == {"in the table, but no such file": 1}


def test_a_table_that_is_none_is_refused(tmp_path):
    (tmp_path / "tracks.csv").write_bytes(b"path,source\n\xff\xfe,x\n")
    with pytest.raises(DataSetError, match="cannot be read"):
        read_track_table(tmp_path, None)


def test_other_right_genres_are_read_apart():
    assert read_also(Path("a.mp3"), "rock", "") == ()
    assert read_also(Path("a.mp3"), "rock", "pop") == ("pop",)
    assert read_also(Path("a.mp3"), "rock", "hip hop; punk") == ("hip hop", "punk")


@pytest.mark.parametrize("cell", ["rock", "pop;rock", "pop;", ";", "pop;;punk", "pop;pop"])
def test_other_right_genres_that_make_no_sense_are_refused(cell):
    with pytest.raises(DataSetError, match=r"x/a\.mp3: also is .*other genres than 'rock'"):
        read_also(Path("x/a.mp3"), "rock", cell)
