"""The rules of the house: arrows, types, style, and what importing costs."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
FOLDERS = ("package", "infer", "train", "export", "demo", "models")


def run(*command, **how):
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, **how
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A copy of the package as it is installed: a checkout has its folders side by side."""
    folder = tmp_path_factory.mktemp("installed")
    shutil.copytree(ROOT / "package", folder / "melonnx")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name in FOLDERS[1:]:
        spec = find_spec(f"melonnx.{name}")
        assert spec is not None
        assert spec.origin is not None
        shutil.copytree(Path(spec.origin).parent, folder / "melonnx" / name)
    return folder


def test_arrows_go_one_way(installed):
    result = run(
        BIN / "lint-imports", "--no-cache",
        cwd=installed, env={**os.environ, "PYTHONPATH": str(installed)},
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr


def test_ruff_is_clean():
    result = run(BIN / "ruff", "check", "--no-cache", ROOT)
    assert result.returncode == 0, result.stdout
    result = run(BIN / "ruff", "format", "--no-cache", "--check", ROOT)
    assert result.returncode == 0, result.stdout


def test_types_are_clean(installed):
    """On the copy: an editable finder would hide the packages."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pyright"]
    (installed / "pyrightconfig.json").write_text(json.dumps(settings))
    result = run(
        BIN / "basedpyright", "--pythonpath", sys.executable, "--level", "error",
        "--project", installed, cwd=installed,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("command", ["classify", "--help"])
def test_the_runtime_imports_nothing_heavy(command, tiny_model, tmp_path):
    from tests.conftest import RATE, encode, make_song

    song = tmp_path / "song.wav"
    song.write_bytes(encode(make_song(11), RATE, "WAV"))
    arguments = {"classify": ["classify", str(song), "--model", str(tiny_model)]}
    program = (
        "import sys\n"
        f"sys.argv = ['melonnx', *{arguments.get(command, [command])!r}]\n"
        "from melonnx.infer.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print('loaded', *{name.partition('.')[0] for name in sys.modules})"
    )
    result = run(sys.executable, "-c", program)
    assert result.returncode == 0, result.stderr
    loaded = set(result.stdout.splitlines()[-1].split())
    assert "typer" in loaded
    heavy = {"tensorflow", "keras", "librosa", "numba", "scipy", "sklearn", "gradio", "matplotlib"}
    assert not loaded & heavy
    if command == "--help":
        assert not loaded & {"numpy", "onnxruntime", "soundfile", "soxr"}


def test_the_runtime_declares_what_it_imports():
    imported = set()
    for path in (ROOT / "infer").rglob("*.py"):
        if path.parent.name == "beets":  # a plugin: it is installed where beets is
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            imported |= {name.partition(".")[0] for name in names if name}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    needed = list(project["dependencies"])
    for extra in ("cluster", "ffmpeg", "parquet", "search", "tags"):
        needed += extras[extra]
    declared = {re.split(r"[<>=\[]", line)[0] for line in needed}
    assert imported - sys.stdlib_module_names - {"melonnx"} == declared


def test_no_module_is_over_400_lines():
    long = {
        path.name: length
        for folder in (*FOLDERS, "tests")
        for path in (ROOT / folder).rglob("*.py")
        if (length := len(path.read_text().splitlines())) > 400
    }
    assert not long


def test_every_module_begins_with_what_it_is_for():
    for folder in (*FOLDERS, "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text()
            assert not text.strip() or text.startswith('"""'), path
