"""The corpus of bad input as files, made once."""

import os
from pathlib import Path

import pytest

from tests.robustness.corpus import CORPUS


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every entry."""
    folder = tmp_path_factory.mktemp("corpus")
    for entry in CORPUS:
        entry.make(folder / os.fsdecode(entry.name))
    return folder
