"""What the tests of robustness share, made once: the corpus as files, and a library to disturb."""

import os
from pathlib import Path

import pytest

from tests.conftest import RATE, encode, make_song
from tests.robustness.corpus import CORPUS
from tests.robustness.faults import FAULTS, SONGS, content, run


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every entry."""
    folder = tmp_path_factory.mktemp("corpus")
    for entry in CORPUS:
        entry.make(folder / os.fsdecode(entry.name))
    return folder


@pytest.fixture(scope="session")
def music(tmp_path_factory):
    """Short songs, and one file that is none."""
    root = tmp_path_factory.mktemp("library")
    for i in range(SONGS):
        song = encode(make_song(2 + i % 3, seed=i), RATE, "WAV", "PCM_16")
        (root / f"song {i:02}.wav").write_bytes(song)
    (root / "bad.mp3").write_text("words\n" * 99)
    return root


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    """Makes an environment in which faults happen."""
    folder = tmp_path_factory.mktemp("faults")
    (folder / "sitecustomize.py").write_text(FAULTS)
    paths = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))

    def make(**faults):
        return os.environ | {"PYTHONPATH": paths} | {k: str(v) for k, v in faults.items()}

    return make


@pytest.fixture(scope="session")
def quiet(music, tmp_path_factory):
    """Makes what an undisturbed run writes."""
    made = {}

    def output(name):
        if name not in made:
            path = tmp_path_factory.mktemp("quiet") / name
            result = run(music, path)
            assert result.returncode == 1
            assert f"{SONGS + 1} heard now" in result.stderr
            made[name] = content(path)
        return made[name]

    return output
