"""Some fuzzing, the same on each run of the tests; ``fuzz.py`` says how to go on for longer."""

import subprocess
import sys
from pathlib import Path

import pytest

RUNS = 5_000


@pytest.mark.parametrize("what", ["audio", "model"])
def test_no_input_crashes_hangs_or_takes_a_gigabyte(what, tmp_path):
    pytest.importorskip("atheris", reason="atheris has no build for this Python")
    program = Path(__file__).with_name("fuzz.py")
    options = ["-seed=1", f"-runs={RUNS}", f"-artifact_prefix={tmp_path}/"]
    # By way of a shell, which forks: a child of this process would begin with its peak of memory.
    shell = ["sh", "-c", '"$@"; exit $?', "sh"]
    result = subprocess.run(
        [*shell, sys.executable, program, what, *options],
        capture_output=True, text=True, check=False, errors="replace", cwd=tmp_path,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-3000:]
    assert "Done " in result.stderr
