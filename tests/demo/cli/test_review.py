"""``melonnx review`` refuses what it should not do, before anything is served."""

import os

from tests.demo.review.made import make_library


def test_beyond_this_machine_only_with_a_password(melonnx, tmp_path):
    results = make_library(tmp_path)
    alone = melonnx("review", results, "--host", "0.0.0.0", "--port", "0")
    assert alone.returncode == 2
    assert "needs --auth" in alone.stderr
    environment = {name: text for name, text in os.environ.items() if name != "MELONNX_DEMO_AUTH"}
    bare = melonnx("review", results, "--host", "0.0.0.0", "--port", "0", "--auth", env=environment)
    assert bare.returncode == 1
    assert "--auth needs MELONNX_DEMO_AUTH=user:password" in bare.stderr


def test_what_cannot_be_reviewed_is_said_in_a_line(melonnx, tmp_path):
    (tmp_path / "library.csv").write_text("path,label\n")
    run = melonnx("review", tmp_path / "library.csv", "--port", "0")
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()  # and nothing of an address to open
    assert line.startswith(f"melonnx: {tmp_path / 'library.csv'}, line 1: is")
    results = make_library(tmp_path)
    run = melonnx("review", results, "--port", "0", "--decisions", results)
    assert run.returncode == 1
    assert "is no decision of melonnx review" in run.stderr
