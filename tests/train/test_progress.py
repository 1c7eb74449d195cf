"""How long it takes is said as a person would say it, and shown on a terminal alone."""

import os
import subprocess
import sys

import pytest

from melonnx.train.progress import told_time


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.4, "0 s"), (42, "42 s"), (89.4, "89 s"), (95, "2 min"), (3570, "1 h 0 min"),
        (4790, "1 h 20 min"),
    ],
)  # fmt: skip
def test_a_length_of_time_is_told_in_its_unit(seconds, told):
    assert told_time(seconds) == told


STEPS = """
from melonnx.train.progress import say, show_steps
with show_steps(4, 1) as advance:
    advance()
    say("epoch 1: told above")
    advance()
"""


def test_steps_are_a_bar_on_a_terminal_and_nothing_in_a_file():
    pty = pytest.importorskip("pty", reason="a terminal here is a pseudo-terminal of POSIX")
    piped = subprocess.run([sys.executable, "-c", STEPS], capture_output=True, text=True)
    assert (piped.returncode, piped.stderr) == (0, "epoch 1: told above\n")
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        shown = subprocess.run([sys.executable, "-c", STEPS], stderr=theirs)
        os.close(theirs)
        told = terminal.read(1 << 16).decode()
    assert shown.returncode == 0
    assert "learning" in told
    assert "75%" in told
    assert "epoch 1: told above\r\n" in told
