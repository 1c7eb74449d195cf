"""What a stranger installs: the wheel and the sdist, on each Python that this machine has."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("package", "infer", "train", "export", "demo", "models")
PYTHONS = ("3.11", "3.12", "3.13")
ALONE = ("-o", "addopts=-rs --import-mode=importlib")
"""In one process: that environment has no plug-in to share tests among two."""
BASE_TESTS = (
    *(f"tests/models/test_{name}.py" for name in ("format", "released")),
    *(f"tests/infer/model/test_{name}.py" for name in ("calibration", "hierarchy", "metadata")),
    "tests/infer/audio/test_sniff.py",
    "tests/infer/frontend/test_windows.py",
)
"""Those that need neither a training library nor a model made by one."""


ENVIRONMENT = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
# Real music, where there is any, says nothing of a Python: this suite has heard it already.
ENVIRONMENT["MELONNX_DATA"] = os.devnull


def run(*command, **how):
    line = list(map(str, command))
    result = subprocess.run(
        line, capture_output=True, text=True, check=False, env=ENVIRONMENT, **how
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The wheel and the sdist, made from a copy of what is in this folder."""
    folder = tmp_path_factory.mktemp("package")
    source = folder / "source"
    source.mkdir()
    for name in FOLDERS:
        shutil.copytree(
            ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules")
        )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    run(sys.executable, "-m", "build", "--outdir", folder, source)
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


def test_metadata_is_what_an_index_takes(built):
    assert run(sys.executable, "-m", "twine", "check", "--strict", *built).count("PASSED") == 2


def test_wheel_and_sdist_hold_every_module_and_the_models(built):
    wheel, sdist = built
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = set(archive.namelist())
    with tarfile.open(sdist) as archive:
        in_sdist = {name.partition("/")[2] for name in archive.getnames()}
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".onnx", ".md", ".mp3", ".typed"):
                name = path.relative_to(ROOT).as_posix()
                if "node_modules" not in name:
                    assert installed_name(name) in in_wheel
                    assert name in in_sdist
    assert not [name for name in in_wheel if "tests/" in name]
    assert "beetsplug/__init__.py" not in in_wheel  # it would hide the plugins of others
    assert wheel.stat().st_size < 20e6


def installed_name(name):
    plugins = "infer/tags/beets/"
    if name.startswith(plugins):
        return "beetsplug/" + name.removeprefix(plugins)
    return "melonnx/" + name.removeprefix("package/")


def interpreter(version):
    """A Python of that version, on the path or beside this one in pyenv's folder, or None."""
    here = Path(sys.base_prefix)
    found = [here / "bin" / f"python{version}", Path(shutil.which(f"python{version}") or "")]
    found += sorted(here.parent.glob(f"{version}.*/bin/python{version}"))
    for path in found:
        if path.is_file() and subprocess.run([path, "-c", ""], check=False).returncode == 0:
            return path
    return None


def versions_to_try():
    """Those beside the one that runs these tests, from an installed wheel; alone, it itself."""
    own = "{}.{}".format(*sys.version_info)
    return [each for each in PYTHONS if each != own and interpreter(each)] or [own]


@pytest.mark.parametrize("version", versions_to_try())
def test_wheel_installs_answers_and_passes_the_base_tests(built, version, tmp_path):
    python = tmp_path / "venv" / "bin" / "python"
    # By this environment's pip: a pip for each Python would be installed only to install. And
    # most of what is installed is not imported, so it need not be compiled.
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(interpreter(version), "-m", "venv", "--without-pip", python.parents[1])
    run(*pip, "install", "--quiet", "--no-compile", built[0], "pytest", "hypothesis")
    run(*pip, "check")
    sample = ROOT / "models" / "sample.mp3"
    assert run(python.with_name("melonnx"), "classify", sample, cwd=tmp_path).startswith(
        str(sample)
    )
    passed = run(python, "-m", "pytest", "-q", *ALONE, *BASE_TESTS, cwd=ROOT)
    assert " passed" in passed
