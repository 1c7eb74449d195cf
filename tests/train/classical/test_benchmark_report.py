"""A benchmark's report shows every figure, the network's beside, and the paper's rows."""

import csv
import re

import numpy as np
import pytest

from melonnx.train.classical.benchmark import make_folds, run_benchmark, score_cell
from melonnx.train.classical.benchmark_report import PAPER, print_benchmark, write_benchmark
from tests.train.classical.test_benchmark import made_table, quiet

CHOSEN = ("RBF SVM", "decision tree")


@pytest.fixture(scope="module")
def result():
    table = made_table()
    network = score_cell(
        "tiny", "the audio", np.arange(60) % 3, np.arange(60) % 3,
        [track.group for track in table.tracks], predict_s=1.5, note="each fold's own model",
    )  # fmt: skip
    return run_benchmark(
        table, make_folds(table.tracks, 4), "fma-paper", quiet,
        networks=[network], feature_sets=["MFCC", "centroid"], classifiers=CHOSEN,
    )  # fmt: skip


def test_markdown_has_every_row_and_the_papers(result, tmp_path):
    write_benchmark(result, tmp_path / "out", "melonnx benchmark f.parquet")
    text = (tmp_path / "out/benchmark.md").read_text()
    for score in (*result.scores, *result.networks, result.majority):
        low, high = score.accuracy_interval
        assert f"{score.accuracy:.1%} ({low:.1%} to {high:.1%})" in text
    assert "melonnx benchmark f.parquet" in text
    assert "| tiny, the audio | 100.0%" in text
    assert "- tiny: each fold's own model" in text
    for row in PAPER:
        assert (
            f"| {row.classifier} | {row.features or 'best of all'} | {row.accuracy:.2%} |" in text
        )
    best_tree = max(s.accuracy for s in result.scores if s.classifier == "decision tree")
    assert f"| decision tree | best of all | 47.61% | {best_tree:.2%} |" in text
    assert "| MLP | best of all | 58.14% |  |" in text
    for picture in re.findall(r"\]\((\w+\.png)\)", text):
        assert (tmp_path / "out" / picture).read_bytes().startswith(b"\x89PNG")


def test_csv_holds_what_can_be_computed_with(result, tmp_path):
    write_benchmark(result, tmp_path, "melonnx benchmark f.parquet")
    with (tmp_path / "benchmark.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert "tiny" in {row["classifier"] for row in rows[:3]}
    assert rows[-1]["classifier"].startswith("always ")
    (cell,) = (r for r in rows if (r["classifier"], r["features"]) == ("RBF SVM", "MFCC"))
    (score,) = (s for s in result.scores if (s.classifier, s.features) == ("RBF SVM", "MFCC"))
    assert float(cell["accuracy"]) == score.accuracy
    low, high = map(float, cell["accuracy_interval"].split())
    assert (low, high) == pytest.approx(score.accuracy_interval, abs=1e-6)


def test_terminal_shows_the_grid_the_network_and_the_paper(result, capsys):
    print_benchmark(result)
    shown = capsys.readouterr().out
    assert "60 songs, 3 genres; 4 folds that part no artist" in shown
    for score in result.scores:
        assert f"{score.accuracy:.1%}" in shown
    assert "tiny, the audio" in shown
    assert "always" in shown
    assert "63.39%" in shown


def test_the_paper_has_eight_rows():
    assert len(PAPER) == 8
    assert max(PAPER, key=lambda row: row.accuracy)[:2] == ("RBF SVM", "MFCC + contrast + centroid")
