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

from tests import conftest

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
    heavy = {"tensorflow", "keras", "librosa", "numba", "scipy", "sklearn", "gradio", "matplotlib"}
    assert not loaded & heavy
    assert ("typer" in loaded) == (command == "classify")
    if command == "--help":
        assert not loaded & {"numpy", "onnxruntime", "soundfile", "soxr", "rich"}


def test_a_song_without_options_needs_no_parser_and_no_decoder_but_its_own():
    song = ROOT / "models/sample.mp3"
    program = (
        f"import sys; sys.argv = ['melonnx', 'classify', {str(song)!r}]\n"
        "from melonnx.infer.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print('loaded', *sys.modules)"
    )
    result = run(sys.executable, "-c", program)
    assert result.returncode == 0, result.stderr
    loaded = set(result.stdout.splitlines()[-1].split())
    assert not loaded & {"typer", "pydantic", "rich", "av", "csv", "zipfile"}
    decoders = {name for name in loaded if name.startswith("melonnx.infer.audio.decoders.")}
    others = {"pyav", "ogg_chain", "pcm_coat", "joined_flac"}
    assert "melonnx.infer.audio.decoders.mpeg" in decoders
    assert not {name.rpartition(".")[2] for name in decoders} & others


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


def test_no_room_has_over_14_modules():
    """Nor the top of a folder: a reader should take in a room at a glance."""
    rooms = {path.parent for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")}
    full = {
        room.relative_to(ROOT).as_posix(): n_modules
        for room in rooms
        if (n_modules := len({*room.glob("*.py")} - {room / "__init__.py"})) > 14
    }
    assert not full


def test_every_room_says_what_it_promises():
    for folder in FOLDERS[:-1]:
        for room in {path.parent for path in (ROOT / folder).rglob("*.py")}:
            if room.name == "beets":  # no package, or it would hide the plug-ins of others
                continue
            promise = ast.get_docstring(ast.parse((room / "__init__.py").read_text()))
            assert promise, room
            assert len(re.findall(r"\.(?:\s|$)", promise)) >= 2, room


def test_the_front_door_loads_nothing_until_it_is_asked():
    program = (
        "import sys; before = set(sys.modules); import melonnx; dir(melonnx)\n"
        "print(*sorted(set(sys.modules) - before))\n"
        "assert melonnx.Predictor is __import__('melonnx.infer').infer.Predictor\n"
        "assert melonnx.__version__"
    )
    result = run(sys.executable, "-c", program)
    assert result.returncode == 0, result.stderr
    assert {name.partition(".")[0] for name in result.stdout.split()} == {"melonnx"}


def test_the_front_door_has_the_names_of_the_runtime():
    import melonnx
    from melonnx import infer

    assert set(melonnx.__all__) == {*infer.__all__, "__version__"}
    assert all(getattr(melonnx, name) is getattr(infer, name) for name in infer.__all__)
    with pytest.raises(AttributeError, match="'melonnx' has no attribute 'predict'"):
        _ = melonnx.predict


def test_every_module_begins_with_what_it_is_for():
    for folder in (*FOLDERS, "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text()
            assert not text.strip() or text.startswith('"""'), path


def test_the_test_files_that_are_named_to_be_shared_out_are_there():
    together = [name for names in conftest.TOGETHER.values() for name in names]
    for names in (together, conftest.LONGEST):
        assert len(set(names)) == len(names)
        assert not [name for name in names if not (ROOT / "tests" / f"{name}.py").is_file()]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (["train", "{here}/none", "--out", "{here}/run"], "no such folder"),
        (["train", "{here}", "--out", "{here}/run", "--transfer", "w.whl"], "holds 0 tracks"),
        (["export", "{here}", "--out", "{here}/genre.onnx"], "holds no training run"),
        (["export", "{here}/own.keras", "--out", "{here}/own.onnx"], "needs a description"),
        (["benchmark", "{here}/none.parquet"], "cannot be read as a table"),
        (["benchmark", "{here}/none.parquet", "--preset", "best"], "one of fma-paper, tuned"),
        (["evaluate", "{here}/none.onnx", "{here}"], "cannot be read (No such file"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_slow_is_imported(line, says, tmp_path):
    program = (
        "import sys\n"
        f"sys.argv = ['melonnx', *{[word.format(here=tmp_path) for word in line]!r}]\n"
        "from melonnx.infer.cli.main import main\n"
        "try: main()\n"
        "finally: print('loaded', *{name.partition('.')[0] for name in sys.modules})"
    )
    result = run(sys.executable, "-c", program)
    assert result.returncode in (1, 2)
    assert says in " ".join(result.stderr.replace("│", " ").split())
    loaded = set(result.stdout.splitlines()[-1].split())
    assert not loaded & {"tensorflow", "keras", "sklearn", "scipy", "matplotlib", "librosa"}
