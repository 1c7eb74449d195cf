"""The songs of a study are those it names, and only a random split stands beside as one."""

import json

import pytest

from melonnx.train.datasets import DataSetError
from melonnx.train.run import read_run
from melonnx.train.study import read_random_scores, read_test_songs


def read(data, artists=None):
    return read_test_songs(data, artists, subgenres=False, say=lambda line: None)


def test_a_run_gives_its_test_part_and_its_split(run_folder):
    songs, run = read(run_folder), read_run(run_folder)
    assert list(songs.tracks) == run.songs("test")
    assert songs.split == "artist"
    assert str(run_folder) in songs.description
    assert run.data_hash[:16] in songs.description


def test_a_folder_gives_all_its_songs_with_their_sources(genres, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("path,artist,source\nnoise/0.wav,x,tape\n")
    songs = read(genres, table)
    assert len(songs.tracks) == 31
    assert songs.split == ""
    assert songs.sources == {genres / "noise/0.wav": "tape"}
    assert read(genres).sources == {}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no json", "no report.json"),
        ("[]", "no report.json"),
        ('{"scores": {}}', "no report.json"),
        ('{"split": "artist", "scores": {}}', "one split by artist"),
        ('{"split": "", "scores": {}}', "on a folder"),
    ],
)
def test_what_is_no_report_of_a_random_split_is_refused(tmp_path, text, reason):
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(DataSetError, match=reason):
        read_random_scores(path)


def test_a_report_of_a_random_split_gives_its_scores(tmp_path):
    path = tmp_path / "other.json"
    path.write_text(json.dumps({"split": "random", "scores": {"accuracy": 0.5}}))
    assert read_random_scores(path) == {"accuracy": 0.5}
