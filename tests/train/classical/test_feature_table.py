"""Tables of features are read as they were written, and FMA's as it is published."""

import csv
from pathlib import Path

import numpy as np
import pytest

from melonnx.train.classical.feature_names import COLUMNS
from melonnx.train.classical.feature_table import (
    FeatureTable,
    FeatureTableError,
    read_features,
    write_features,
)
from melonnx.train.classical.features import clip_features
from melonnx.train.data.tracks import Track
from tests.conftest import make_song
from tests.train.data.readers.test_fma import row, write_fma


@pytest.fixture(scope="module")
def values():
    clips = [make_song(1, 44100, seed=seed)[:, 0] for seed in range(3)]
    return np.stack([clip_features(clip, 44100, fma_compatible=True) for clip in clips])


def write_published(path, numbers, values):
    """The layout of the file that FMA publishes: three header rows, and one of the index."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        for at, header in enumerate(("feature", "statistics", "number")):
            rows.writerow([header, *(column[at] for column in COLUMNS)])
        rows.writerow(["track_id", *[""] * len(COLUMNS)])
        for number, features in zip(numbers, values, strict=True):
            rows.writerow([number, *(f"{value:.10e}" for value in features)])
    return path


@pytest.mark.parametrize("name", ["features.parquet", "features.csv"])
def test_what_is_written_is_read_again(tmp_path, values, name):
    tracks = (
        Track(Path("calm/a, b.mp3"), "calm", 'Ché "C"', "train"),
        Track(Path("calm/2.mp3"), "calm"),
        Track(Path("loud/3.mp3"), "loud", "Bob", "test"),
    )
    write_features(FeatureTable(tracks, values), tmp_path / name)
    table = read_features(tmp_path / name)
    assert table.tracks == tracks
    assert table.left_out == 0
    np.testing.assert_array_equal(table.values, values)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_published_table_is_read_with_the_facts_beside_it(tmp_path, values):
    rows = [
        row(2, "Hip-Hop", "AWOL", "training"),
        row(140, "Folk", "", "validation"),
        row(154321, "Folk", "Ché", "test", subset="large"),
    ]
    metadata = write_fma(tmp_path, rows) / "fma_metadata"
    path = write_published(metadata / "features.csv", [2, 140, 154321], values)
    table = read_features(path)
    assert [(str(t.path), t.genre, t.artist, t.split) for t in table.tracks] == [
        ("2", "Hip-Hop", "AWOL", "train"),
        ("140", "Folk", "7", "valid"),
    ]
    assert table.left_out == 1
    np.testing.assert_allclose(table.values, values[:2], rtol=1e-6)
    large = read_features(path, "large")
    assert (large.tracks[2].number, large.tracks[2].split) == (154321, "test")


def test_rows_of_missing_numbers_are_left_out(tmp_path, values):
    metadata = write_fma(tmp_path, [row(2), row(3, "Folk"), row(4)]) / "fma_metadata"
    path = write_published(metadata / "features.csv", [2, 3, 4], values)
    lines = path.read_text().splitlines()
    lines[5] = "3" + "," * len(COLUMNS)
    path.write_text("\n".join(lines))
    table = read_features(path)
    assert [str(track.path) for track in table.tracks] == ["2", "4"]
    assert table.left_out == 1


def test_what_is_no_such_table_is_refused(tmp_path, values):
    other = tmp_path / "other.csv"
    other.write_text("path,genre\na,b\n")
    with pytest.raises(FeatureTableError, match="does not begin with the three rows"):
        read_features(other)
    whole = write_published(tmp_path / "features.csv", [1, 2, 3], values)
    whole.write_text(whole.read_text().replace("zcr", "zrc"))
    with pytest.raises(FeatureTableError, match=r"lacks 7 columns, among them zcr\.kurtosis\.01"):
        read_features(whole)
    (tmp_path / "features.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(FeatureTableError, match="cannot be read as a table"):
        read_features(tmp_path / "features.parquet")
    with pytest.raises(FeatureTableError, match="cannot be read as a table"):
        read_features(tmp_path / "gone.csv")
    with pytest.raises(FeatureTableError, match=r"neither \*\.parquet nor \*\.csv"):
        write_features(FeatureTable((), values[:0]), tmp_path / "features.txt")
