"""The list of commands is whole, fits its terminal, and needs neither typer nor rich."""

import re
import subprocess
import sys

import pytest
import typer

from melonnx.infer.cli.group import app
from melonnx.infer.cli.registry import COMMANDS
from melonnx.infer.cli.shell.contents import OPTIONS, SUMMARY, contents


def words_of(text):
    return " ".join(re.sub(r"[╭─╮│╰╯]", " ", text).split())


@pytest.mark.parametrize("width", [10, 40, 57, 80, 200])
def test_every_command_is_told_in_frames_that_fit(width):
    text = contents(width)
    frames = [line for line in text.splitlines() if line[:1] in set("╭│╰")]
    assert {len(line) for line in frames} == {max(width, 50)}
    said = words_of(text)
    for name, command in COMMANDS.items():
        assert f" {name} " in said
        assert all(word in said for word in command.summary.split())
    if width == 200:
        for name, command in COMMANDS.items():
            assert f"{name} {command.summary}" in said
        for section in {command.section for command in COMMANDS.values()}:
            assert text.count(f" {section} ") == 1


def test_options_and_summary_are_the_commands_own():
    group = typer.main.get_command(app)
    assert group.help == SUMMARY
    context = typer.Context(group, **group.context_settings)
    names = {name for one in group.get_params(context) for name in one.opts}
    assert names == {name for called in OPTIONS for name in called.split(", ")}


def test_colours_and_plain_frames_are_the_same_words():
    coloured = contents(70, colours=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == contents(70)
    assert coloured.count("\x1b[0m") == coloured.count("\x1b[") // 2
    plain = contents(70, "+-+|++")
    assert plain.isascii()
    assert plain == contents(70).translate(str.maketrans("╭─╮│╰╯", "+-+|++"))


@pytest.mark.parametrize("typed", ["-h", "--help"])
def test_neither_typer_nor_rich_is_read_for_it(typed):
    script = (
        "import sys; from melonnx.infer.cli.main import main\n"
        f"sys.argv = ['melonnx', {typed!r}]\n"
        "try: main()\n"
        "finally: assert not {'typer', 'click', 'rich', 'numpy'} & set(sys.modules)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False,
        env={"PYTHONIOENCODING": "utf-8", "COLUMNS": "90"},
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == contents(90) + "\n"


def test_with_another_option_the_text_is_the_same(melonnx):
    said = words_of(melonnx("-h").stdout)
    alone = melonnx()
    assert (alone.returncode, words_of(alone.stdout)) == (2, said)
    assert words_of(melonnx("-h", "--version").stdout) == said
