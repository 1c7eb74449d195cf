"""What the tests take for the command is the command: a process of its own that says the same."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.commands import Commands

SAMPLE = Path(__file__).parents[1] / "models" / "sample.mp3"


@pytest.fixture(scope="module")
def commands():
    made = Commands()
    yield made
    made.close()


def from_nothing(commands, arguments, **how):
    return subprocess.run([commands.command, *arguments], capture_output=True, text=True, **how)


@pytest.mark.parametrize(
    "arguments",
    [
        ("classify", str(SAMPLE), "no such song.mp3"),
        ("classify", str(SAMPLE), "--json", "--top", "2"),
        ("tag", "--no-such-option"),
        ("similar", "--help"),
        ("--version",),
    ],
    ids=lambda arguments: arguments[-1],
)
def test_what_is_forked_says_what_a_process_from_nothing_says(commands, arguments):
    wanted = from_nothing(commands, arguments)
    for _ in range(2):
        found = commands(*arguments)
        assert found.returncode == wanted.returncode
        assert found.stdout == wanted.stdout
        assert found.stderr == wanted.stderr


def test_it_has_the_folder_and_the_environment_that_it_was_given(commands, tmp_path):
    shutil.copy(SAMPLE, tmp_path / "song.mp3")
    assert commands("classify", "song.mp3").returncode == 1
    assert commands("classify", "song.mp3", cwd=tmp_path).stdout.startswith("song.mp3\t")
    wide = os.environ | {"COLUMNS": "200"}
    shown = commands("tag", "--help", env=wide).stdout
    assert shown == from_nothing(commands, ("tag", "--help"), env=wide).stdout
    assert shown != commands("tag", "--help", env=os.environ | {"COLUMNS": "60"}).stdout


def test_what_python_reads_when_it_starts_takes_a_process_from_nothing(commands, tmp_path):
    assert commands("--version").returncode == 0
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('read at the start')")
    found = commands("--version", env=os.environ | {"PYTHONPATH": str(tmp_path)})
    assert "read at the start" in found.stderr
    assert found.returncode == 1
