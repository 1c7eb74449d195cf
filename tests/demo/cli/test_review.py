"""``melonnx review`` refuses what it should not do, before anything is served."""

import pytest

from tests.demo.review.made import make_library

pytest.importorskip("starlette", reason="needs the extra demo")

from typer.testing import CliRunner

from melonnx.demo.cli.review import app


def refused(*arguments):
    """What is told, and the exit code where it is about an option."""
    line = ["review", *map(str, arguments), "--port", "0"]
    result = CliRunner().invoke(app, line, env={"MELONNX_DEMO_AUTH": None})
    assert result.exit_code, result.output
    assert "http://" not in result.output  # nothing is served
    return result.output if result.exit_code == 2 else str(result.exception)


def test_beyond_this_machine_only_with_a_password(tmp_path):
    results = make_library(tmp_path)
    assert "needs --auth" in refused(results, "--host", "0.0.0.0")
    bare = refused(results, "--host", "0.0.0.0", "--auth")
    assert "--auth needs MELONNX_DEMO_AUTH=user:password" in bare


def test_what_cannot_be_reviewed_is_said_in_a_line(melonnx, tmp_path):
    (tmp_path / "library.csv").write_text("path,label\n")
    run = melonnx("review", tmp_path / "library.csv", "--port", "0")
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()  # and nothing of an address to open
    assert line.startswith(f"melonnx: {tmp_path / 'library.csv'}, line 1: is")
    results = make_library(tmp_path)
    assert "is no decision of melonnx review" in refused(results, "--decisions", results)
    assert "goes with a folder" in refused(results, "--recursive")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert str(empty) in refused(empty)


def test_long_results_are_said_to_be_read(melonnx, tmp_path):
    with (tmp_path / "library.jsonl").open("wb") as file:
        file.truncate(64 << 20)
    run = melonnx("review", tmp_path / "library.jsonl", "--port", "0")
    reading, error = run.stderr.splitlines()
    assert reading == f"melonnx: reading {tmp_path / 'library.jsonl'}, 67 MB"
    assert "holds no songs with an answer" in error
