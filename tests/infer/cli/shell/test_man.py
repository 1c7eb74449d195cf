"""The manual page."""

import re
import shutil
import subprocess

import pytest


@pytest.fixture(scope="module")
def page(melonnx):
    result = melonnx("man")
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def test_every_command_and_its_options_are_in_it(melonnx, page):
    from melonnx.infer.cli.registry import COMMANDS

    plain = page.replace(r"\-", "-")
    assert re.findall(r"^\.SS (.*)", plain, re.MULTILINE) == list(COMMANDS)
    for word in (r"\fB--against\fR", r"\fB--min-score\fR \fIMIN-SCORE\fR", "By default 44100."):
        assert word in plain
    assert ".SH EVERYDAY\n" in plain


def test_roff_takes_it_without_a_warning(page):
    groff = shutil.which("groff")
    if not groff:
        pytest.skip("groff is not installed")
    result = subprocess.run(
        [groff, "-ww", "-man", "-Tascii"], input=page, capture_output=True, text=True, check=True
    )
    assert result.stderr == ""
    assert "Tells the genre of music" in result.stdout
