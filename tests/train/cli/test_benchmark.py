"""From a table of features to the table of results, by one command."""

import pytest

from melonnx.train.classical.feature_table import write_features
from tests.train.classical.test_benchmark import made_table
from tests.train.classical.test_feature_table import write_published
from tests.train.data.readers.test_fma import row, write_fma


def test_from_a_table_to_the_file_by_one_command(melonnx, tmp_path):
    write_features(made_table(30), tmp_path / "features.parquet")
    result = melonnx(
        "benchmark", tmp_path / "features.parquet", "--folds", "2",
        "--out", tmp_path / "out", "--save", tmp_path / "best.onnx",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "30 songs, 3 genres" in result.stdout
    assert "equal to scikit-learn on 30 songs" in result.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "bars.png", "benchmark.csv", "benchmark.md", "confusion.png",
    ]  # fmt: skip
    assert (tmp_path / "best.onnx").is_file()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--preset", "best"], "one of fma-paper, tuned"),
        (["--model", "m.onnx"], "is needed with --model"),
        (["--split", "random"], "one of artist, official"),
        (["--run", "r", "--split", "official"], "folds of its own"),
    ],
)
def test_options_that_do_not_fit_are_named(melonnx, tmp_path, options, says):
    result = melonnx("benchmark", tmp_path / "features.parquet", *options)
    assert result.returncode == 2
    assert says in " ".join(result.stderr.replace("│", " ").split())


def test_fmas_published_table_by_its_official_split(melonnx, tmp_path):
    table = made_table(48)
    part_of = ("training", "training", "validation", "test")
    rows = [
        row(number, track.genre, f"artist {number}", part_of[number // 3 % 4])
        for number, track in enumerate(table.tracks)
    ]
    metadata = write_fma(tmp_path, rows) / "fma_metadata"
    published = write_published(metadata / "features.csv", range(48), table.values)
    result = melonnx("benchmark", published, "--split", "official")
    assert result.returncode == 0, result.stderr
    assert "12 songs, 3 genres; the official split" in result.stdout
    assert "63.39%" in result.stdout


def test_what_cannot_be_read_is_one_line(melonnx, tmp_path):
    result = melonnx("benchmark", tmp_path / "gone.parquet")
    assert result.returncode == 1
    assert result.stderr.startswith("melonnx: ")
    assert len(result.stderr.splitlines()) == 1
