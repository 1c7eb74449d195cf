"""The table's column of sources is read where there is one."""

import pytest

from melonnx.train.track_table import read_sources, read_track_table, skipped_rows
from melonnx.train.tracks import DataSetError


def test_sources_by_path_and_none_without_column_or_table(tmp_path):
    assert read_sources(tmp_path, None) == {}
    table = tmp_path / "tracks.csv"
    table.write_text("path,artist\nrock/a.mp3,x\n")
    assert read_sources(tmp_path, None) == {}
    table.write_text("path,artist,source\nrock/a.mp3,x, one \nrock/b.mp3,y,\n")
    assert read_sources(tmp_path, None) == {tmp_path / "rock/a.mp3": "one"}
    assert read_sources(tmp_path / "else", table) == {tmp_path / "else/rock/a.mp3": "one"}


def test_a_row_that_is_too_short_is_of_no_file(tmp_path):
    (tmp_path / "a.mp3").touch()
    (tmp_path / "tracks.csv").write_text("artist,source,path\nx,one,a.mp3\ny,one\n")
    rows = read_track_table(tmp_path, None)
    assert rows["a.mp3"].artist == "x"
    assert skipped_rows(tmp_path, rows) == {"in the table, but no such file": 1}
    assert read_sources(tmp_path, None)[tmp_path / "a.mp3"] == "one"


def test_a_table_that_is_none_is_refused(tmp_path):
    (tmp_path / "tracks.csv").write_bytes(b"path,source\n\xff\xfe,x\n")
    with pytest.raises(DataSetError, match="cannot be read"):
        read_sources(tmp_path, None)
