"""Every odd file is one row of a batch or cluster run, and says there what it says alone."""

import csv
import ctypes
import json
import os
import shutil
from pathlib import Path

import pytest

from melonnx.infer.library.find import find_music
from tests.robustness.corpus import CORPUS

NAMES = [os.fsdecode(entry.name) for entry in CORPUS]
LOCKED = "locked.wav"
HOURS = "ten_hours.wav"
NO_FILES = {"fifo.mp3", "socket.mp3", "loop.mp3", "gone.mp3", "folder.mp3"}
"""What a search of a folder leaves out: it is no file, or leads to none."""

_DROP, _OVERRIDE, _READ_SEARCH = 24, 1, 2
"""Of ``prctl`` and ``capabilities(7)``."""


def without_powers():
    """Run in the child before it starts: root, too, is then kept out by permissions."""
    if os.geteuid() == 0:
        for power in (_OVERRIDE, _READ_SEARCH):
            ctypes.CDLL(None).prctl(_DROP, power, 0, 0, 0)


@pytest.fixture
def locked(corpus):
    """One more file of the corpus, which nobody may read."""
    path = corpus / LOCKED
    shutil.copyfile(corpus / "8_bit.wav", path)
    path.chmod(0)
    yield path
    path.unlink()


@pytest.fixture
def without_hours(corpus, tmp_path_factory):
    """All but the ten hours, which take ten seconds and are heard by the same function."""
    path = corpus / HOURS
    elsewhere = path.rename(tmp_path_factory.mktemp("elsewhere") / HOURS)
    yield
    elsewhere.rename(path)


def read_csv(path):
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.DictReader(file, strict=True))


def require_corpus(rows, corpus, *, but=()):
    """Each file once, with the status and the words that the corpus expects."""
    assert [Path(row["path"]).parent for row in rows] == [corpus] * len(rows)
    found = {row["path"].removeprefix(f"{corpus}/"): row for row in rows}
    assert len(found) == len(rows)
    assert found.keys() == {*NAMES, LOCKED} - set(but)
    assert found[LOCKED]["status"] == "unreadable"
    assert "cannot be opened (Permission denied)" in found[LOCKED]["error"]
    for entry, name in zip(CORPUS, NAMES, strict=True):
        if name not in but:
            row = found[name]
            assert row["status"] == entry.status, name
            told = (
                row["warnings"] if isinstance(row["warnings"], str) else " ".join(row["warnings"])
            )
            assert entry.says in f"{row['error']} {told}", name
            if entry.seconds is not None:
                assert float(row["duration_s"]) == pytest.approx(entry.seconds, abs=0.2)


@pytest.mark.usefixtures("locked", "without_hours")
def test_in_a_batch_run(corpus, melonnx, tmp_path):
    """The folder and a list of all that is in it, in one run: still one row for each."""
    output = tmp_path / "genres"
    listed = "\0".join(str(corpus / name) for name in [*NAMES, LOCKED] if name != HOURS)

    def run(*how):
        return melonnx(
            *("classify", corpus, "-", "-o", output, *how),
            *("--model", "genre-small", "--workers", 2),
            input=listed, errors="surrogateescape", preexec_fn=without_powers, timeout=300,
        )  # fmt: skip

    result = run("--csv")
    assert result.returncode == 1
    rows = read_csv(output)
    require_corpus(rows, corpus, but={HOURS})
    failed = sum(row["status"] != "ok" for row in rows)
    assert result.stderr.startswith(
        f"melonnx: {len(rows)} songs in {output}; {len(rows) - 1} heard"
    )
    assert f"; {failed} failed (" in result.stderr
    first, journal = output.read_bytes(), tmp_path / "genres.journal"
    heard = journal.read_bytes()
    assert heard.count(b"\n") == len(rows)  # with its header, and without the folder

    again = run("--csv")
    assert output.read_bytes() == first
    assert journal.read_bytes() == heard
    tried_again = ("unreadable", "no_music", "unsupported_format")
    tried = sum(row["status"] in tried_again for row in rows) - 1
    assert f"; {tried} heard now" in again.stderr

    assert run("--json").returncode == 1
    lines = [json.loads(line) for line in output.read_text("ascii").splitlines()]
    assert [row["path"] for row in lines] == [row["path"] for row in rows]
    require_corpus(lines, corpus, but={HOURS})
    assert journal.read_bytes() == heard


@pytest.mark.usefixtures("locked")
def test_a_folder_is_searched_for_files_only(corpus):
    found = {str(path).removeprefix(f"{corpus}/") for path in find_music(corpus, recursive=True)}
    assert found == {*NAMES, LOCKED} - NO_FILES


@pytest.mark.usefixtures("locked")
def test_in_a_cluster_run(corpus, melonnx, tmp_path):
    """All but the ten hours, as above."""
    pytest.importorskip("distributed", reason="needs the cluster extra")
    output = tmp_path / "genres.csv"
    paths = [corpus / name for name in [*NAMES, LOCKED] if name != HOURS]
    command = ["classify", *paths, "-o", output, "--model", "genre-small", "--cluster", "local[2]"]
    result = melonnx(*command, preexec_fn=without_powers, timeout=300)
    assert result.returncode == 1
    rows = read_csv(output)
    assert [row["path"] for row in rows] == [str(path) for path in paths]
    require_corpus(rows, corpus, but={HOURS})
    assert len(result.stderr.splitlines()) == 1
    assert (tmp_path / "genres.csv.journal").read_bytes().count(b"\n") == len(rows)
