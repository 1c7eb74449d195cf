"""The README says what is so."""

import os
import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text("utf-8")


def blocks(language):
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return [text for name, text in fenced if name == language]


def test_first_two_commands_are_all_the_set_up():
    first, second = blocks("sh")[:2]
    assert first.strip().endswith("melonnx classify models/sample.mp3")
    assert second.strip().endswith("pytest")


def test_python_in_it_runs(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    (program,) = blocks("python")
    exec(program, {})
    assert "metal" in capsys.readouterr().out


def test_pasted_answer_is_the_models(melonnx):
    result = melonnx("classify", "models/sample.mp3", cwd=ROOT)
    _, *shown = blocks("")[0].splitlines()
    _, first, score, second, *_ = result.stdout.split("\t")
    assert f"{first}?" in shown[0]
    assert f"{float(score):.0%}" in shown[0]
    assert second in shown[0]


@pytest.mark.parametrize(
    "line",
    [
        line.partition("#")[0].strip()
        for block in blocks("sh")
        for line in block.splitlines()
        if line.startswith("melonnx ")
    ],
)
def test_every_command_and_option_in_it_exists(melonnx, line):
    _, command, *arguments = shlex.split(line)
    shown = melonnx(command, "--help", env=os.environ | {"COLUMNS": "200"}).stdout
    assert f"melonnx {command}" in shown
    for argument in arguments:
        if argument.startswith("--"):
            assert argument in shown


def test_figures_are_those_of_the_model_file():
    from melonnx.infer import Predictor

    metrics = Predictor(device="cpu").info.metrics
    low, high = metrics["accuracy_interval"]
    assert f"**{metrics['accuracy']:.1%}** ({low:.1%} to {high:.1%})" in TEXT
    assert f"**{metrics['macro_f1']:.3f}**" in TEXT
    assert f"| {metrics['majority_baseline']:.1%} |" in TEXT


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (ROOT / target).exists(), target
