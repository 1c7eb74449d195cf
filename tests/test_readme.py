"""The README and docs/ say what is so."""

import os
import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for path in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")))
}


def blocks(text, language):
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [text for name, text in fenced if name == language]


def test_first_two_commands_are_all_the_set_up():
    first, second = blocks(README, "sh")[:2]
    assert first.strip().endswith("melonnx classify models/sample.mp3")
    assert second.strip().endswith("pytest")


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(PAGES[page], "python")])
def test_python_in_it_runs(page, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    names: dict = {}
    (first,) = blocks(README, "python")
    for program in dict.fromkeys([first, *blocks(PAGES[page], "python")]):
        exec(program, names)
    assert "rock" in capsys.readouterr().out


def test_pasted_answer_is_the_models(melonnx):
    result = melonnx("classify", "models/sample.mp3", cwd=ROOT)
    _, *shown = blocks(README, "")[0].splitlines()
    _, first, score, second, *_, sureness = result.stdout.strip().split("\t")
    assert f"{first}{'?' * (sureness == 'unsure')} " in shown[0]
    assert f"{float(score):.0%}" in shown[0]
    assert second in shown[0]


@pytest.mark.parametrize(
    "line",
    sorted(
        {
            line.partition("#")[0].strip()
            for text in PAGES.values()
            for block in blocks(text, "sh")
            for line in block.splitlines()
            if line.startswith("melonnx ")
        }
    ),
)
def test_every_command_and_option_in_it_exists(melonnx, line):
    _, command, *arguments = shlex.split(line)
    shown = melonnx(command, "--help", env=os.environ | {"COLUMNS": "200"}).stdout
    assert f"melonnx {command}" in shown
    for argument in arguments:
        if argument.startswith("--"):
            assert argument in shown


@pytest.mark.parametrize("text", PAGES.values(), ids=PAGES)
def test_benchmarks_and_modules_in_it_exist(text):
    for path in re.findall(r"`python (tests/[\w/]+\.py)", text):
        assert (ROOT / path).is_file(), path
    for module in re.findall(r"`python -m (tests[\w.]+)", text):
        assert (ROOT / module.replace(".", "/")).with_suffix(".py").is_file(), module


@pytest.mark.parametrize(
    ("column", "model"), [(1, "genre-base"), (2, "genre-open"), (3, "genre-small")]
)
def test_figures_are_those_of_the_model_file(column, model):
    from melonnx.infer import Predictor

    rows = [line.strip("| ").split(" | ") for line in README.splitlines() if line.startswith("| ")]
    shown = {row[0].replace("*", ""): row[column] for row in rows if len(row) == 4}
    info = Predictor(model, device="cpu").info
    assert f"`{info.name}` {info.version}" in README
    metrics = info.metrics
    low, high = metrics["accuracy_interval"]
    f1_low, f1_high = metrics["macro_f1_interval"]
    sure = f"{metrics['sure_share']:.1%}; {metrics['sure_accuracy']:.1%}"
    assert shown["accuracy, the first genre counts"] == (
        f"**{metrics['accuracy']:.1%}** ({low:.1%} to {high:.1%})"
    )
    if "accepted" in metrics:
        low, high = metrics["accepted_interval"]
        assert shown["accuracy, any right genre accepted"] == (
            f"**{metrics['accepted']:.1%}** ({low:.1%} to {high:.1%})"
        )
    assert shown["genres"] == str(len(info.genres))
    assert shown["macro-F1"] == (f"**{metrics['macro_f1']:.3f}** ({f1_low:.3f} to {f1_high:.3f})")
    assert shown["always the commonest genre"] == f"{metrics['majority_baseline']:.1%}"
    assert shown["right genre among the first three"] == f"{metrics['top3_accuracy']:.1%}"
    assert shown["answers not marked unsure; of those, right"] == sure
    assert shown["expected calibration error"] == f"{metrics['ece']:.1%}"


def test_numbers_of_how_it_is_measured_are_the_codes():
    from melonnx.infer.library.find import AUDIO_SUFFIXES
    from melonnx.train import calibrate
    from melonnx.train.classical.benchmark import CLASSIFIERS, FEATURE_SETS
    from melonnx.train.data import splits
    from melonnx.train.data.readers.fma import _SHORT_CLIPS
    from melonnx.train.evaluate import measures, reliability

    data, accuracy = (" ".join(PAGES[f"docs/{name}.md"].split()) for name in ("data", "accuracy"))
    assert " ".join(sorted(AUDIO_SUFFIXES)) in data
    assert f"the {len(_SHORT_CLIPS)} clips" in data
    assert f"{measures._RESAMPLES:,} draws" in accuracy
    assert f"in {reliability._BINS} equally wide bins" in accuracy
    rates = [1 - calibrate._MISTAKES * (1 - rate / 100) for rate in calibrate.SURE_RATES]
    assert "{:.0%}, {:.0%} and {:.0%} on songs that the network".format(*rates) in accuracy
    assert "{}, {} and {} right answers".format(*calibrate.SURE_RATES) in accuracy
    test, valid = splits.TEST_SHARE, splits._VALID_SHARE
    assert f"about {test:.0%} of each genre's songs, {valid:.0%} more to validate on" in accuracy
    assert (len(CLASSIFIERS), len(FEATURE_SETS)) == (8, 6)
    assert "eight classifiers on six sets" in accuracy
    for name in ("artist", "official", "random", "none"):
        assert f"| `{name}`" in accuracy
    assert set(splits.SPLIT_METHODS) == {"artist", "official", "random", "none"}


def anchors(text):
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target, _, anchor in re.findall(r"\]\(([^)#]*)(#?)([^)]*)\)", PAGES[page]):
        if target.startswith("http"):
            continue
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path.read_text("utf-8")), anchor


def test_explanation_in_it_is_the_models(melonnx):
    text = PAGES["docs/why.md"]
    (quoted,) = [block for block in blocks(text, "") if "without that place" in block]
    shown = melonnx("explain", "models/sample.mp3", "--against", "metal", cwd=ROOT).stdout
    assert quoted in shown


def test_pictures_in_it_are_there_and_small():
    pictures = re.findall(r"^!\[.+\]\((.+)\)$", README, re.MULTILINE)
    assert pictures
    for name in pictures:
        assert (ROOT / name).stat().st_size < 150_000
