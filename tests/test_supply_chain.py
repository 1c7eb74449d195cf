"""Files are data only: nothing that we read can run code."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for folder in ("package", "infer", "train", "export", "demo")
    for path in (ROOT / folder).rglob("*.py")
)
RUNS_CODE = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "torch"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_is_unpickled_or_evaluated(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import(names=names):
                assert not {name.name.partition(".")[0] for name in names} & RUNS_CODE
            case ast.ImportFrom(module=str(module)):
                assert module.partition(".")[0] not in RUNS_CODE
            case ast.Call(func=ast.Name(id=name)):
                assert name not in ("eval", "exec", "compile", "__import__")
            case ast.Call(func=ast.Attribute(attr="system" | "popen")):
                pytest.fail(f"line {node.lineno}: a shell")
            case ast.keyword(arg="allow_pickle" | "shell" | "register_custom_ops_library"):
                assert isinstance(node.value, ast.Constant)
                assert node.value.value is False
            case ast.keyword(arg="safe_mode"):
                assert isinstance(node.value, ast.Constant)
                assert node.value.value is True


def test_what_is_installed_agrees_with_itself():
    result = subprocess.run(
        [sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False
    )
    complaints = [line for line in result.stdout.splitlines() if line.startswith("melonnx ")]
    assert not complaints
